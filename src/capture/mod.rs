//! Looking at packets: what a frame says as far as it can be read, whether it is the one that is looked
//! for, in a line for people, and in the file format of other tools.

mod headers;
mod line;

pub use headers::{Headers, Ip};
pub use line::line;
