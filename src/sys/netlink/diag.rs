//! Whose a TCP connection is: sock_diag(7), asked for exactly one socket.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rtnetlink::sys::protocols::NETLINK_SOCK_DIAG;
use rtnetlink::sys::{Socket, SocketAddr as NetlinkAddr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use super::socket::HEADER;

/// `SOCK_DIAG_BY_FAMILY` (`linux/sock_diag.h`).
const BY_FAMILY: u16 = 20;
/// `NLMSG_ERROR`.
const ERROR: u16 = 2;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `IPPROTO_TCP`.
const TCP: u8 = 6;
/// Bytes of `struct inet_diag_sockid`: two ports, two addresses, the interface, a cookie.
const IDENTITY: usize = 48;
/// Bytes of `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, and the identity.
const QUESTION: usize = 8 + IDENTITY;
/// Bytes of `struct inet_diag_msg`: family and more, the identity, expiry, two queues, user, inode.
const ANSWER: usize = 4 + IDENTITY + 20;
/// `TCP_SYN_SENT` and `TCP_SYN_RECV` (`net/tcp_states.h`).
const CONNECTING: [u8; 2] = [2, 3];
/// The kernel answers at once; it may load a module before.
const PATIENCE: Duration = Duration::from_secs(5);

/// What tells the user of the TCP socket whose own address is the first and whose other end is the second, if this
/// network namespace has exactly that socket, it has been connected and a process still has it open. Users are told
/// as this user namespace knows them. It is asked for each connection, so its own socket stays open from one question
/// to the next.
///
/// Its errors are what the kernel says; the next question begins anew.
pub fn socket_user() -> impl FnMut(SocketAddr, SocketAddr) -> io::Result<Option<u32>> + Send {
    let mut kept: Option<Socket> = None;
    move |own, other| {
        let (own, other) = (canonical(own), canonical(other));
        // Whatever fails leaves none: an answer that comes late answers no later question.
        let socket = kept.take().map_or_else(open, Ok)?;
        socket.send(&question(own, other), 0)?;
        let mut answer = Vec::with_capacity(4096);
        socket.recv(&mut answer, 0)?;
        kept = Some(socket);
        read(&answer, own, other)
    }
}

fn open() -> io::Result<Socket> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&NetlinkAddr::new(0, 0))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
    Ok(socket)
}

/// Clients of IPv4 may use sockets of IPv6.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn question(own: SocketAddr, other: SocketAddr) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + QUESTION);
    let length = u32::try_from(HEADER + QUESTION).unwrap_or_default();
    bytes.extend(length.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST.to_ne_bytes());
    bytes.extend([0; 8]);
    let family = if own.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    bytes.extend([u8::try_from(family).unwrap_or_default(), TCP, 0, 0]);
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(own.port().to_be_bytes());
    bytes.extend(other.port().to_be_bytes());
    for address in [own.ip(), other.ip()] {
        let mut field = [0; 16];
        match address {
            IpAddr::V4(address) => field[..4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => field = address.octets(),
        }
        bytes.extend(field);
    }
    bytes.extend(0u32.to_ne_bytes());
    // Whatever its cookie is (`INET_DIAG_NOCOOKIE`).
    bytes.extend([0xff; 8]);
    bytes
}

/// Reads the answer. The kernel tells of a listener too if there is no such connection, of a socket that its process
/// has closed it tells user 0, and one that asks to be connected is not the other end of a connection that stands,
/// however its addresses are: none of these is an answer. Only those closed have no inode, and the kernel looks at the
/// inode after the user.
pub(super) fn read(answer: &[u8], own: SocketAddr, other: SocketAddr) -> io::Result<Option<u32>> {
    let garbled = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's answer about a socket is too short");
    let kind = answer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let body = answer.get(HEADER..).ok_or_else(garbled)?;
    let word = |at: usize| body.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or_else(garbled);
    if kind == Some(ERROR) {
        return match i32::from_ne_bytes(word(0)?).saturating_neg() {
            libc::ENOENT => Ok(None),
            number => Err(io::Error::from_raw_os_error(number)),
        };
    }
    let body = body.get(..ANSWER).ok_or_else(garbled)?;
    let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
    let is_v4 = i32::from(body[0]) == libc::AF_INET;
    let address = |at: usize| -> IpAddr {
        let field: [u8; 16] = std::array::from_fn(|byte| body[at + byte]);
        let [a, b, c, d, ..] = field;
        if is_v4 { Ipv4Addr::new(a, b, c, d).into() } else { Ipv6Addr::from(field).to_canonical() }
    };
    let found = [SocketAddr::new(address(8), port(4)), SocketAddr::new(address(24), port(6))];
    let (user, inode) = (u32::from_ne_bytes(word(64)?), u32::from_ne_bytes(word(68)?));
    let is_connected = !CONNECTING.contains(&body[1]);
    Ok((found == [own, other] && is_connected && inode != 0).then_some(user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

    fn me() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    /// The client's end of a connection to an address, and the server's.
    fn connection(address: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    fn user_of_peer(server: &TcpStream) -> Option<u32> {
        socket_user()(server.peer_addr().unwrap(), server.local_addr().unwrap()).unwrap()
    }

    #[test]
    fn the_other_end_is_this_user() {
        for address in ["127.0.0.1:0", "127.0.0.7:0", "[::1]:0"] {
            let (_client, server) = connection(address);
            assert_eq!(user_of_peer(&server), Some(me()), "{address}");
        }
    }

    #[test]
    fn a_client_of_ipv4_may_have_a_socket_of_ipv6() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let _client = TcpStream::connect(format!("[::ffff:127.0.0.1]:{port}")).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert_eq!(user_of_peer(&server), Some(me()));
    }

    /// The kernel says user 0 of such a socket, whoever had it.
    #[test]
    fn who_has_closed_is_nobody() {
        let (client, mut server) = connection("127.0.0.1:0");
        let mut socket_user = socket_user();
        let ends = [server.peer_addr().unwrap(), server.local_addr().unwrap()];
        drop(client);
        assert_eq!(server.read(&mut [0]).unwrap(), 0);
        assert_eq!(socket_user(ends[0], ends[1]).unwrap(), None, "waiting for our end");
        drop(server);
        assert_eq!(socket_user(ends[0], ends[1]).unwrap(), None, "waiting for late segments");
    }

    /// Its addresses may be those of a connection whose other end has long been given up.
    #[test]
    fn who_asks_to_be_connected_is_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        // The queue is full then, and whoever comes is not answered.
        let _first = TcpStream::connect(place).unwrap();
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let asking = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
        assert_eq!(connect(&asking, &place), Err(rustix::io::Errno::INPROGRESS));
        let asking = TcpStream::from(asking);
        assert_eq!(socket_user()(asking.local_addr().unwrap(), place).unwrap(), None);
    }

    #[test]
    fn a_listener_is_no_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket_user = socket_user();
        let nobody = "127.0.0.1:9".parse().unwrap();
        assert_eq!(socket_user(listener.local_addr().unwrap(), nobody).unwrap(), None);
        let unspecified = "0.0.0.0:0".parse().unwrap();
        assert_eq!(socket_user(listener.local_addr().unwrap(), unspecified).unwrap(), Some(me()), "but found as such");
    }

    #[test]
    fn what_is_cut_short_is_an_error() {
        let ends = ["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        for length in 0..HEADER + ANSWER {
            assert!(read(&vec![0; length], ends[0], ends[1]).is_err(), "{length}");
        }
        assert_eq!(read(&[0; HEADER + ANSWER], ends[0], ends[1]).unwrap(), None);
    }
}
