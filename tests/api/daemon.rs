//! A server to talk to, with a conductor behind it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, unbounded};
use tempfile::TempDir;
use thrift::server::TProcessor;
use vgw::api::{
    Access, Client, Following, Limits, Listener, Readings, Server, instance_service, metrics, rest, virtual_gateway,
};
use vgw::clock::Clock;
use vgw::config::{AtStart, Config};
use vgw::engine::{Caller, Handle, ProcessUse};
use vgw::sys::netlink::socket_user;
use vgw::sys::{MonotonicClock, peer_credentials, refuse_descriptors};

use crate::conductor;
use crate::wire::{PATIENCE, Raw, call, reply};

/// Whoever runs the tests may call.
pub(crate) fn access() -> Access {
    Access::new([rustix::process::geteuid().as_raw()].into(), Box::new(socket_user()))
}

/// A running server and what its conductor was asked.
pub(crate) struct Daemon {
    server: Option<Server>,
    conductor: Option<JoinHandle<()>>,
    asked: Receiver<String>,
    folder: TempDir,
}

/// The own service of a daemon that was started without a configuration.
pub(crate) fn own_service(engine: Handle, caller: Caller, following: Following) -> Box<dyn TProcessor + Send> {
    virtual_gateway(engine, caller, Arc::new(AtStart::of(&Config::default(), [])), following)
}

impl Daemon {
    /// The compatible service on a free port.
    pub(crate) fn tcp(limits: Limits) -> Self {
        Self::start(
            limits,
            |_| Listener::tcp("127.0.0.1:0".parse().unwrap(), access()),
            |handle, caller, _| instance_service(handle, caller),
        )
    }

    /// The compatible service for these users, by this clock; a client of 127.0.0.N is user N.
    pub(crate) fn tcp_of_users<const N: usize>(users: [u32; N], clock: Arc<dyn Clock>) -> Self {
        let user = |own: SocketAddr, _| match own.ip() {
            IpAddr::V4(address) => Ok(Some(u32::from(address.octets()[3]))),
            IpAddr::V6(_) => Ok(None),
        };
        Self::start_by(|_, handle| {
            let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), Access::new(users.into(), Box::new(user)))?;
            let service = move |caller, _| instance_service(handle.clone(), caller);
            Server::start(listener, service, clock, Limits::default())
        })
    }

    /// The own service on a socket in a folder of its own.
    pub(crate) fn unix() -> Self {
        Self::start(
            Limits::own_service(),
            |socket| Listener::unix(socket, peer_credentials, refuse_descriptors),
            own_service,
        )
    }

    /// The REST form of the compatible service on a free port.
    pub(crate) fn rest(limits: Limits) -> Self {
        Self::start_by(|_, handle| {
            let listener = Listener::rest("127.0.0.1:0".parse().unwrap(), access())?;
            let service = move |caller| rest(handle.clone(), caller);
            Server::start_http(listener, service, Arc::new(MonotonicClock), limits)
        })
    }

    /// The metrics on a free port; two interfaces have numbers of their own.
    pub(crate) fn metrics() -> Self {
        Self::start_by(|_, handle| {
            let listener = Listener::metrics("127.0.0.1:0".parse().unwrap())?;
            let used = || ProcessUse { cpu: Duration::from_millis(1500), resident: 4096, descriptors: 7 };
            let readings = Arc::new(Readings::new(handle, 2, used));
            let service = move |caller| metrics(Arc::clone(&readings), caller);
            Server::start_http(listener, service, Arc::new(MonotonicClock), Limits::default())
        })
    }

    fn start(
        limits: Limits,
        listen: impl FnOnce(&Path) -> io::Result<Listener>,
        service: fn(Handle, Caller, Following) -> Box<dyn TProcessor + Send>,
    ) -> Self {
        Self::start_by(|socket, handle| {
            let service = move |caller, following| service(handle.clone(), caller, following);
            Server::start(listen(socket)?, service, Arc::new(MonotonicClock), limits)
        })
    }

    fn start_by(start: impl FnOnce(&Path, Handle) -> io::Result<Server>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (commands, inbox) = unbounded();
        let (tell, asked) = unbounded();
        let conductor = thread::Builder::new().spawn(move || conductor::run(&inbox, &tell));
        let server = start(&folder.path().join("vgwd.sock"), Handle::new(commands)).unwrap();
        Self { server: Some(server), conductor: Some(conductor.unwrap()), asked, folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address().unwrap()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("vgwd.sock")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.socket(), PATIENCE).unwrap()
    }

    pub(crate) fn connect(&self) -> Raw {
        Raw::connect(self.address())
    }

    /// What the conductor was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.try_iter().collect()
    }

    /// A well-behaved client is served.
    pub(crate) fn assert_serves(&self) {
        assert_eq!(self.connect().call(&call("KeepAliveCheck", 1, b"\0")), reply("KeepAliveCheck", 1, true));
    }

    /// Stops the server, and with its last handle the conductor.
    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
        if let Some(conductor) = self.conductor.take() {
            conductor.join().unwrap();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop();
    }
}
