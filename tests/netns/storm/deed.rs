//! What may happen.

/// Numbers that are the same for the same seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a limit.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    /// Any bytes, fewer than `limit`.
    pub(super) fn bytes(&mut self, limit: usize) -> Vec<u8> {
        let length = self.index(limit);
        (0..length).map(|_| u8::try_from(self.below(256)).unwrap()).collect()
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap()
    }
}

/// One thing that happens. What it happens to is chosen when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// An uplink's link goes down and comes up again.
    Flap,
    /// An uplink's device loses its addresses and gets them back.
    FlushAddresses,
    /// An uplink's device is deleted and made anew.
    Recreate,
    /// `ip route flush` of an uplink's table.
    FlushTable,
    /// `ip route flush` of ours in table main.
    FlushMain,
    /// One of our rules is deleted, or all are flushed.
    FlushRules,
    /// A tap of ours is deleted.
    DeleteTap,
    /// A tap of ours is set down.
    TapDown,
    /// A gateway is added.
    Add,
    /// A gateway is deleted.
    Delete,
    /// A gateway moves to the other uplink.
    Move,
    /// The daemon is killed, started again, and told again what it should have.
    Kill,
    /// The daemon reads its configuration again, which is as it was.
    Reload,
    /// A guest sends what no IP stack would.
    Rubbish,
    /// Clients come who talk nonsense, or nothing.
    Strangers,
    /// Somebody looks at all there is to see.
    Look,
}

impl Deed {
    pub(super) fn any(dice: &mut Dice) -> Self {
        // What others do to our things is rare: done five times a minute it is a war, and rests.
        const USUAL: [(Deed, u64); 16] = [
            (Deed::Flap, 10),
            (Deed::FlushAddresses, 6),
            (Deed::Recreate, 4),
            (Deed::Add, 7),
            (Deed::Delete, 5),
            (Deed::Move, 6),
            (Deed::Kill, 1),
            (Deed::FlushTable, 1),
            (Deed::FlushMain, 1),
            (Deed::FlushRules, 1),
            (Deed::DeleteTap, 1),
            (Deed::TapDown, 1),
            (Deed::Reload, 2),
            (Deed::Rubbish, 6),
            (Deed::Strangers, 3),
            (Deed::Look, 3),
        ];
        let mut place = dice.below(USUAL.iter().map(|(_, weight)| weight).sum());
        for (deed, weight) in USUAL {
            match place.checked_sub(weight) {
                None => return deed,
                Some(rest) => place = rest,
            }
        }
        unreachable!("the place is below the sum of the weights")
    }
}
