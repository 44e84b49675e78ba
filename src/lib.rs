//! vgw, the virtual gateway: a userspace dataplane that gives isolated virtual networks a way to
//! the public network on the compute node itself.
//!
//! The crate is built in strata; each room uses only the rooms above it in this list
//! (`tests/layering.rs` holds the exact table and fails on a wrong edge).
//!
//! **Core**: no clock, no file descriptor, no thread, no `unsafe`. It is handed `now`, bytes and
//! the inputs of its decisions, and returns values.
//!
//! - [`addr`]: prefixes, MACs, interface and instance names; parsed once, valid for ever.
//! - [`packet`]: a checked view of a frame with its offload header; in-place edits; builders of
//!   ARP, neighbour discovery and ICMP messages.
//! - [`table`]: the longest-prefix-match table.
//! - [`routing`]: routes, next hops, routing instances.
//! - [`capture`]: looking at packets: filters, a line for people, the file format of other tools.
//! - [`forward`]: what to do with a frame: [`forward::Forwarder::process`] returns a verdict.
//! - [`host`]: what we want of the host's kernel, as data, and the difference to what is there.
//! - [`fabric`]: the host's own network card, taken in front of the host and given back.
//! - [`gateway`]: the product: what was asked for, the audit window, and what follows from both.
//! - [`doctor`]: what is wrong with the host when something does not work.
//!
//! **Shell**: effects, one kind a folder.
//!
//! - [`config`]: the configuration file and its drop-ins, checked as a whole; OpenContrail's.
//! - [`engine`]: threads and who owns what.
//! - [`sys`]: taps, packet sockets, netlink, clocks, signals; the only `unsafe`.
//! - [`api`]: the two Thrift services.
//! - [`cli`]: the command line and its renderers.
//! - [`daemon`]: the daemon's flags, log and listeners.

// Only `sys` makes system calls by hand. `forbid` cannot be lifted further in.
#[forbid(unsafe_code)]
pub mod addr;
#[forbid(unsafe_code)]
pub mod api;
#[forbid(unsafe_code)]
pub mod capture;
#[forbid(unsafe_code)]
pub mod cli;
#[forbid(unsafe_code)]
pub mod clock;
#[forbid(unsafe_code)]
pub mod config;
#[forbid(unsafe_code)]
pub mod daemon;
#[forbid(unsafe_code)]
pub mod doctor;
#[forbid(unsafe_code)]
pub mod engine;
#[forbid(unsafe_code)]
pub mod fabric;
#[forbid(unsafe_code)]
pub mod forward;
#[forbid(unsafe_code)]
pub mod gateway;
#[forbid(unsafe_code)]
pub mod host;
#[forbid(unsafe_code)]
pub mod packet;
#[forbid(unsafe_code)]
pub mod routing;
pub mod sys;
#[forbid(unsafe_code)]
pub mod table;
