//! What can be wrong with a configuration.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a configuration cannot be used; nothing of it has been.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or the drop-in folder cannot be read.
    #[error("cannot read {path}: {reason}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// What a running daemon cannot read since it has given up the right to.
    #[error("cannot read {path}: {reason}; what is elsewhere, or another user's, than at the start of vgwd takes a restart", path = path.display())]
    OutOfReach {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file is larger than any sensible configuration.
    #[error("{path} is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Bytes allowed.
        limit: u64,
    },
    /// Something in a file is wrong by itself, or does not fit beside the rest.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key, with the names of the tables around it: `gateway.subnets`. `None` if the file
        /// is no TOML there.
        key: Option<String>,
        /// What is wrong with it, the key included.
        reason: String,
    },
    /// It would serve whoever reaches an address, without saying that this is meant.
    #[error(
        "{0} is no address of the loopback, and it would be served whoever reaches it: [api] allow_remote = true says that this is meant"
    )]
    Exposed(SocketAddr),
    /// The configuration no longer has something that is still in use.
    #[error("{0}")]
    InUse(String),
}
