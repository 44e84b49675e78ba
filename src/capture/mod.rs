//! Looking at packets: what a frame says as far as it can be read, whether it is the one that is looked
//! for, in a line for people, and in the file format of other tools.

mod filter;
mod headers;
mod line;
pub mod pcapng;

pub use filter::{Filter, FilterError};
pub use headers::{Headers, Ip};
pub use line::line;
