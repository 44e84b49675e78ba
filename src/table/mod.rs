//! Longest-prefix match over IPv4 and IPv6.
//!
//! From a few routes, which are simply compared, to a full Internet table behind a dense root, in
//! the line of Poptrie (Asai, Ohara, SIGCOMM 2015). Unlike that it is persistent: clones share their
//! memory, and a change copies only the page that holds the route and the pointers that lead to it.
//! So a table of any size is published by cloning it, and whoever reads an older clone is not
//! disturbed. `docs/decisions/table.md` says why.
//!
//! From the outside inwards: a [`PrefixTable`] has a [`tree`] for each family; that begins with a
//! [`root`] if it is large; then come [`slot`]s, as branches or [`page`]s; a page has [`routes`] and
//! [`node`]s.

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
