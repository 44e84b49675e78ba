//! Longest-prefix match over IPv4 and IPv6.
//!
//! From a few routes, which are simply compared, to a full Internet table behind a dense root, in
//! the line of Poptrie (Asai, Ohara, SIGCOMM 2015). Unlike that it is persistent: clones share their
//! memory, and a change makes anew only the page that holds the route and what leads to it. So a
//! table of any size is published by cloning it, and whoever reads an older clone is not disturbed.
//! `docs/decisions/table.md` says why.
//!
//! From the outside inwards: a [`PrefixTable`] has a `tree` for each family; few routes are one
//! `page`, many lie below a `root` in a `heap`; then come `slot`s, as `branch`es or pages; a
//! page has `routes` and `node`s.

mod branch;
mod heap;
mod key;
mod node;
mod page;
mod prefix_table;
mod root;
mod routes;
mod slot;
mod tree;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use prefix_table::{Index, PrefixTable};
