//! The host's kernel as [`crate::host::Kernel`].

mod failed;
mod held;
mod links;
mod linux;
mod masquerade;
mod news;
mod observe;
mod originals;
mod removal;
mod reread;
mod resume;
mod routes;
mod settings;
mod survey;
mod way;

pub use linux::{LinuxKernel, TapSettings};
