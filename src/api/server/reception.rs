//! Accepting connections, and waiting with them until something comes.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use crate::clock::Moment;
use crate::engine::{Caller, Party};

use super::ending::Ending;
use super::listener::{Accepted, Listener, Stream};
use super::seats::{Full, Seat};
use super::shutdown::Wait;
use super::start::Shared;

/// How long accepting rests when the kernel has no descriptor or memory for a connection.
const REST: Duration = Duration::from_millis(200);

/// Connections that are accepted between two looks at those that are silent. Less than a user's share, so that
/// each has been looked at before others of the same user take its place.
const BATCH: usize = 8;

/// A connection that has a seat.
pub(super) struct Guest {
    /// Given back before the socket is closed: a client that has seen the end of its connection finds the seat
    /// free.
    pub(super) seat: Seat,
    pub(super) stream: Arc<dyn Stream>,
    pub(super) caller: Caller,
}

/// Where connections come in and are silent at first.
///
/// Whoever opens connections as fast as he can fills the kernel's queue, from which they are taken in the order in
/// which they came: what keeps others from waiting is that little is done for each. It has no thread until something
/// comes, and is closed without one if it gives way before.
pub(super) struct Reception<'a> {
    listener: &'a mut Listener,
    shared: &'a Shared,
    /// By the numbers of their seats, and so by their age.
    silent: BTreeMap<u64, (Guest, Moment)>,
    /// Nothing is accepted before.
    rests_until: Option<Moment>,
}

impl<'a> Reception<'a> {
    pub(super) fn new(listener: &'a mut Listener, shared: &'a Shared) -> Self {
        Self { listener, shared, silent: BTreeMap::new(), rests_until: None }
    }

    /// Accepts until the stop. `start` starts a thread that serves whoever has sent something.
    pub(super) fn run(&mut self, start: &dyn Fn() -> io::Result<()>) {
        loop {
            match self.look(start) {
                Ok(Wait::Ready) => self.accept(),
                Ok(Wait::TimedOut) => {}
                Ok(Wait::Stopping) => return,
                Err(error) => {
                    tracing::error!("the API no longer accepts connections: {error}");
                    return;
                }
            }
        }
    }

    /// Waits for something to happen, and lets those be served who have sent something. Ready: somebody comes.
    fn look(&mut self, start: &dyn Fn() -> io::Result<()>) -> io::Result<Wait> {
        let (Shared { shutdown, clock, limits, .. }, now) = (self.shared, self.shared.clock.now());
        let oldest = self.silent.values().next().map(|(_, since)| *since + limits.idle_time);
        let until = oldest.into_iter().chain(self.rests_until).min();
        let accepting = if self.rests_until.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let mut fds = vec![shutdown.hang_up(), PollFd::from_borrowed_fd(self.listener.as_fd(), accepting)];
        fds.extend(
            self.silent.values().map(|(guest, _)| PollFd::from_borrowed_fd(guest.stream.as_fd(), PollFlags::IN)),
        );
        if shutdown.poll(&mut fds, until.map(|until| until.since(now)))? == Wait::Stopping {
            return Ok(Wait::Stopping);
        }
        let is_set = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let comes = is_set(&fds[1]);
        let heard = self.silent.keys().zip(&fds[2..]).filter(|(_, fd)| is_set(fd));
        let heard: Vec<u64> = heard.map(|(number, _)| *number).collect();
        let now = clock.now();
        for number in heard {
            if let Some((guest, _)) = self.silent.remove(&number) {
                self.serve(number, guest, now, start);
            }
        }
        self.rests_until = self.rests_until.filter(|until| *until > now);
        while let Some(oldest) = self.silent.first_entry()
            && oldest.get().1 + limits.idle_time <= now
        {
            ended(&oldest.remove().0, &Ending::Idle);
        }
        Ok(if comes { Wait::Ready } else { Wait::TimedOut })
    }

    fn serve(&self, number: u64, guest: Guest, now: Moment, start: &dyn Fn() -> io::Result<()>) {
        guest.seat.is_heard(now);
        let pool = &self.shared.pool;
        if pool.enter(Party::of(&guest.caller), number, guest)
            && let Err(error) = start()
            // Else another thread has taken it meanwhile.
            && let Some(guest) = pool.not_started(number)
        {
            self.shared.tell(&guest.caller, &format_args!("connection ended: there is no thread for it: {error}"));
        }
    }

    /// Accepts some of those who wait.
    fn accept(&mut self) {
        for _ in 0..BATCH {
            match self.listener.accept() {
                Ok(Accepted::Served(stream, caller)) => self.seat(stream, caller),
                Ok(Accepted::Denied(caller, denial)) => self.shared.tell(&caller, &denial),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    self.rests_until = Some(self.shared.clock.now() + REST);
                    return;
                }
            }
        }
    }

    fn seat(&mut self, stream: Arc<dyn Stream>, caller: Caller) {
        let now = self.shared.clock.now();
        match self.shared.seats.admit(&caller, &stream, now) {
            Ok((seat, displaced)) => {
                if let Some(displaced) = displaced {
                    let silent = self.silent.remove(&displaced.number).map(|(guest, _)| guest);
                    match silent.or_else(|| self.shared.pool.remove(displaced.number)) {
                        Some(guest) => ended(&guest, &Ending::Displaced),
                        // A thread has it.
                        None => displaced.shut_down(),
                    }
                }
                self.silent.insert(seat.number(), (Guest { seat, stream, caller }, now));
            }
            Err(Full) => {
                let what = "connection refused: all that there may be are being served, or have just come";
                self.shared.tell(&caller, &what);
            }
        }
    }
}

/// Tells of the end of a connection that had no thread.
fn ended(guest: &Guest, ending: &Ending) {
    tracing::debug!(caller = %guest.caller, "connection ended: {ending}");
}

/// True for errors of the one connection, which is gone.
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
