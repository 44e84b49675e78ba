//! The host's device that is taken in front of it.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::number;

/// How it stands.
pub(in crate::cli) fn fabric(answer: wire::FabricState) -> report::Fabric {
    let wire::FabricState { phase, device, interface_name, mac, left_ms, addresses, routes, neighbours } = answer;
    let state = match phase {
        wire::FabricPhase::ABSENT => "absent",
        wire::FabricPhase::UNCONFIRMED => "unconfirmed",
        wire::FabricPhase::HELD => "held",
        _ => "giving-back",
    };
    let (interface, left_ms) = (interface_name, left_ms.map(number));
    report::Fabric { state, device, interface, mac, left_ms, addresses, routes, neighbours }
}

/// What was done, or would be.
pub(in crate::cli) fn fabric_deed(answer: wire::FabricDeed, dry_run: bool) -> report::FabricDeed {
    let wire::FabricDeed { steps, warnings, fabric: state } = answer;
    report::FabricDeed { dry_run, steps, warnings, fabric: fabric(state) }
}
