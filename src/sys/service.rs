//! What the service manager is told: `sd_notify(3)`, a datagram to the socket that it names.

mod store;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

pub use store::{DescriptorStore, given_descriptors};

/// What has become of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything that the configuration asks for stands, and calls are answered; also after a reload.
    Ready,
    /// The configuration is read again.
    Reloading,
    /// It is removing what is ours.
    Stopping,
    /// It has answered a question since it said so the last time.
    Alive,
}

impl Standing {
    fn message(self) -> &'static [u8] {
        match self {
            Self::Ready => b"READY=1",
            Self::Reloading => b"RELOADING=1",
            Self::Stopping => b"STOPPING=1",
            Self::Alive => b"WATCHDOG=1",
        }
    }
}

/// The service manager, if one has started us.
#[derive(Debug, Default)]
pub struct ServiceManager {
    address: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    ///
    /// # Errors
    /// `NOTIFY_SOCKET` is no address of a Unix socket.
    pub fn of_environment() -> io::Result<Self> {
        Self::of(|name| std::env::var_os(name), std::process::id())
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>, pid: u32) -> io::Result<Self> {
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        // Without a pid it is meant for whoever reads it (sd_watchdog_enabled(3)).
        let is_ours = variable("WATCHDOG_PID").is_none() || number("WATCHDOG_PID") == Some(pid.into());
        Ok(Self {
            address: variable("NOTIFY_SOCKET").as_deref().map(address).transpose()?,
            watchdog: number("WATCHDOG_USEC").filter(|&micros| is_ours && micros > 0).map(Duration::from_micros),
        })
    }

    /// How long it waits for [`Standing::Alive`] before it starts another one of us; `None` if it does not.
    #[must_use]
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog.filter(|_| self.address.is_some())
    }

    /// Tells it. Nothing happens if there is none.
    ///
    /// # Errors
    /// It cannot be told.
    pub fn tell(&self, standing: Standing) -> io::Result<()> {
        let Some(address) = &self.address else { return Ok(()) };
        UnixDatagram::unbound()?.send_to_addr(standing.message(), address).map(drop)
    }
}

/// A path, or a name without a file behind `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "NOTIFY_SOCKET is neither a path nor an abstract name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(variables: &[(&str, &str)]) -> io::Result<ServiceManager> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        ServiceManager::of(find, 7)
    }

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_path_and_an_abstract_name_are_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("vgw-test-notify-{}", std::process::id());
        let by_path = UnixDatagram::bind(&path).unwrap();
        let by_name = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        for (socket, name) in [(by_path, path.to_str().unwrap()), (by_name, &format!("@{name}"))] {
            let manager = manager(&[("NOTIFY_SOCKET", name)]).unwrap();
            for (standing, message) in [
                (Standing::Ready, "READY=1"),
                (Standing::Reloading, "RELOADING=1"),
                (Standing::Stopping, "STOPPING=1"),
                (Standing::Alive, "WATCHDOG=1"),
            ] {
                manager.tell(standing).unwrap();
                assert_eq!(heard(&socket), message);
            }
        }
    }

    #[test]
    fn nobody_is_told_where_nobody_asks() {
        let nobody = manager(&[("WATCHDOG_USEC", "1000000")]).unwrap();
        nobody.tell(Standing::Ready).unwrap();
        assert_eq!(nobody.watchdog(), None);
        assert!(manager(&[("NOTIFY_SOCKET", "vsock:2:1234")]).is_err());
        assert!(manager(&[("NOTIFY_SOCKET", "/nonexistent/notify")]).unwrap().tell(Standing::Ready).is_err());
    }

    #[test]
    fn the_watchdog_is_ours_if_it_names_us_or_nobody() {
        let period = |variables: &[(&str, &str)]| {
            manager(&[&[("NOTIFY_SOCKET", "/n")], variables].concat()).unwrap().watchdog().map(|time| time.as_millis())
        };
        assert_eq!(period(&[("WATCHDOG_USEC", "3000000")]), Some(3000));
        assert_eq!(period(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "7")]), Some(3000));
        assert_eq!(period(&[("WATCHDOG_USEC", "3000000"), ("WATCHDOG_PID", "8")]), None);
        assert_eq!(period(&[("WATCHDOG_USEC", "0")]), None);
        assert_eq!(period(&[]), None);
    }
}
