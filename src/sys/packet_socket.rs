//! A packet socket on an interface that exists already: a hypervisor's guest tap, a veth
//! (packet(7); Documentation/networking/packet_mmap.rst).
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem::{MaybeUninit, size_of, size_of_val};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use arrayvec::ArrayVec;

use crate::engine::{Access, Device, DeviceError};
use crate::packet::{Batch, Packet, SuperPackets};

use super::process::leave_some;

/// Room for packets that wait for the worker, bytes (`SO_RCVBUFFORCE`); a super-packet counts with
/// its true size, so this is some hundred of them.
const RECEIVE_BUFFER: c_int = 32 << 20;

/// Most packets that one system call receives.
const MESSAGES: usize = 64;

/// The kernel that learned UDP super-packets in offload headers. Taps say what they take, these sockets
/// do not.
const UDP_SUPER_PACKETS: [u32; 2] = [6, 2];

/// The Ethernet addresses, before which a stripped VLAN tag belongs.
const ADDRESSES: usize = 12;

/// One packet socket, member of the interface's fan-out group if there are several.
#[derive(Debug)]
pub struct PacketSocket {
    socket: OwnedFd,
    /// Whether the kernel knows UDP super-packets in offload headers.
    takes_udp: bool,
}

impl PacketSocket {
    /// Opens `queues` sockets on an interface. Flows are spread over them by hash, each flow
    /// staying on its queue (`PACKET_FANOUT_HASH`).
    ///
    /// # Errors
    /// The kernel's, `EPERM` without `CAP_NET_RAW`.
    pub fn open(interface: u32, queues: usize) -> io::Result<Vec<Self>> {
        // Guests send to the gateway's MAC, which is not the interface's own.
        (0..queues).map(|_| Self::open_one(interface, queues > 1, libc::PACKET_MR_PROMISC)).collect()
    }

    /// As [`PacketSocket::open`] for an interface whose own MAC frames are sent to: what is sent to others
    /// is not received, but all that is sent to groups.
    ///
    /// # Errors
    /// As there.
    pub fn open_wire(interface: u32, queues: usize) -> io::Result<Vec<Self>> {
        (0..queues).map(|_| Self::open_one(interface, queues > 1, libc::PACKET_MR_ALLMULTI)).collect()
    }

    fn open_one(interface: u32, fan_out: bool, membership: c_int) -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // Protocol 0: nothing is received before the options are set and bind() names the protocol.
        // SAFETY: no pointers.
        let socket = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was just opened and that nobody else has.
        let socket = unsafe { OwnedFd::from_raw_fd(socket) };
        leave_some(&socket)?;
        set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &RECEIVE_BUFFER)?;
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_VNET_HDR, &1)?;
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, &1)?;
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1)?;
        let index = c_int::try_from(interface).map_err(|_| io::ErrorKind::InvalidInput)?;
        let membership = libc::packet_mreq {
            mr_ifindex: index,
            // Fits: the constants are 1 and 2.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            mr_type: membership as u16,
            mr_alen: 0,
            mr_address: [0; 8],
        };
        set_option(&socket, libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &membership)?;
        bind(&socket, index)?;
        if fan_out {
            let group = (interface & 0xffff) as c_int | (libc::PACKET_FANOUT_HASH as c_int) << 16;
            set_option(&socket, libc::SOL_PACKET, libc::PACKET_FANOUT, &group)?;
        }
        Ok(Self { socket, takes_udp: release().is_some_and(|release| release >= UDP_SUPER_PACKETS) })
    }

    /// Reads packets with one system call, at most [`MESSAGES`] and no more than there is room for,
    /// and puts back the VLAN tags that the kernel has stripped: without its tag a packet would pass
    /// for an untagged one. Fewer than asked for may mean that nothing is left, or that the next one is
    /// refused: the next call says so.
    fn receive_some(&self, batch: &mut Batch, count: usize) -> Result<(), DeviceError> {
        let packets = batch.free(count.clamp(1, MESSAGES));
        let count = packets.len();
        let mut parts: ArrayVec<libc::iovec, MESSAGES> = packets.iter_mut().map(part).collect();
        let mut controls: ArrayVec<Control, MESSAGES> =
            packets.iter().map(|_| Control { bytes: [0; CONTROL as usize] }).collect();
        let headers = parts.iter_mut().zip(&mut controls).map(|(part, control)| header(part, control));
        let mut messages: ArrayVec<libc::mmsghdr, MESSAGES> = headers.collect();
        let asked = libc::c_uint::try_from(count).map_err(|error| DeviceError::Refused(io::Error::other(error)))?;
        let (socket, wait) = (self.socket.as_raw_fd(), std::ptr::null_mut());
        // No flags: the socket itself does not wait.
        // SAFETY: each message names a buffer and a control area that live through the call.
        let received = unsafe { libc::recvmmsg(socket, messages.as_mut_ptr(), asked, 0, wait) };
        let Ok(received) = usize::try_from(received) else {
            return Err(self.meaning(io::Error::last_os_error()));
        };
        for message in &messages[..received] {
            let packet = &mut batch.free(1)[0];
            // The verdict on the header is kept in the packet.
            let _ = packet.received(message.msg_len as usize);
            if let Some(tag) = stripped_tag(&message.msg_hdr) {
                insert_tag(packet, tag);
            }
            batch.keep(0);
        }
        Ok(())
    }
}

impl AsFd for PacketSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Device for PacketSocket {
    /// The kernel cuts what the interface cannot take, of the kinds that it knows.
    fn super_packets(&self) -> SuperPackets {
        SuperPackets { tcp: true, udp: self.takes_udp }
    }

    fn access(&self) -> Access {
        Access::Send
    }

    fn meaning(&self, error: io::Error) -> DeviceError {
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::ENOBUFS) => DeviceError::WouldBlock,
            Some(libc::ENETDOWN | libc::ENXIO | libc::ENODEV) => DeviceError::Down,
            _ => DeviceError::Refused(error),
        }
    }

    fn receive(&mut self, batch: &mut Batch, expected: usize) -> Result<(), DeviceError> {
        while !batch.is_full() {
            self.receive_some(batch, expected)?;
        }
        Ok(())
    }

    fn transmit(&self, packet: &mut Packet) -> Result<(), DeviceError> {
        let bytes = packet.transmit_area();
        // SAFETY: the buffer lives through the call.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), 0) };
        if sent < 0 { Err(self.meaning(io::Error::last_os_error())) } else { Ok(()) }
    }
}

/// Bytes for control messages. A byte, since it fits what each C library counts them with.
const CONTROL: u8 = 64;

/// Room for one `struct tpacket_auxdata` control message, aligned as the kernel's macros want.
#[repr(align(8))]
struct Control {
    bytes: [u8; CONTROL as usize],
}

/// The running kernel's version, as far as it counts.
fn release() -> Option<[u32; 2]> {
    let name = rustix::system::uname();
    version(name.release().to_str().ok()?)
}

/// The first two numbers of a kernel's release.
fn version(release: &str) -> Option<[u32; 2]> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|number| number.parse().ok());
    Some([numbers.next()?, numbers.next()?])
}

/// A packet's buffer, for one message.
fn part(packet: &mut Packet) -> libc::iovec {
    let area = packet.receive_area();
    libc::iovec { iov_base: area.as_mut_ptr().cast(), iov_len: area.len() }
}

/// A message into a buffer and a control area.
fn header(part: &mut libc::iovec, control: &mut Control) -> libc::mmsghdr {
    // SAFETY: all-zero is a valid mmsghdr.
    let mut message: libc::mmsghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    message.msg_hdr.msg_iov = part;
    message.msg_hdr.msg_iovlen = 1;
    message.msg_hdr.msg_control = control.bytes.as_mut_ptr().cast();
    message.msg_hdr.msg_controllen = CONTROL.into();
    message
}

/// The VLAN tag (TPID, TCI) that the kernel took out of the frame.
fn stripped_tag(message: &libc::msghdr) -> Option<[u8; 4]> {
    // SAFETY: the kernel has filled the control area and its length.
    let mut header = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: not null, inside the control area.
        let current = unsafe { &*header };
        if current.cmsg_level == libc::SOL_PACKET && current.cmsg_type == libc::PACKET_AUXDATA {
            // SAFETY: the kernel puts this struct behind such a header.
            let data = unsafe { libc::CMSG_DATA(header).cast::<libc::tpacket_auxdata>().read_unaligned() };
            if data.tp_status & libc::TP_STATUS_VLAN_VALID != 0 {
                let tpid = if data.tp_vlan_tpid == 0 { 0x8100 } else { data.tp_vlan_tpid };
                let ([a, b], [c, d]) = (tpid.to_be_bytes(), data.tp_vlan_tci.to_be_bytes());
                return Some([a, b, c, d]);
            }
        }
        // SAFETY: as above.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
    None
}

/// Puts a tag behind the Ethernet addresses.
fn insert_tag(packet: &mut Packet, tag: [u8; 4]) {
    let length = packet.length();
    if length < ADDRESSES {
        return;
    }
    packet.set_length(length + tag.len());
    let frame = packet.frame_mut();
    frame.copy_within(ADDRESSES..length, ADDRESSES + tag.len());
    frame[ADDRESSES..ADDRESSES + tag.len()].copy_from_slice(&tag);
}

fn bind(socket: &OwnedFd, interface: c_int) -> io::Result<()> {
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { MaybeUninit::zeroed().assume_init() };
    // Both fit: 17, and a 16-bit protocol number in network byte order.
    #[allow(clippy::cast_possible_truncation)]
    {
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    }
    address.sll_ifindex = interface;
    let length = u32::try_from(size_of_val(&address)).map_err(io::Error::other)?;
    // SAFETY: the address lives through the call and its length is right.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn set_option<T>(socket: &OwnedFd, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let length = u32::try_from(size_of::<T>()).map_err(io::Error::other)?;
    // SAFETY: the value lives through the call and its length is right.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_frame_has_room_for_its_tag() {
        let mut packet = Packet::new();
        let filled = packet.receive_area().len();
        packet.receive_area().fill(0);
        packet.received(filled).unwrap();
        insert_tag(&mut packet, [0x81, 0, 0, 7]);
        assert_eq!(packet.frame()[12..16], [0x81, 0, 0, 7]);
    }

    #[test]
    fn releases_are_compared_as_numbers() {
        let releases = ["6.1.0-13-amd64", "6.18.44-fc-v657", "6.2", "5.10-rc1"].map(version);
        assert_eq!(releases, [[6, 1], [6, 18], [6, 2], [5, 10]].map(Some));
        assert_eq!(["", "6", "linux"].map(version), [None; 3]);
        assert!([6, 18] >= UDP_SUPER_PACKETS && [6, 1] < UDP_SUPER_PACKETS);
    }

    #[test]
    fn a_stripped_tag_goes_back_behind_the_addresses() {
        let mut frame = [0u8; 20];
        frame[12..14].copy_from_slice(&[8, 0]);
        let mut packet = Packet::from_frame(&frame);
        insert_tag(&mut packet, [0x81, 0, 0, 7]);
        assert_eq!(packet.length(), 24);
        assert_eq!(packet.frame()[12..18], [0x81, 0, 0, 7, 8, 0]);
    }
}
