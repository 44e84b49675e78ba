//! The way to the daemon.

use std::path::Path;
use std::time::Duration;

use crate::api::Client;
use crate::api::generated::virtual_gateway::TVirtualGatewaySyncClient;

use super::failure::Failure;

/// An answer may take as long as a change of thousands of gateways does.
const PATIENCE: Duration = Duration::from_secs(120);

/// Connects to the daemon's socket and asks.
///
/// # Errors
/// Nobody answers there, or why the question came to nothing.
pub fn ask<T>(
    socket: &Path,
    question: impl FnOnce(&mut dyn TVirtualGatewaySyncClient) -> Result<T, Failure>,
) -> Result<T, Failure> {
    Client::connect(socket, PATIENCE)?.call(|daemon| Ok(question(daemon)))?
}
