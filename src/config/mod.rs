//! The configuration: `vgwd.toml` and the drop-ins beside it, read, merged and checked as a whole
//! before anything of it is applied; and the gateways of OpenContrail's own files.

mod configuration;
mod document;
mod element;
mod error;
mod errors;
mod import;
mod keys;
mod merge;
mod misfits;
mod pruned;
mod shape;
mod source;
mod start;
mod user;
mod value;

pub use configuration::Config;
pub use error::ConfigError;
pub use errors::ConfigErrors;
pub use import::Imported;
pub use keys::{Absent, Key, SECTIONS, Section};
pub use source::Source;
pub use start::AtStart;
