//! Frames that no IP stack sends.

use vgw::engine::Device;
use vgw::packet::Packet;
use vgw::sys::PacketSocket;

use crate::namespace::Namespace;

use super::deed::Dice;
use super::plan::is_six;

const FRAMES: usize = 200;
const LONGEST: usize = 200;

/// Begins of frames that come far: to the gateway's MAC, and of a kind that it looks into.
const BEGINS: [&[u8]; 4] = [
    b"\x00\x00\x5e\x00\x01\x00\x02\x00\x00\x00\x00\x01\x08\x00\x45\x00",
    b"\x00\x00\x5e\x00\x01\x00\x02\x00\x00\x00\x00\x01\x86\xdd\x60\x00\x00\x00",
    b"\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06\x00\x01\x08\x00\x06\x04\x00",
    b"\x00\x00\x5e\x00\x01\x00\x02\x00\x00\x00\x00\x01\x81\x00\x00\x07",
];

/// A guest sends frames with a good begin, or none, and anything behind it.
pub(super) fn spill(guest: &Namespace, number: usize, dice: &mut Dice) {
    let shown = guest.run("ip -o link show dev eth0").1;
    // Without its tap the guest has nothing to send by.
    let Some(index) = shown.split(':').next().and_then(|index| index.parse().ok()) else { return };
    let Ok(sockets) = guest.enter(|| PacketSocket::open(index, 1)) else { return };
    for _ in 0..FRAMES {
        let begin = match dice.index(BEGINS.len() + 1) {
            0 => &[][..],
            other => BEGINS[other - 1],
        };
        let mut frame = [begin, &dice.bytes(LONGEST)].concat();
        if !is_six(number) && frame.len() >= 34 && dice.below(2) == 0 {
            // Under the guest's own address it comes further.
            frame[26..30].copy_from_slice(&[10, 100 + u8::try_from(number).unwrap(), 0, 10]);
        }
        // The kernel refuses what is too short for a frame.
        let _ = sockets[0].transmit(&mut Packet::from_frame(&frame));
    }
}
