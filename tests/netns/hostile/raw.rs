//! A guest's interface without an IP stack in between.

use vgw::engine::Device;
use vgw::packet::{Batch, Packet};
use vgw::sys::PacketSocket;

use crate::namespace::Namespace;

/// Packets taken up at once, and bytes.
const BATCH: (usize, usize) = (64, 1 << 20);

/// An interface that is written to and read from frame by frame.
pub(super) struct Raw {
    socket: PacketSocket,
    batch: Batch,
}

impl Raw {
    pub(super) fn open(namespace: &Namespace, interface: &str) -> Self {
        let shown = namespace.ip(&format!("-o link show dev {interface}"));
        Self::of_index(namespace, shown.split(':').next().unwrap().parse().unwrap())
    }

    pub(super) fn of_index(namespace: &Namespace, index: u32) -> Self {
        let mut sockets = namespace.enter(|| PacketSocket::open(index, 1)).unwrap();
        Self { socket: sockets.pop().unwrap(), batch: Batch::new(BATCH.0, BATCH.1) }
    }

    /// Sends a frame; a queue that is full is waited for by sending again.
    pub(super) fn send(&self, frame: &[u8]) {
        self.socket.transmit(&mut Packet::from_frame(frame)).unwrap();
    }

    /// Sends a frame if there is room for it.
    pub(super) fn try_send(&self, packet: &mut Packet) -> bool {
        self.socket.transmit(packet).is_ok()
    }

    /// The frames that came since the last call.
    pub(super) fn received(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            self.batch.clear();
            let outcome = self.socket.receive(&mut self.batch, BATCH.0);
            frames.extend(self.batch.packets_mut().iter().map(|packet| packet.frame().to_vec()));
            if outcome.is_err() {
                return frames;
            }
        }
    }
}

/// The MAC of an interface.
pub(super) fn mac(namespace: &Namespace, interface: &str) -> [u8; 6] {
    let shown = namespace.ip(&format!("-o link show dev {interface}"));
    let text = shown.split("link/ether ").nth(1).unwrap().split(' ').next().unwrap();
    let octets: Vec<u8> = text.split(':').map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect();
    octets.try_into().unwrap()
}
