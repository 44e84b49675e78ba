//! Accepting connections, and stopping.

use std::io::{self, PipeWriter};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::PollFlags;
use thrift::server::TProcessor;

use crate::clock::Clock;
use crate::engine::Caller;

use super::access::Doorkeeper;
use super::connection::{Connection, Speaker};
use super::framed::Framed;
use super::http::{Http, HttpService};
use super::limits::Limits;
use super::listener::{Accepted, Listener, Stream};
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
}

impl Server {
    /// Serves the clients of a listener. `service` makes the processor of a connection, which knows
    /// its caller.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn start(
        listener: Listener,
        service: impl Fn(Caller) -> Box<dyn TProcessor + Send> + Send + 'static,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        Self::start_speaking(listener, move |caller| Box::new(Framed::new(service(caller))), clock, limits)
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
        Self::start_speaking(listener, move |caller| Box::new(Http::new(service(caller), is_local)), clock, limits)
    }

    fn start_speaking(
        listener: Listener,
        speaker: impl Fn(Caller) -> Box<dyn Speaker> + Send + 'static,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.address()?;
        let (stop, shutdown) = Shutdown::new()?;
        let shared = Arc::new(Shared { shutdown, clock, limits });
        let thread =
            thread::Builder::new().name("api".to_owned()).spawn(move || accept(&listener, &speaker, &shared))?;
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
fn accept(listener: &Listener, speaker: &impl Fn(Caller) -> Box<dyn Speaker>, shared: &Arc<Shared>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    // Each connection holds a clone, and drops it before its socket: a client that has seen the end
    // of its connection finds the seat free.
    let seats = Arc::new(());
    let mut full = false;
    let mut doorkeeper = Doorkeeper::default();
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
                doorkeeper.tell(&caller, &denial, shared.clock.now());
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
        threads.retain(|thread| !thread.is_finished());
        if Arc::strong_count(&seats) > shared.limits.connections {
            if !full {
                tracing::warn!(%caller, "all {} connections are taken, more are refused", shared.limits.connections);
            }
            full = true;
            continue;
        }
        full = false;
        match spawn(stream, caller, speaker, shared, &seats) {
            Ok(thread) => threads.push(thread),
            Err(error) => tracing::warn!("no thread for a connection: {error}"),
        }
    }
    for thread in threads {
        // A panic has been reported by its own thread, and has cost that connection only.
        let _ = thread.join();
    }
}

fn spawn(
    mut stream: Box<dyn Stream>,
    caller: Caller,
    speaker: &impl Fn(Caller) -> Box<dyn Speaker>,
    shared: &Arc<Shared>,
    seats: &Arc<()>,
) -> io::Result<JoinHandle<()>> {
    let mut speaker = speaker(caller.clone());
    let (shared, seat) = (Arc::clone(shared), Arc::clone(seats));
    thread::Builder::new().name("api-connection".to_owned()).spawn(move || {
        // Everything logged on this thread names the caller, at whatever level logging is.
        let _span = tracing::error_span!("client", %caller).entered();
        let mut connection = Connection {
            stream: &mut *stream,
            shutdown: &shared.shutdown,
            clock: &*shared.clock,
            limits: &shared.limits,
        };
        let ending = connection.serve(&mut *speaker);
        drop(seat);
        if ending.is_usual() {
            tracing::debug!("connection ended: {ending}");
        } else {
            tracing::warn!("connection ended: {ending}");
        }
    })
}

/// True for errors of the one connection, which is gone, and for "none waits".
fn is_passing(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | WouldBlock)
}
