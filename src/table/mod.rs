//! Longest-prefix match over IPv4 and IPv6.
//!
//! A path-compressed multibit trie in the line of Tree Bitmap (Eatherton, Varghese, Dittia, CCR
//! 34(2), 2004) and Poptrie (Asai, Ohara, SIGCOMM 2015): a node decides six bits of the address,
//! and bitmaps with a population count stand in for empty places. Unlike those it is persistent:
//! clones share their nodes, and a change copies only the nodes on the path to it and their
//! siblings. So a table of any size is published by cloning it, and whoever reads an older clone is
//! not disturbed.

mod interner;
mod iter;
mod key;
mod node;
mod prefix_table;
mod sparse;
mod trie;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use interner::Interner;
pub use prefix_table::PrefixTable;
