//! A TCP transfer between two namespaces.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;

use super::error::{Error, Result};
use super::namespace::Namespace;
use super::shell::{self, Interrupt};

/// A write, and the most that a read takes: large, so that the kernel builds large segments.
const CHUNK: usize = 256 * 1024;
/// No step of a transfer may take longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What arrived, and in what time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transfer {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

impl Transfer {
    /// Sends from one namespace to an address of the other for the time given. Every byte sent must
    /// arrive.
    ///
    /// # Errors
    /// A socket's failure, or bytes that went missing.
    pub(super) fn measure(
        from: &Namespace,
        (to, address): (&Namespace, IpAddr),
        time: Duration,
        clock: &dyn Clock,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        let failed = |what: &str| Error::system(format!("TCP to {address}: {what}"));
        let listener = to.enter(|| TcpListener::bind((address, 0))).map_err(failed("listen"))?;
        let target = listener.local_addr().map_err(failed("listen"))?;
        let sender = from.enter(|| TcpStream::connect_timeout(&target, PATIENCE)).map_err(failed("connect"))?;
        let receiver = accept(&listener, interrupt)?
            .ok_or_else(|| Error::unexpected(format!("TCP to {address}"), "a connection to accept", "none"))?;
        limit(&sender).and_then(|()| limit(&receiver)).map_err(failed("time limit"))?;
        let (sent, received) = thread::scope(|scope| {
            let sending = thread::Builder::new().name("send".to_owned());
            let sending = sending.spawn_scoped(scope, || send(sender, time, clock, interrupt))?;
            let received = receive(receiver, clock);
            let sent = sending.join().unwrap_or_else(|_| Err(io::Error::other("the sender panicked")));
            Ok((sent?, received?))
        })
        .map_err(failed("transfer"))?;
        interrupt.check()?;
        if sent != received.bytes {
            let (sent, seen) = (format!("{sent} bytes"), format!("{} bytes", received.bytes));
            return Err(Error::unexpected(format!("TCP to {address}"), sent, seen));
        }
        Ok(received)
    }

    /// Bits in a second, in units of 10⁹.
    pub(super) fn gigabits(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
        let bits = self.bytes as f64 * 8.0;
        bits / self.time.as_secs_f64().max(1e-9) / 1e9
    }
}

/// The connection that has been made already; the last step of its handshake may still be on the way.
fn accept(listener: &TcpListener, interrupt: &Interrupt) -> Result<Option<TcpStream>> {
    let failed = || Error::system("accept");
    listener.set_nonblocking(true).map_err(failed())?;
    shell::wait(PATIENCE, interrupt, || match listener.accept() {
        Ok((stream, _peer)) => Ok(Some(stream)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(failed()(error)),
    })
}

fn limit(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// Sends until the time is over, then closes.
fn send(mut stream: TcpStream, time: Duration, clock: &dyn Clock, interrupt: &Interrupt) -> io::Result<u64> {
    let chunk = vec![0x5a; CHUNK];
    let end = clock.now() + time;
    let mut sent = 0;
    while clock.now() < end && interrupt.check().is_ok() {
        stream.write_all(&chunk)?;
        sent += CHUNK as u64;
    }
    Ok(sent)
}

/// Receives until the sender closes. The time begins with the first byte.
fn receive(mut stream: TcpStream, clock: &dyn Clock) -> io::Result<Transfer> {
    let mut buffer = vec![0; CHUNK];
    let mut bytes = stream.read(&mut buffer)? as u64;
    let begin = clock.now();
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(Transfer { bytes, time: clock.now() - begin }),
            count => bytes += count as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::clock::Moment;

    /// A clock that a millisecond passes on at each look.
    #[derive(Default)]
    struct Ticking(AtomicU64);

    impl Clock for Ticking {
        fn now(&self) -> Moment {
            Moment::from_nanos(self.0.fetch_add(1_000_000, Ordering::Relaxed))
        }

        fn time_of_day(&self) -> Duration {
            self.now() - Moment::ORIGIN
        }
    }

    #[test]
    fn every_byte_arrives() {
        let namespace = Namespace::create(format!("vgw-test-tcp-{}", std::process::id())).unwrap();
        let to = (&namespace, "127.0.0.1".parse().unwrap());
        let time = Duration::from_millis(20);
        let transfer = Transfer::measure(&namespace, to, time, &Ticking::default(), &Interrupt::default()).unwrap();
        assert!(transfer.bytes > 0 && transfer.bytes.is_multiple_of(CHUNK as u64), "{transfer:?}");
        assert!(transfer.time > Duration::ZERO);
    }

    #[test]
    fn rates_are_in_units_of_a_thousand() {
        let transfer = Transfer { bytes: 250_000_000, time: Duration::from_secs(2) };
        assert!((transfer.gigabits() - 1.0).abs() < 1e-9);
    }
}
