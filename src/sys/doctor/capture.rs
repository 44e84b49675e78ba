//! Packets that leave by any device, seen just before the device gets them (packet(7)).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Ours are shorter, also within an ICMP error; the others' traffic stays in the kernel.
const LONGEST: u32 = 256;

/// A socket that sees what leaves, of all devices of the network namespace.
#[derive(Debug)]
pub(super) struct Capture {
    socket: OwnedFd,
}

impl Capture {
    /// Opens it.
    ///
    /// # Errors
    /// `EPERM` without `CAP_NET_RAW`.
    pub(super) fn open() -> io::Result<Self> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // Fits: a 16-bit protocol number, in network byte order.
        #[allow(clippy::cast_possible_truncation)]
        let every = (libc::ETH_P_ALL as u16).to_be();
        // SAFETY: no pointers.
        let socket = unsafe { libc::socket(libc::AF_PACKET, kind, c_int::from(every)) };
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was just opened and that nobody else has.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        let instruction = |code: u32, jump_true, jump_false, value| libc::sock_filter {
            code: u16::try_from(code).unwrap_or_default(),
            jt: jump_true,
            jf: jump_false,
            k: value,
        };
        let mut filter = [
            instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_LEN, 0, 0, 0),
            instruction(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 0, 1, LONGEST),
            instruction(libc::BPF_RET | libc::BPF_K, 0, 0, 0),
            instruction(libc::BPF_RET | libc::BPF_K, 0, 0, LONGEST),
        ];
        let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
        let length = u32::try_from(size_of_val(&program)).map_err(io::Error::other)?;
        let value = (&raw const program).cast();
        // SAFETY: the program lives through the call and its length is right.
        let result =
            unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, value, length) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(Self { socket }) }
    }

    /// The next packet that leaves, from its IP header on, and the device's index; `None` if none waits.
    ///
    /// # Errors
    /// The socket's.
    pub(super) fn next(&self) -> io::Result<Option<(u32, Vec<u8>)>> {
        loop {
            let mut packet = vec![0; LONGEST as usize];
            // SAFETY: all-zero is a valid sockaddr_ll.
            let mut from: libc::sockaddr_ll = unsafe { MaybeUninit::zeroed().assume_init() };
            let mut length = u32::try_from(size_of::<libc::sockaddr_ll>()).map_err(io::Error::other)?;
            // SAFETY: buffer and address live through the call, and their lengths are right.
            let received = unsafe {
                libc::recvfrom(
                    self.socket.as_raw_fd(),
                    packet.as_mut_ptr().cast(),
                    packet.len(),
                    0,
                    (&raw mut from).cast(),
                    &raw mut length,
                )
            };
            let Ok(received) = usize::try_from(received) else {
                let error = io::Error::last_os_error();
                return match error.kind() {
                    io::ErrorKind::WouldBlock => Ok(None),
                    io::ErrorKind::Interrupted => continue,
                    _ => Err(error),
                };
            };
            if from.sll_pkttype == libc::PACKET_OUTGOING {
                packet.truncate(received);
                return Ok(Some((u32::try_from(from.sll_ifindex).unwrap_or_default(), packet)));
            }
        }
    }
}

impl AsFd for Capture {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
