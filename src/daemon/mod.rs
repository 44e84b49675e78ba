//! The daemon's outermost layer: its flags, its log, its listeners, how it ends, and who hears of that.

mod arguments;
mod fatal;
mod journal;
mod lines;
mod listeners;
mod logging;
mod service;

pub use arguments::{Arguments, LogFormat};
pub use fatal::Fatal;
pub use listeners::Listeners;
pub use logging::start_logging;
pub use service::Service;
