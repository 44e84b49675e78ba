//! The real kernel, in network namespaces of the tests' own. Needs root (`CAP_SYS_ADMIN` and
//! `CAP_NET_ADMIN`) and /dev/net/tun; without them the tests fail, they do not skip.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod foreign_state;
mod host_state;
mod lab;
mod tap;
