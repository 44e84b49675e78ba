//! DIR-24-8: an array of all values of the first 24 bits.
//!
//! Gupta, Lin, McKeown, "Routing lookups in hardware at memory access speeds" (INFOCOM 1998). It
//! takes one memory access, 34 MB and cannot be changed at a bearable price: the limit of what a
//! lookup in software can cost.

use std::net::{IpAddr, Ipv4Addr};

use vgw::addr::Prefix;

pub(crate) struct Dir {
    first: Vec<u16>,
    /// 256 values for each of the /24 with longer routes.
    longer: Vec<u16>,
}

/// Marks a number of a block of `longer`.
const LONGER: u16 = 1 << 15;

impl Dir {
    /// The table of values below 2^15 - 1.
    pub(crate) fn new(prefixes: &[(Prefix, u32)]) -> Self {
        let mut dir = Self { first: vec![0; 1 << 24], longer: Vec::new() };
        let mut by_length = prefixes.to_vec();
        by_length.sort_by_key(|(prefix, _)| prefix.length());
        for (prefix, value) in by_length {
            let IpAddr::V4(address) = prefix.address() else { continue };
            let value = u16::try_from(value + 1).expect("a small value");
            let (at, length) = (address.to_bits() as usize, prefix.length());
            if length <= 24 {
                dir.first[at >> 8..][..1 << (24 - length)].fill(value);
            } else {
                let start = dir.block(at >> 8) * 256 + (at & 255);
                dir.longer[start..][..1 << (32 - length)].fill(value);
            }
        }
        dir
    }

    fn block(&mut self, first: usize) -> usize {
        let entry = self.first[first];
        if entry & LONGER != 0 {
            return usize::from(entry ^ LONGER);
        }
        let block = self.longer.len() / 256;
        self.longer.extend([entry; 256]);
        self.first[first] = LONGER | u16::try_from(block).expect("few routes are longer than /24");
        block
    }

    #[inline]
    pub(crate) fn lookup(&self, address: Ipv4Addr) -> Option<u32> {
        let address = address.to_bits() as usize;
        let mut entry = self.first[address >> 8];
        if entry & LONGER != 0 {
            entry = self.longer[usize::from(entry ^ LONGER) * 256 + (address & 255)];
        }
        u32::from(entry).checked_sub(1)
    }
}
