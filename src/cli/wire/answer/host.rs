//! What of the kernel is the daemon's.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

/// An object in the kernel.
pub(in crate::cli) fn host_object(answer: wire::HostObject) -> report::HostObject {
    let wire::HostObject { object, purpose, owners, state } = answer;
    let state = match state {
        wire::ObjectState::IN_PLACE => report::ObjectState::InPlace,
        wire::ObjectState::MISSING => report::ObjectState::Missing,
        wire::ObjectState::DIFFERS => report::ObjectState::Differs,
        wire::ObjectState::LEFT_OVER => report::ObjectState::LeftOver,
        _ => report::ObjectState::Unknown,
    };
    report::HostObject { object, purpose, owners, state }
}

/// A change of the kernel.
pub(in crate::cli) fn step(answer: wire::HostStep) -> report::Step {
    let wire::HostStep { command, owners } = answer;
    report::Step { command, owners }
}
