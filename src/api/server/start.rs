//! Starting, serving, and stopping.

use std::fmt::Display;
use std::io::{self, PipeWriter};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use thrift::server::TProcessor;

use crate::clock::Clock;
use crate::engine::{Caller, Role};

use super::access::Doorkeeper;
use super::connection::{Connection, Speaker};
use super::framed::Framed;
use super::http::{Http, HttpService};
use super::limits::Limits;
use super::listener::Listener;
use super::pool::Pool;
use super::reception::{Guest, Reception};
use super::seats::{Following, Seats};
use super::shutdown::Shutdown;

/// A running server: a thread that accepts, and a thread for each connection that has sent something.
#[derive(Debug)]
pub struct Server {
    address: Option<SocketAddr>,
    stop: PipeWriter,
    thread: JoinHandle<()>,
}

/// What all threads of a server share.
pub(super) struct Shared {
    pub(super) shutdown: Shutdown,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) seats: Arc<Seats>,
    pub(super) pool: Pool<Guest>,
    doorkeeper: Mutex<Doorkeeper>,
}

/// Makes what speaks on a connection.
type MakeSpeaker = dyn Fn(Caller, Following) -> Box<dyn Speaker> + Send + Sync;

impl Shared {
    pub(super) fn tell(&self, caller: &Caller, what: &dyn Display) {
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
        service: impl Fn(Caller, Following) -> Box<dyn TProcessor + Send> + Send + Sync + 'static,
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
        service: impl Fn(Caller) -> Box<dyn HttpService> + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let is_local = listener.address()?.is_none_or(|address| address.ip().is_loopback());
        let speaker = move |caller, _| Box::new(Http::new(service(caller), is_local)) as _;
        Self::start_speaking(listener, Box::new(speaker), clock, limits)
    }

    fn start_speaking(
        mut listener: Listener,
        speaker: Box<MakeSpeaker>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> io::Result<Self> {
        let address = listener.address()?;
        let (stop, shutdown) = Shutdown::new()?;
        let seats = Arc::new(Seats::new(limits));
        let pool = Pool::new(limits.connections + limits.followers);
        let shared = Shared { shutdown, clock, limits, seats, pool, doorkeeper: Mutex::default() };
        let thread = thread::Builder::new().name("api".to_owned()).spawn(move || {
            (listener.confine)(Role::Api);
            run(&mut listener, &*speaker, &shared);
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
fn run(listener: &mut Listener, speaker: &MakeSpeaker, shared: &Shared) {
    thread::scope(|scope| {
        // However accepting ends: the scope ends with the last thread.
        let _closing = Closing(&shared.pool);
        let thread = || thread::Builder::new().name("api-connection".to_owned());
        let start = || thread().spawn_scoped(scope, || work(speaker, shared)).map(drop);
        Reception::new(listener, shared).run(&start);
    });
}

/// Closes the pool when it is dropped.
struct Closing<'a>(&'a Pool<Guest>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Serves one connection after the other.
fn work(speaker: &MakeSpeaker, shared: &Shared) {
    while let Some((party, guest)) = shared.pool.next() {
        // A panic has been reported by then, and costs that connection only.
        let _ = catch_unwind(AssertUnwindSafe(|| serve(guest, speaker, shared)));
        shared.pool.ended(&party);
    }
}

fn serve(guest: Guest, speaker: &MakeSpeaker, shared: &Shared) {
    let Guest { seat, stream, caller } = guest;
    // Everything logged meanwhile names the caller, at whatever level logging is.
    let _span = tracing::error_span!("client", %caller).entered();
    let mut speaker = speaker(caller.clone(), seat.following());
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
}
