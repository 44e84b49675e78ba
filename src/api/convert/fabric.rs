//! The host's device that is taken in front of it, between wire and domain.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::engine::{FabricDeed, FabricView, TakeFabric};
use crate::fabric::{State, Wanted};

use super::fault::Fault;
use super::read::interface_name;

/// A device to be taken.
pub(crate) fn take_fabric(request: &wire::FabricRequest, dry: bool) -> Result<TakeFabric, Fault> {
    let device = interface_name("device", &request.device)?;
    let interface = request.interface_name.as_deref().unwrap_or(Wanted::INTERFACE);
    let wanted = Wanted { device, interface: interface_name("interface_name", interface)? };
    let confirm = request.confirm_ms.map(|time| Duration::from_millis(u64::try_from(time).unwrap_or_default()));
    Ok(TakeFabric { wanted, confirm, dry })
}

/// How a device stands.
pub(crate) fn fabric_state(view: FabricView) -> wire::FabricState {
    let phase = match view.state {
        State::Absent => wire::FabricPhase::ABSENT,
        State::Unconfirmed(_) => wire::FabricPhase::UNCONFIRMED,
        State::Held => wire::FabricPhase::HELD,
        State::GivingBack => wire::FabricPhase::GIVING_BACK,
    };
    let held = view.held;
    let text = |field: fn(&crate::engine::HeldView) -> String| held.as_ref().map(field);
    wire::FabricState {
        phase,
        device: text(|held| held.device.to_string()),
        interface_name: text(|held| held.interface.to_string()),
        mac: text(|held| held.mac.to_string()),
        left_ms: view.left.map(|left| i64::try_from(left.as_millis()).unwrap_or(i64::MAX)),
        addresses: held.as_ref().map(|held| held.addresses.clone()).unwrap_or_default(),
        routes: held.as_ref().map(|held| held.routes.clone()).unwrap_or_default(),
        neighbours: held.as_ref().map(|held| held.neighbours.clone()).unwrap_or_default(),
    }
}

/// What was done, or would be.
pub(crate) fn fabric_deed(deed: FabricDeed) -> wire::FabricDeed {
    wire::FabricDeed { steps: deed.steps, warnings: deed.warnings, fabric: fabric_state(deed.fabric) }
}
