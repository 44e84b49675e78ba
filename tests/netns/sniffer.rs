//! A station that hears every frame of its namespace.

use std::num::NonZeroU32;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, recv, socket_with, sockopt};

use crate::namespace::Namespace;

/// `ETH_P_ALL` (linux/if_ether.h).
const EVERY_PROTOCOL: u16 = 3;

/// Room for the frames that nobody has looked at yet, bytes.
const ROOM: usize = 8 << 20;

/// A packet socket on all interfaces of a namespace.
pub(crate) struct Sniffer(OwnedFd);

impl Sniffer {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let protocol = NonZeroU32::new(EVERY_PROTOCOL.to_be().into()).map(Protocol::from_raw);
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let open = || socket_with(AddressFamily::PACKET, SocketType::RAW, flags, protocol).unwrap();
        let socket = namespace.enter(open);
        sockopt::set_socket_recv_buffer_size_force(&socket, ROOM).unwrap();
        Self(socket)
    }

    /// The frames that came and went since the last call.
    pub(crate) fn frames(&self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            let mut frame = vec![0; 1 << 16];
            match recv(&self.0, &mut frame, RecvFlags::empty()) {
                Ok((length, _)) => {
                    frame.truncate(length);
                    frames.push(frame);
                }
                Err(Errno::AGAIN) => return frames,
                Err(errno) => panic!("{errno}"),
            }
        }
    }

    /// How often these bytes came since the last call. Datagrams that travel joined count each.
    pub(crate) fn count(&self, mark: &[u8]) -> usize {
        let count = |frame: &Vec<u8>| frame.windows(mark.len()).filter(|part| *part == mark).count();
        self.frames().iter().map(count).sum()
    }
}
