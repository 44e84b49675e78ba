//! Traffic as guests and hosts make it.
#![allow(unsafe_code)]

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::thread::Builder;

use crate::lab::PATIENCE;
use crate::namespace::Namespace;

/// Where datagrams go that nobody answers.
pub(crate) const DISCARD: u16 = 9;

/// Lets the kernel choose. A fixed number may still be in use: between fork and exec a program that
/// another test starts has a copy of a socket that was closed here.
const ANY_PORT: u16 = 0;

/// Fails unless every echo request comes back.
pub(crate) fn assert_ping(from: &Namespace, to: &str) {
    assert_ping_with(from, to, "");
}

/// As [`assert_ping`], with further options of `ping`.
pub(crate) fn assert_ping_with(from: &Namespace, to: &str, options: &str) {
    // With a deadline it waits for the answers; without, for twice as long as the first one took.
    let (well, text) = from.run(&format!("ping -n -c 3 -i 0.05 -w 20 {options} {to}"));
    assert!(well && text.contains(" 0% packet loss"), "{text}");
}

/// Sends one echo request that is not meant to come back; what `ping` says of it.
pub(crate) fn failing_ping(from: &Namespace, to: &str, options: &str) -> String {
    let (well, text) = from.run(&format!("ping -n -c 1 -W 5 {options} {to}"));
    assert!(!well, "{text}");
    text
}

/// Sends bytes over TCP and fails unless exactly they arrive, and the far end's word on it comes back.
pub(crate) fn assert_tcp(from: &Namespace, to: &Namespace, address: &str, length: usize) {
    let address = SocketAddr::new(address.parse().unwrap(), ANY_PORT);
    let listener = to.enter(|| TcpListener::bind(address)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = Builder::new().name("server".to_owned()).spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let received = digest_of(&mut stream);
        stream.write_all(format!("{received:?}").as_bytes()).unwrap();
    });
    let server = server.unwrap();
    let mut stream = from.enter(|| TcpStream::connect_timeout(&address, PATIENCE)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut sent = Digest::default();
    let mut source = Noise(length as u64 | 1);
    let mut left = length;
    while left > 0 {
        let block = source.block();
        let part = &block[..left.min(block.len())];
        sent.add(part);
        stream.write_all(part).unwrap();
        left -= part.len();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    server.join().unwrap();
    assert_eq!(received, format!("{sent:?}"), "TCP to {address}");
}

/// Sends a datagram of this size and fails unless it comes back from the far end as it was.
pub(crate) fn assert_udp(from: &Namespace, to: &Namespace, address: &str, length: usize) {
    let server = bind(to, SocketAddr::new(address.parse().unwrap(), ANY_PORT));
    let address = server.local_addr().unwrap();
    let client = bind(from, SocketAddr::new(unspecified(address.ip()), ANY_PORT));
    let mut noise = Noise(length as u64 | 1);
    let datagram: Vec<u8> = std::iter::repeat_with(|| noise.block()).flatten().take(length).collect();
    client.send_to(&datagram, address).unwrap();
    let mut buffer = vec![0; 1 << 16];
    let (received, peer) = receive(&server, &mut buffer).expect("the datagram arrives");
    assert_eq!(buffer[..received], datagram);
    server.send_to(&buffer[..received], peer).unwrap();
    let (received, peer) = receive(&client, &mut buffer).expect("the datagram comes back");
    assert_eq!((&buffer[..received], peer), (&datagram[..], address));
}

/// Sends super-packets of so many datagrams each, to be cut by whoever must, and fails unless every
/// datagram arrives as it was meant.
pub(crate) fn assert_udp_segments(
    from: &Namespace,
    to: &Namespace,
    address: SocketAddr,
    (super_packets, datagrams): (usize, usize),
) {
    const SIZE: usize = 1001;
    /// The last datagram of each is shorter.
    const LAST: usize = 7;
    let server = bind(to, address);
    let client = bind(from, SocketAddr::new(unspecified(address.ip()), ANY_PORT));
    set_segment_size(&client, SIZE);
    let mut buffer = vec![0; 1 << 16];
    for number in 0..super_packets {
        let mut noise = Noise(number as u64 + 1);
        let length = (datagrams - 1) * SIZE + LAST;
        let bytes: Vec<u8> = std::iter::repeat_with(|| noise.block()).flatten().take(length).collect();
        assert_eq!(client.send_to(&bytes, server.local_addr().unwrap()).unwrap(), length);
        for expected in bytes.chunks(SIZE) {
            let (received, _) = receive(&server, &mut buffer).expect("every datagram arrives");
            assert!(buffer[..received] == *expected, "{received} bytes are not the {} that were sent", expected.len());
        }
    }
}

/// Has the kernel cut what is sent at once into datagrams of this size (`UDP_SEGMENT`, udp(7)).
fn set_segment_size(socket: &UdpSocket, size: usize) {
    let size = libc::c_int::try_from(size).unwrap();
    let length = libc::socklen_t::try_from(size_of_val(&size)).unwrap();
    let value = (&raw const size).cast();
    // SAFETY: the value lives through the call and its length is right.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, value, length) };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
}

/// Receives a datagram; a signal that happens to come meanwhile is of no interest.
pub(crate) fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    loop {
        match socket.recv_from(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// A UDP socket in a namespace.
pub(crate) fn bind(namespace: &Namespace, address: SocketAddr) -> UdpSocket {
    let socket = namespace.enter(|| UdpSocket::bind(address)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The address that stands for any, of the same family.
pub(crate) fn unspecified(like: IpAddr) -> IpAddr {
    let text = if like.is_ipv4() { "0.0.0.0" } else { "::" };
    text.parse().unwrap()
}

/// Sends datagrams with these bytes and waits for no answer.
pub(crate) fn send(from: &Namespace, to: &str, mark: &[u8], count: usize) {
    let address = SocketAddr::new(to.parse().unwrap(), DISCARD);
    let socket = bind(from, SocketAddr::new(unspecified(address.ip()), ANY_PORT));
    socket.set_broadcast(true).unwrap();
    for _ in 0..count {
        // An ICMP error about an earlier one may be told here.
        let _ = socket.send_to(mark, address);
    }
}

fn digest_of(stream: &mut TcpStream) -> Digest {
    let mut digest = Digest::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return digest,
            Ok(length) => digest.add(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("{error} after {} bytes", digest.length),
        }
    }
}

/// Length and Fletcher sums of a stream: they notice what is missing, changed or out of order.
#[derive(Debug, Default)]
struct Digest {
    length: u64,
    sum: u64,
    sum_of_sums: u64,
}

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.length += 1;
            self.sum = self.sum.wrapping_add(u64::from(*byte) + 1);
            self.sum_of_sums = self.sum_of_sums.wrapping_add(self.sum);
        }
    }
}

/// Bytes without pattern (xorshift64).
struct Noise(u64);

impl Noise {
    fn block(&mut self) -> Vec<u8> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0.to_le_bytes()
        };
        (0..8192).flat_map(|_| next()).collect()
    }
}
