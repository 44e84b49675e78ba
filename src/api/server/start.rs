//! Accepting connections, and stopping.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, PipeWriter};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::PollFlags;
use thrift::server::TProcessor;

use crate::clock::Clock;
use crate::engine::{Caller, Role};

use super::access::Doorkeeper;
use super::connection::{Connection, Speaker};
use super::framed::Framed;
use super::http::{Http, HttpService};
use super::limits::Limits;
use super::listener::{Accepted, Listener, Stream};
use super::seats::{Following, Full, Seat, Seats};
use super::shutdown::{Shutdown, Wait};

/// How long accepting rests when the kernel has no descriptor or memory for a connection.
const REST: Duration = Duration::from_millis(200);

/// A running server: a thread that accepts and a thread for each connection.
#[derive(Debug)]
pub struct Server {
    address: Option<SocketAddr>,
    stop: PipeWriter,
    thread: JoinHandle<()>,
}

/// What all threads of a server share.
struct Shared {
    shutdown: Shutdown,
    clock: Arc<dyn Clock>,
    limits: Limits,
    seats: Arc<Seats>,
    doorkeeper: Mutex<Doorkeeper>,
}

/// Makes what speaks on a connection.
type MakeSpeaker = dyn Fn(Caller, Following) -> Box<dyn Speaker> + Send;

impl Shared {
    fn tell(&self, caller: &Caller, what: &dyn Display) {
        self.doorkeeper.lock().unwrap_or_else(PoisonError::into_inner).tell(caller, what, self.clock.now());
    }
}

impl Server {
    /// Serves the clients of a listener. `service` makes the processor of a connection, which knows
    /// its caller, and asks before it follows what happens.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn start(
        listener: Listener,
        service: impl Fn(Caller, Following) -> Box<dyn TProcessor + Send> + Send + 'static,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let speaker = move |caller, following| Box::new(Framed::new(service(caller, following))) as _;
        Self::start_speaking(listener, Box::new(speaker), clock, limits)
    }

    /// As [`Server::start`], for clients that speak HTTP. A body has the limit of a frame. Pages that a browser
    /// shows are refused; on the loopback, whatever names it otherwise too.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn start_http(
        listener: Listener,
        service: impl Fn(Caller) -> Box<dyn HttpService> + Send + 'static,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let is_local = listener.address()?.is_none_or(|address| address.ip().is_loopback());
        let speaker = move |caller, _| Box::new(Http::new(service(caller), is_local)) as _;
        Self::start_speaking(listener, Box::new(speaker), clock, limits)
    }

    fn start_speaking(
        listener: Listener,
        speaker: Box<MakeSpeaker>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.address()?;
        let (stop, shutdown) = Shutdown::new()?;
        let shared = Arc::new(Shared {
            shutdown,
            clock,
            limits,
            seats: Arc::new(Seats::new(limits)),
            doorkeeper: Mutex::default(),
        });
        let thread = thread::Builder::new().name("api".to_owned()).spawn(move || {
            (listener.confine)(Role::Api);
            accept(&listener, &*speaker, &shared);
        })?;
        Ok(Self { address, stop, thread })
    }

    /// The bound TCP address; `None` on a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Stops: no connection is accepted any more, a call that is being served is finished and
    /// answered, and every thread has ended when this returns. Whoever answers the calls must still
    /// be there.
    pub fn stop(self) {
        drop(self.stop);
        if self.thread.join().is_err() {
            tracing::error!("the API's accepting thread panicked");
        }
    }
}

/// Accepts until the stop, then waits for the connections to end.
fn accept(listener: &Listener, speaker: &MakeSpeaker, shared: &Arc<Shared>) {
    let mut threads: BTreeMap<u64, JoinHandle<()>> = BTreeMap::new();
    loop {
        match shared.shutdown.wait(listener.as_fd(), PollFlags::IN, None) {
            Ok(Wait::Ready | Wait::TimedOut) => {}
            Ok(Wait::Stopping) => break,
            Err(error) => {
                tracing::error!("the API no longer accepts connections: {error}");
                break;
            }
        }
        let (stream, caller) = match listener.accept() {
            Ok(Accepted::Served(stream, caller)) => (stream, caller),
            Ok(Accepted::Denied(caller, denial)) => {
                shared.tell(&caller, &denial);
                continue;
            }
            Err(error) if is_passing(&error) => continue,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                // A wait that fails shows at the top of the loop again.
                let _ = shared.shutdown.pause(REST);
                continue;
            }
        };
        threads.retain(|_, thread| !thread.is_finished());
        let seat = match shared.seats.admit(&caller, &stream, shared.clock.now()) {
            Ok((seat, displaced)) => {
                if let Some(thread) = displaced.and_then(|number| threads.remove(&number)) {
                    // It serves nobody, and has nothing to wait for any more: so there are never more threads
                    // than seats.
                    let _ = thread.join();
                }
                seat
            }
            Err(Full) => {
                shared.tell(&caller, &"connection refused: all connections are taken by those who are being served");
                continue;
            }
        };
        let number = seat.number();
        match spawn(stream, caller, speaker, shared, seat) {
            Ok(thread) => _ = threads.insert(number, thread),
            Err(error) => tracing::warn!("no thread for a connection: {error}"),
        }
    }
    for thread in threads.into_values() {
        // A panic has been reported by its own thread, and has cost that connection only.
        let _ = thread.join();
    }
}

fn spawn(
    stream: Arc<dyn Stream>,
    caller: Caller,
    speaker: &MakeSpeaker,
    shared: &Arc<Shared>,
    seat: Seat,
) -> io::Result<JoinHandle<()>> {
    let mut speaker = speaker(caller.clone(), seat.following());
    let shared = Arc::clone(shared);
    thread::Builder::new().name("api-connection".to_owned()).spawn(move || {
        // Everything logged on this thread names the caller, at whatever level logging is.
        let _span = tracing::error_span!("client", %caller).entered();
        let mut connection = Connection {
            stream: &*stream,
            seat: &seat,
            shutdown: &shared.shutdown,
            clock: &*shared.clock,
            limits: &shared.limits,
        };
        let ending = connection.serve(&mut *speaker);
        // Before the socket: a client that has seen the end of its connection finds the seat free.
        drop(seat);
        if ending.is_usual() {
            tracing::debug!("connection ended: {ending}");
        } else {
            shared.tell(&caller, &format_args!("connection ended: {ending}"));
        }
    })
}

/// True for errors of the one connection, which is gone, and for "none waits".
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | WouldBlock)
}
