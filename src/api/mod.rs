//! The two Thrift services: [`instance_service`] is the one that OpenContrail's clients speak, and
//! [`rest()`] its later form; [`virtual_gateway`] is the daemon's own. `thrift/*.thrift` is their manual.
//!
//! A call's way: [`Server`] reads one bounded frame; [`MessageReader`] decodes it from memory and
//! trusts nothing; `convert` makes domain values of wire values and names what is wrong with them;
//! the service asks the [`crate::engine::Handle`] and waits; the answer goes back the same way. Each
//! connection has a thread, and serves its calls one after the other.

mod client;
mod convert;
pub mod generated;
mod instance_service;
mod message;
mod metrics;
mod rest;
mod server;
mod text;
mod virtual_gateway;

pub use client::{Client, ClientError, Daemon, FrameReader, FrameWriter};
pub use instance_service::instance_service;
pub use message::{Header, MessageLimits, MessageReader};
pub use metrics::{Readings, metrics};
pub use rest::rest;
pub use server::{
    Access, Following, HttpService, Limits, Listener, PeerCredentials, RefuseDescriptors, Request, Response, Server,
    SocketUser, answer,
};
#[cfg(feature = "fuzzing")]
pub use server::{serve_framed, serve_http};
pub use virtual_gateway::virtual_gateway;
