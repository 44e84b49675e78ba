//! Who may call by TCP, where no file's mode says so.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use crate::clock::Moment;
use crate::engine::Caller;

/// Tells the user of the connected TCP socket with its own address (the first) and its other end's, if it is one of
/// this host's (network namespace) and is open.
pub type SocketUser = Box<dyn FnMut(SocketAddr, SocketAddr) -> io::Result<Option<u32>> + Send>;

/// The users of this host that may call. Who calls from another host may, if only the listener can be reached
/// from there.
pub struct Access {
    users: BTreeSet<u32>,
    socket_user: SocketUser,
}

/// Why a caller is not served.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denial {
    /// Another user.
    #[error("connection refused: uid {0} may not call; [api] allow_users says who may")]
    User(u32),
    /// A connection within this host whose other end nobody has open.
    #[error("connection refused: nobody has the other end open any more")]
    Nobody,
    /// The kernel does not say.
    #[error("connection refused: whose connection it is cannot be told: {0}")]
    Unknown(io::Error),
}

impl Access {
    /// Access for these users.
    #[must_use]
    pub fn new(users: BTreeSet<u32>, socket_user: SocketUser) -> Self {
        Self { users, socket_user }
    }

    /// Makes sure that the kernel tells of sockets, by one of which the answer is known: a kernel without
    /// that says of each that it is not there.
    pub(super) fn check(&mut self, listener: SocketAddr) -> io::Result<()> {
        let nobody: SocketAddr = match listener {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        match (self.socket_user)(listener, nobody)? {
            Some(_) => Ok(()),
            None => {
                let why = "the kernel does not tell whose a connection is (modules inet_diag and tcp_diag)";
                Err(io::Error::new(io::ErrorKind::Unsupported, why))
            }
        }
    }

    /// The user at the other end of an accepted connection; `None` is one of another host. `is_connected` tells
    /// whether the connection still stands: if not, its addresses may be another's by now, whose user was told.
    pub(super) fn judge(
        &mut self,
        own: SocketAddr,
        peer: SocketAddr,
        is_connected: impl FnOnce() -> bool,
    ) -> Result<Option<u32>, Denial> {
        match (self.socket_user)(peer, own).map_err(Denial::Unknown)? {
            Some(_) if !is_connected() => Err(Denial::Nobody),
            Some(user) if self.users.contains(&user) => Ok(Some(user)),
            Some(user) => Err(Denial::User(user)),
            // A socket that has closed in haste is nobody's, whichever of this host's addresses it had.
            None if own.ip().to_canonical().is_loopback() || is_of_this_host(peer) => Err(Denial::Nobody),
            None => Ok(None),
        }
    }
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("users", &self.users).finish_non_exhaustive()
    }
}

/// True for an address that the host has itself: only such a one can be bound. Where others can be too
/// (`ip_nonlocal_bind`), every address counts as the host's, and closed sockets of others are not served.
fn is_of_this_host(mut address: SocketAddr) -> bool {
    address.set_port(0);
    address.ip().to_canonical().is_loopback() || UdpSocket::bind(address).is_ok()
}

/// Tells of callers and what is wrong with them, without letting them fill the log.
#[derive(Debug, Default)]
pub(super) struct Doorkeeper {
    began: Option<Moment>,
    told: u64,
    untold: u64,
}

impl Doorkeeper {
    /// How many lines there are in a time.
    const LINES: (u64, Duration) = (5, Duration::from_secs(1));

    /// Tells of one, or counts it for the next line.
    pub(super) fn tell(&mut self, caller: &Caller, what: &dyn Display, now: Moment) {
        let (lines, time) = Self::LINES;
        if self.began.is_none_or(|began| now >= began + time) {
            (self.began, self.told) = (Some(now), 0);
        }
        if self.told == lines {
            self.untold += 1;
            return;
        }
        self.told += 1;
        tracing::warn!(%caller, untold = std::mem::take(&mut self.untold), "{what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    /// Ports below 1,000 are user 7's, those below 2,000 are closed, others are of another host.
    #[expect(clippy::unnecessary_wraps, reason = "the kernel may have an error to tell")]
    fn user(own: SocketAddr, _: SocketAddr) -> io::Result<Option<u32>> {
        Ok((own.port() < 1000).then_some(7))
    }

    fn judged(users: &[u32], peer: &str) -> Result<Option<u32>, String> {
        let mut access = Access::new(users.iter().copied().collect(), Box::new(user));
        access.judge(address("127.0.0.1:9090"), address(peer), || true).map_err(|denial| denial.to_string())
    }

    #[test]
    fn only_those_named_are_served() {
        assert_eq!(judged(&[0, 7], "127.0.0.1:999"), Ok(Some(7)));
        assert_eq!(
            judged(&[0], "127.0.0.1:999"),
            Err("connection refused: uid 7 may not call; [api] allow_users says who may".into())
        );
        assert_eq!(
            judged(&[0], "10.0.0.1:999"),
            Err("connection refused: uid 7 may not call; [api] allow_users says who may".into())
        );
    }

    #[test]
    fn who_is_gone_is_not_another_host() {
        for gone in ["127.0.0.1:1000", "[::1]:1000", "[::ffff:127.0.0.1]:1000"] {
            assert!(judged(&[0, 7], gone).unwrap_err().contains("nobody"), "{gone}");
        }
        // To an address of the loopback nobody comes from elsewhere.
        assert!(judged(&[0], "192.0.2.9:1000").is_err());
        let mut access = Access::new([0].into(), Box::new(user));
        assert!(matches!(access.judge(address("192.0.2.1:9090"), address("192.0.2.9:1000"), || true), Ok(None)));
    }

    /// Whoever resets his connection leaves its addresses, and what he has sent, to who comes after him.
    #[test]
    fn nobody_is_taken_for_who_has_his_addresses_by_now() {
        let mut access = Access::new([7].into(), Box::new(user));
        let denial = access.judge(address("127.0.0.1:9090"), address("127.0.0.1:999"), || false);
        assert!(matches!(denial, Err(Denial::Nobody)));
    }

    #[test]
    fn a_kernel_that_knows_no_sockets_is_found_out() {
        let mut access = Access::new(BTreeSet::new(), Box::new(|_, _| Ok(None)));
        assert_eq!(access.check(address("127.0.0.1:9090")).unwrap_err().kind(), io::ErrorKind::Unsupported);
        let mut access = Access::new(BTreeSet::new(), Box::new(|_, _| Ok(Some(0))));
        assert!(access.check(address("[::1]:9090")).is_ok());
    }
}
