//! Every hand-written system call and all configuration of the kernel; the only `unsafe` code.

mod bell;
mod clock;
mod credentials;
mod doctor;
mod dynamic;
pub mod fabric;
mod guest;
mod guests;
mod kept;
pub mod kernel;
mod leases;
mod namespaces;
pub mod netlink;
mod nft;
mod packet_socket;
mod platform;
mod process;
pub mod processor;
pub mod rights;
mod ring;
pub mod sandbox;
mod service;
mod sysctl;
mod table_names;
mod tap;

pub use clock::MonotonicClock;
pub use credentials::{peer_credentials, refuse_descriptors};
pub use doctor::ThisHost;
pub use guest::PlaceError;
pub use kept::Kept;
pub use packet_socket::PacketSocket;
pub use platform::LinuxPlatform;
pub use process::{NamespaceLock, StateDirectory, StateError, process_use, raise_descriptor_limit};
pub use ring::transfers;
pub use service::{DescriptorStore, ServiceManager, Standing, given_descriptors};
pub use tap::{Tap, TapError};
