//! Where clients come in.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use thrift::server::TProcessor;

use crate::api::{
    Access, Following, Limits, Listener, Readings, Server, instance_service, metrics, rest, virtual_gateway,
};
use crate::clock::Clock;
use crate::config::{AtStart, Config};
use crate::engine::{Caller, Handle};
use crate::sys::netlink::socket_user;
use crate::sys::{peer_credentials, process_use, refuse_descriptors, sandbox};

use super::Fatal;

/// The bound addresses, before anybody is served: what cannot be bound is known before the kernel
/// is touched.
#[derive(Debug)]
pub struct Listeners {
    unix: (Listener, String),
    thrift: Option<(Listener, String)>,
    rest: Option<(Listener, String)>,
    metrics: Vec<(Listener, String)>,
    /// How many interfaces have numbers of their own.
    interfaces: usize,
}

impl Listeners {
    /// Binds what the configuration says.
    ///
    /// # Errors
    /// Which address cannot be listened on.
    pub fn bind(config: &Config) -> Result<Self, Fatal> {
        let place = config.socket.display().to_string();
        let refused = |place: &str| {
            let place = place.to_owned();
            move |error| Fatal::Listen(place, error)
        };
        if let Some(folder) = config.socket.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder).map_err(refused(&place))?;
        }
        let unix = Listener::unix(&config.socket, peer_credentials, refuse_descriptors).map_err(refused(&place))?;
        let unix = unix.confined(sandbox::confine);
        let mut users = config.allow_users.clone();
        // The own user, and one that nothing is refused anyhow.
        users.extend([rustix::process::geteuid().as_raw(), 0]);
        let bind = |address: Option<SocketAddr>, listen: fn(SocketAddr, Access) -> io::Result<Listener>| match address {
            Some(address) => {
                let place = address.to_string();
                let listener =
                    listen(address, Access::new(users.clone(), Box::new(socket_user()))).map_err(refused(&place))?;
                Ok::<_, Fatal>(Some((listener.confined(sandbox::confine), place)))
            }
            None => Ok(None),
        };
        let thrift = bind(config.thrift_listen, Listener::tcp)?;
        let rest = bind(config.rest_listen, Listener::rest)?;
        let mut metrics: Vec<_> =
            bind(config.metrics.listen, |address, _| Listener::metrics(address))?.into_iter().collect();
        if let Some(socket) = &config.metrics.socket {
            let place = socket.display().to_string();
            let listener = Listener::unix(socket, peer_credentials, refuse_descriptors).map_err(refused(&place))?;
            metrics.push((listener.confined(sandbox::confine), place));
        }
        Ok(Self { unix: (unix, place), thrift, rest, metrics, interfaces: config.metrics.interfaces })
    }

    /// Serves whoever comes, until the servers are stopped.
    ///
    /// # Errors
    /// No thread or descriptor to be had.
    pub fn serve(self, engine: &Handle, at_start: &Arc<AtStart>, clock: &Arc<dyn Clock>) -> Result<Vec<Server>, Fatal> {
        let (own, at_start) = (engine.clone(), Arc::clone(at_start));
        let service = move |caller, following| virtual_gateway(own.clone(), caller, Arc::clone(&at_start), following);
        let mut servers = vec![start(self.unix, service, clock, Limits::own_service())?];
        if let Some(bound) = self.thrift {
            let compatible = engine.clone();
            servers.push(start(
                bound,
                move |caller, _| instance_service(compatible.clone(), caller),
                clock,
                Limits::default(),
            )?);
        }
        if let Some((listener, place)) = self.rest {
            let compatible = engine.clone();
            let service = move |caller| rest(compatible.clone(), caller);
            let server = Server::start_http(listener, service, Arc::clone(clock), Limits::default());
            servers.push(server.map_err(|error| Fatal::Listen(place, error))?);
        }
        let readings = Arc::new(Readings::new(engine.clone(), self.interfaces, process_use));
        for (listener, place) in self.metrics {
            let readings = Arc::clone(&readings);
            let service = move |caller| metrics(Arc::clone(&readings), caller);
            let server = Server::start_http(listener, service, Arc::clone(clock), Limits::default());
            servers.push(server.map_err(|error| Fatal::Listen(place, error))?);
        }
        Ok(servers)
    }
}

fn start(
    (listener, place): (Listener, String),
    service: impl Fn(Caller, Following) -> Box<dyn TProcessor + Send> + Send + Sync + 'static,
    clock: &Arc<dyn Clock>,
    limits: Limits,
) -> Result<Server, Fatal> {
    Server::start(listener, service, Arc::clone(clock), limits).map_err(|error| Fatal::Listen(place, error))
}
