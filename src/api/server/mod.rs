//! A bounded server of framed binary Thrift and of HTTP: nothing that a client sends, or fails to send or to
//! read, takes more than its limits of memory, time and connections.

mod access;
mod answer;
mod connection;
mod ending;
mod framed;
#[cfg(feature = "fuzzing")]
mod fuzzing;
mod http;
mod limits;
mod listener;
mod pool;
mod reception;
mod seats;
mod shutdown;
mod socket_file;
mod start;

pub use access::{Access, SocketUser};
pub use answer::answer;
#[cfg(feature = "fuzzing")]
pub use fuzzing::{serve_framed, serve_http};
pub use http::{HttpService, Request, Response};
pub use limits::Limits;
pub use listener::{Listener, PeerCredentials, RefuseDescriptors};
pub use seats::Following;
pub use start::Server;
