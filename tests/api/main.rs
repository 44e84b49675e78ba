//! The API as clients meet it: the real server on real sockets, with a scripted conductor behind it.

// Tests panic when something is not as expected, helpers too.
#![allow(clippy::unwrap_used)]

mod bounds;
mod conductor;
mod daemon;
mod events;
mod golden;
mod hostile;
mod metrics;
mod own;
mod peer;
mod python;
mod rest;
mod wire;
