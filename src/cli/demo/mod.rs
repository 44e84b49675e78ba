//! `vgw demo`: guests, a compute node and outside hosts in network namespaces, and the gateway at
//! work among them. It plays the operator: it runs `ip`, `ping` and the provisioning script, and asks
//! the daemon as everybody does.

mod daemon;
mod error;
mod lab;
mod namespace;
mod ping;
mod screen;
mod shell;
mod show;
mod snapshot;
mod story;
mod transfer;

pub use show::show;
