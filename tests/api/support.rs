//! A server to talk to, a conductor that answers it, and a client that sends raw bytes.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use tempfile::TempDir;
use vgw::addr::InterfaceName;
use vgw::api::{Client, Limits, Listener, Server, instance_service, virtual_gateway};
use vgw::clock::{Clock, Moment};
use vgw::engine::{AddGateways, Applied, AuditView, Caller, Command, Failure, Handle, LookupView, StatusView};
use vgw::gateway::{GatewaySpec, Refusal};
use vgw::routing::NextHop;

/// How long anything in a test may take before it counts as hanging.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Interfaces that the conductor treats specially.
pub const STATIC: &str = "static0";
pub const FOREIGN: &str = "eth0";

/// The real clock.
struct Ticking(Instant);

impl Ticking {
    #[allow(clippy::disallowed_methods)]
    fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Ticking {
    fn now(&self) -> Moment {
        Moment::ORIGIN + self.0.elapsed()
    }
}

/// A running server and what its conductor was asked.
pub struct Daemon {
    server: Option<Server>,
    conductor: Option<JoinHandle<()>>,
    asked: Receiver<String>,
    folder: TempDir,
}

fn credentials(socket: BorrowedFd<'_>) -> io::Result<(u32, i32)> {
    let found = rustix::net::sockopt::socket_peercred(socket)?;
    Ok((found.uid.as_raw(), found.pid.as_raw_nonzero().get()))
}

impl Daemon {
    /// The compatible service on a free port.
    pub fn tcp(limits: Limits) -> Self {
        Self::start(limits, |_| Listener::tcp("127.0.0.1:0".parse().unwrap()), instance_service)
    }

    /// The own service on a socket in a folder of its own.
    pub fn unix() -> Self {
        Self::start(Limits::default(), |socket| Listener::unix(socket, credentials), virtual_gateway)
    }

    fn start(
        limits: Limits,
        listen: impl FnOnce(&Path) -> io::Result<Listener>,
        service: fn(Handle, Caller) -> Box<dyn thrift::server::TProcessor + Send>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (commands, inbox) = unbounded();
        let (tell, asked) = unbounded();
        let conductor = thread::Builder::new().spawn(move || {
            let mut gateways = BTreeMap::new();
            for (caller, command) in inbox {
                let _ = tell.send(told(&caller, &command));
                answer(&mut gateways, command);
            }
        });
        let handle = Handle::new(commands);
        let listener = listen(&folder.path().join("vgwd.sock")).unwrap();
        let service = move |caller| service(handle.clone(), caller);
        let server = Server::start(listener, service, Arc::new(Ticking::start()), limits).unwrap();
        Self { server: Some(server), conductor: Some(conductor.unwrap()), asked, folder }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.as_ref().unwrap().address().unwrap()
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("vgwd.sock")
    }

    pub fn client(&self) -> Client {
        Client::connect(&self.socket(), PATIENCE).unwrap()
    }

    pub fn connect(&self) -> Raw {
        Raw::connect(self.address())
    }

    /// What the conductor was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        self.asked.try_iter().collect()
    }

    /// A well-behaved client is served.
    pub fn assert_serves(&self) {
        assert_eq!(self.connect().call(&call("KeepAliveCheck", 1, b"\0")), reply("KeepAliveCheck", 1, true));
    }

    /// Stops the server, and with its last handle the conductor.
    pub fn stop(&mut self) {
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

/// A command without its reply channel.
fn told(caller: &Caller, command: &Command) -> String {
    let who = match caller {
        Caller::Thrift(_) => "thrift".to_owned(),
        Caller::Unix { uid, pid: _ } => format!("uid {uid}"),
    };
    let what = match command {
        Command::AddGateways(add, _) => {
            let AddGateways { specs, seen } = add;
            let specs: Vec<_> = specs.iter().map(spec).collect();
            format!("add {specs:?} seen {seen:?}")
        }
        Command::DeleteGateways(names, _) => format!("delete {names:?}"),
        Command::Connect(_) => "connect".to_owned(),
        Command::SetAuditTimeout(millis, _) => format!("audit timeout {millis}"),
        Command::AddPort(port, _) => format!("add port {}", port.name),
        Command::DeletePort(name, _) => format!("delete port {name}"),
        Command::AddUplink(uplink, _) => format!("add uplink {}", uplink.name),
        Command::DeleteUplink(name, _) => format!("delete uplink {name}"),
        Command::AddRoute(route, _) => format!("add route {} {} {}", route.instance, route.prefix, route.next_hop),
        Command::DeleteRoute(instance, prefix, _) => format!("delete route {instance} {prefix}"),
        Command::Status(_) => "status".to_owned(),
        Command::Routes(instance, _) => format!("routes {instance}"),
        Command::Lookup(instance, address, _) => format!("lookup {instance} {address}"),
    };
    format!("{who}: {what}")
}

/// A gateway on one line.
fn spec(spec: &GatewaySpec) -> String {
    let GatewaySpec { interface, instance, subnets, routes, uplink: _ } = spec;
    format!("{interface} in {instance} subnets {subnets:?} routes {routes:?}")
}

fn answer(gateways: &mut BTreeMap<InterfaceName, GatewaySpec>, command: Command) {
    let done = || Ok(Applied::Added);
    // A client that is gone does not want its answer.
    match command {
        Command::AddGateways(add, reply) => {
            let _ = reply.send(add.specs.into_iter().map(|spec| add_gateway(gateways, spec)).collect());
        }
        Command::DeleteGateways(names, reply) => {
            let delete = |name: InterfaceName| match name.as_str() {
                STATIC => Err(Refusal::Static(STATIC.to_owned()).into()),
                _ => Ok(gateways.remove(&name).map_or(Applied::Absent, |_| Applied::Deleted)),
            };
            let _ = reply.send(names.into_iter().map(delete).collect());
        }
        Command::Connect(reply) | Command::SetAuditTimeout(_, reply) => drop(reply.send(())),
        Command::AddPort(_, reply)
        | Command::DeletePort(_, reply)
        | Command::AddUplink(_, reply)
        | Command::AddRoute(_, reply)
        | Command::DeleteRoute(_, _, reply) => drop(reply.send(done())),
        Command::DeleteUplink(name, reply) => {
            let absent = Refusal::NotFound { kind: "uplink", name: name.to_string() };
            drop(reply.send(Err(absent.into())));
        }
        Command::Status(reply) => drop(reply.send(status())),
        Command::Routes(instance, reply) => drop(reply.send(Err(Refusal::UnknownInstance(instance).into()))),
        Command::Lookup(_, _, reply) => {
            drop(reply.send(Ok(LookupView { matched: None, next_hop: NextHop::NoRoute })));
        }
    }
}

fn add_gateway(gateways: &mut BTreeMap<InterfaceName, GatewaySpec>, spec: GatewaySpec) -> Result<Applied, Failure> {
    let interface = spec.interface;
    match (interface.as_str(), gateways.get(&interface)) {
        (STATIC, _) => Err(Refusal::Static(STATIC.to_owned()).into()),
        (FOREIGN, _) => Err(Refusal::ForeignLink(interface).into()),
        (_, Some(old)) if old.instance != spec.instance => {
            Err(Refusal::OtherInstance { interface, instance: old.instance.clone() }.into())
        }
        (_, Some(old)) if *old == spec => Ok(Applied::Unchanged),
        _ => Ok(gateways.insert(interface, spec).map_or(Applied::Added, |_| Applied::Changed)),
    }
}

fn status() -> StatusView {
    StatusView {
        version: "1.2.3".to_owned(),
        uptime: Duration::from_millis(1500),
        workers: 2,
        gateways: Vec::new(),
        ports: Vec::new(),
        uplinks: Vec::new(),
        instances: Vec::new(),
        audit: AuditView {
            version: 3,
            timeout: Some(Duration::from_secs(60)),
            running: vec![(Duration::from_secs(7), vec![InterfaceName::new("vgw1").unwrap()])],
        },
        problems: vec!["eth0 is down".to_owned()],
    }
}

/// A client that sends bytes and knows nothing.
pub struct Raw(pub TcpStream);

impl Raw {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends bytes; the server may have closed the connection already.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Sends a frame and gives the reply's frame, without lengths.
    pub fn call(&mut self, message: &[u8]) -> Vec<u8> {
        self.send(&frame(message)).unwrap();
        self.receive()
    }

    /// The next frame, without its length.
    pub fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut message).unwrap();
        message
    }

    /// The server closes the connection without a further byte.
    pub fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => assert_eq!(rest, b"", "the server sent something before it closed"),
            // It closed with bytes of ours unread.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "the server did not close"),
        }
    }

    pub fn half_close(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

/// The length and then the message.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(message);
    frame
}

/// A message of this type with these arguments.
pub fn message(kind: u8, method: &str, sequence: i32, arguments: &[u8]) -> Vec<u8> {
    let mut message = vec![0x80, 0x01, 0, kind];
    message.extend(string(method));
    message.extend(sequence.to_be_bytes());
    message.extend(arguments);
    message
}

/// A call; arguments without any are `b"\0"`.
pub fn call(method: &str, sequence: i32, arguments: &[u8]) -> Vec<u8> {
    message(1, method, sequence, arguments)
}

/// A bool as answer.
pub fn reply(method: &str, sequence: i32, value: bool) -> Vec<u8> {
    message(2, method, sequence, &[2, 0, 0, value.into(), 0])
}

/// An exception as answer.
pub fn exception(method: &str, sequence: i32, text: &str, kind: i32) -> Vec<u8> {
    let mut body = vec![11, 0, 1];
    body.extend(string(text));
    body.extend([8, 0, 2]);
    body.extend(kind.to_be_bytes());
    body.push(0);
    message(3, method, sequence, &body)
}

/// A string on the wire.
pub fn string(text: &str) -> Vec<u8> {
    frame(text.as_bytes())
}

/// One field: type, id, value.
pub fn field(kind: u8, id: i16, value: &[u8]) -> Vec<u8> {
    let mut field = vec![kind];
    field.extend(id.to_be_bytes());
    field.extend(value);
    field
}

/// A list of elements of one type.
pub fn list(kind: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    let mut list = vec![kind];
    list.extend(i32::try_from(elements.len()).unwrap().to_be_bytes());
    list.extend(elements.concat());
    list
}

/// A gateway of the compatible API.
pub fn gateway(interface: &str, instance: &str, subnets: &[(&str, i16)]) -> Vec<u8> {
    let subnet = |&(prefix, length): &(&str, i16)| {
        [field(11, 1, &string(prefix)), field(6, 2, &length.to_be_bytes()), vec![0]].concat()
    };
    let subnets: Vec<_> = subnets.iter().map(subnet).collect();
    [field(11, 1, &string(interface)), field(11, 2, &string(instance)), field(15, 3, &list(12, &subnets)), vec![0]]
        .concat()
}

/// A call of AddVirtualGateway.
pub fn add(gateways: &[Vec<u8>]) -> Vec<u8> {
    call("AddVirtualGateway", 9, &[field(15, 1, &list(12, gateways)), vec![0]].concat())
}

/// A call of DeleteVirtualGateway.
pub fn delete(names: &[&str]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| string(name)).collect();
    call("DeleteVirtualGateway", 9, &[field(15, 1, &list(11, &names)), vec![0]].concat())
}
