//! Connections that the calling thread serves, for fuzz targets.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use thrift::server::TProcessor;

use crate::clock::Clock;
use crate::engine::Caller;

use super::connection::{Connection, Speaker};
use super::framed::Framed;
use super::http::{Http, HttpService};
use super::limits::Limits;
use super::listener::Stream;
use super::seats::{Full, Seats};
use super::shutdown::Shutdown;

/// Serves framed Thrift on a connection until it ends; why it ended.
///
/// # Errors
/// No descriptor to be had.
pub fn serve_framed(
    stream: UnixStream,
    processor: Box<dyn TProcessor + Send>,
    clock: &dyn Clock,
    limits: &Limits,
) -> io::Result<String> {
    serve(stream, &mut Framed::new(processor), clock, limits)
}

/// Serves HTTP on a connection until it ends, with a Host of the loopback if `is_local`; why it ended.
///
/// # Errors
/// No descriptor to be had.
pub fn serve_http(
    stream: UnixStream,
    service: Box<dyn HttpService>,
    is_local: bool,
    clock: &dyn Clock,
    limits: &Limits,
) -> io::Result<String> {
    serve(stream, &mut Http::new(service, is_local), clock, limits)
}

fn serve(stream: UnixStream, speaker: &mut dyn Speaker, clock: &dyn Clock, limits: &Limits) -> io::Result<String> {
    stream.set_nonblocking(true)?;
    let (_stop, shutdown) = Shutdown::new()?;
    let stream: Arc<dyn Stream> = Arc::new(stream);
    let admitted = Arc::new(Seats::new(*limits)).admit(&Caller::Unix { uid: 0, pid: 1 }, &stream, clock.now());
    let (seat, _) = admitted.map_err(|Full| io::Error::other("there is no seat"))?;
    let mut connection = Connection { stream: &*stream, seat: &seat, shutdown: &shutdown, clock, limits };
    Ok(connection.serve(speaker).to_string())
}
