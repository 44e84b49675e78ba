//! The daemon's outermost layer: its flags, its log, its listeners, and how it ends.

mod arguments;
mod fatal;
mod listeners;
mod logging;

pub use arguments::{Arguments, LogFormat};
pub use fatal::Fatal;
pub use listeners::Listeners;
pub use logging::start_logging;
