//! Made by `scripts/gen-thrift` from `thrift/*.thrift`; never edited by hand.
//!
//! The meaning of each type and method is written there.

#[allow(
    missing_docs,
    missing_debug_implementations,
    non_camel_case_types,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used
)]
pub mod instance_service;
#[allow(missing_docs, missing_debug_implementations, clippy::all, clippy::pedantic, clippy::unwrap_used)]
pub mod virtual_gateway;
