//! A client that sends raw bytes, and the bytes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};

/// How long anything in a test may take before it counts as hanging.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A client that sends bytes and knows nothing.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect(address).unwrap())
    }

    /// A client whose own address is 127.0.0.N.
    pub(crate) fn from_user(user: u8, address: SocketAddr) -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, user], 0))).unwrap();
        rustix::net::connect(&socket, &address).unwrap();
        Self::of(socket.into())
    }

    fn of(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(stream)
    }

    /// Sends bytes; the server may have closed the connection already.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Sends a frame and gives the reply's frame, without lengths.
    pub(crate) fn call(&mut self, message: &[u8]) -> Vec<u8> {
        self.send(&frame(message)).unwrap();
        self.receive()
    }

    /// The next frame, without its length.
    pub(crate) fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut message).unwrap();
        message
    }

    /// The server closes the connection without a further byte.
    pub(crate) fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => assert_eq!(rest, b"", "the server sent something before it closed"),
            // It closed with bytes of ours unread.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "the server did not close"),
        }
    }

    pub(crate) fn half_close(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }
}

/// The length and then the message.
pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(message.len()).unwrap().to_be_bytes().to_vec();
    frame.extend(message);
    frame
}

/// A message of this type with these arguments.
pub(crate) fn message(kind: u8, method: &str, sequence: i32, arguments: &[u8]) -> Vec<u8> {
    let mut message = vec![0x80, 0x01, 0, kind];
    message.extend(string(method));
    message.extend(sequence.to_be_bytes());
    message.extend(arguments);
    message
}

/// A call; arguments without any are `b"\0"`.
pub(crate) fn call(method: &str, sequence: i32, arguments: &[u8]) -> Vec<u8> {
    message(1, method, sequence, arguments)
}

/// A bool as answer.
pub(crate) fn reply(method: &str, sequence: i32, value: bool) -> Vec<u8> {
    message(2, method, sequence, &[2, 0, 0, value.into(), 0])
}

/// An exception as answer.
pub(crate) fn exception(method: &str, sequence: i32, text: &str, kind: i32) -> Vec<u8> {
    let mut body = vec![11, 0, 1];
    body.extend(string(text));
    body.extend([8, 0, 2]);
    body.extend(kind.to_be_bytes());
    body.push(0);
    message(3, method, sequence, &body)
}

/// A string on the wire.
pub(crate) fn string(text: &str) -> Vec<u8> {
    frame(text.as_bytes())
}

/// One field: type, id, value.
pub(crate) fn field(kind: u8, id: i16, value: &[u8]) -> Vec<u8> {
    let mut field = vec![kind];
    field.extend(id.to_be_bytes());
    field.extend(value);
    field
}

/// A list of elements of one type.
pub(crate) fn list(kind: u8, elements: &[Vec<u8>]) -> Vec<u8> {
    let mut list = vec![kind];
    list.extend(i32::try_from(elements.len()).unwrap().to_be_bytes());
    list.extend(elements.concat());
    list
}

/// A gateway of the compatible API.
pub(crate) fn gateway(interface: &str, instance: &str, subnets: &[(&str, i16)]) -> Vec<u8> {
    let subnet = |&(prefix, length): &(&str, i16)| {
        [field(11, 1, &string(prefix)), field(6, 2, &length.to_be_bytes()), vec![0]].concat()
    };
    let subnets: Vec<_> = subnets.iter().map(subnet).collect();
    [field(11, 1, &string(interface)), field(11, 2, &string(instance)), field(15, 3, &list(12, &subnets)), vec![0]]
        .concat()
}

/// A call of AddVirtualGateway.
pub(crate) fn add(gateways: &[Vec<u8>]) -> Vec<u8> {
    call("AddVirtualGateway", 9, &[field(15, 1, &list(12, gateways)), vec![0]].concat())
}

/// A call of DeleteVirtualGateway.
pub(crate) fn delete(names: &[&str]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|name| string(name)).collect();
    call("DeleteVirtualGateway", 9, &[field(15, 1, &list(11, &names)), vec![0]].concat())
}
