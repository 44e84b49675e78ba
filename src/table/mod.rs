//! Longest-prefix match over IPv4 and IPv6.

mod prefix_table;

pub use prefix_table::PrefixTable;
