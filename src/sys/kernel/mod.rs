//! The host's kernel as [`crate::host::Kernel`].

mod failed;
mod links;
mod linux;
mod observe;
mod originals;
mod settings;

pub use linux::LinuxKernel;
