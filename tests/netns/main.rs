//! The real kernel, in network namespaces of the tests' own. Needs root (`CAP_SYS_ADMIN` and
//! `CAP_NET_ADMIN`) and /dev/net/tun; without them the tests fail, they do not skip.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod anycast;
mod attach;
mod audit;
mod batches;
mod behind;
mod calls;
mod cli;
mod compute;
mod daemon;
mod dhcp;
mod doctor;
mod errors;
mod foreign_state;
mod forwarding;
mod guest_services;
mod hooks;
mod host_state;
mod import;
mod isolation;
mod lab;
mod lease;
mod lifecycle;
mod masquerade;
mod moving;
mod multihomed;
mod namespace;
mod offloads;
mod provider;
mod provision;
mod reload;
mod repair;
mod rules;
mod segmentation;
mod site;
mod sniffer;
mod start;
mod storm;
mod tap;
mod traffic;
mod uplink;
mod weights;
