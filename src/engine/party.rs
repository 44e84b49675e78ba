//! Whose a connection or a command is.

use std::net::IpAddr;

use super::command::Caller;

/// Those who share a share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The daemon itself.
    Daemon,
    /// Root, who could end the daemon as well.
    Root,
    /// Another user of this host.
    User(u32),
    /// Another host, whose users are not known.
    Host(IpAddr),
}

impl Party {
    /// Whom a caller belongs to.
    #[must_use]
    pub fn of(caller: &Caller) -> Self {
        let user = |uid| if uid == 0 { Self::Root } else { Self::User(uid) };
        match caller {
            Caller::Unix { uid, .. } => user(*uid),
            Caller::Thrift(peer) | Caller::Rest(peer) | Caller::Metrics(peer) => {
                peer.uid.map_or(Self::Host(peer.address.ip().to_canonical()), user)
            }
            Caller::Configuration => Self::Daemon,
        }
    }
}
