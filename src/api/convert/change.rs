//! Changes of one thing, and what they would come to.

use crate::api::generated::virtual_gateway as wire;
use crate::engine::{Change, ImportView, ObjectState, ObjectView, RehearsalView, StepView};
use crate::gateway::{Addressing, UplinkSpec};

use super::failure::Identity;
use super::fault::Fault;
use super::read::{instance_name, interface_name, prefix, uplink_name, uuid};
use super::request::{gateway, network, port, route, uplink};
use super::view::outcome;

/// Reads a change.
pub(crate) fn change(request: &wire::Change) -> Result<Change, Fault> {
    match request {
        wire::Change::AddGateway(request) => gateway(request).map(Change::AddGateway),
        wire::Change::DeleteGateway(name) => interface_name("interface_name", name).map(Change::DeleteGateway),
        wire::Change::AddPort(request) => port(request).map(Change::AddPort),
        wire::Change::DeletePort(name) => interface_name("name", name).map(Change::DeletePort),
        wire::Change::AddUplink(request) => uplink(request).map(Change::AddUplink),
        wire::Change::DeleteUplink(name) => uplink_name("name", name).map(Change::DeleteUplink),
        wire::Change::AddRoute(request) => route(request).map(Change::AddRoute),
        wire::Change::DeleteRoute(wire::RouteName { routing_instance, prefix: destination }) => {
            let instance = instance_name(routing_instance)?;
            let prefix = prefix(&instance, "prefix", destination)?;
            Ok(Change::DeleteRoute(instance, prefix))
        }
        wire::Change::AddNetwork(request) => network(request).map(Change::AddNetwork),
        wire::Change::DeleteNetwork(id) => uuid("id", id).map(Change::DeleteNetwork),
    }
}

/// How the request of a change spells the identity of what is changed.
pub(crate) fn identity(change: &Change) -> Identity {
    match change {
        Change::AddGateway(_) | Change::DeleteGateway(_) => Identity::InterfaceName,
        Change::AddPort(_) | Change::DeletePort(_) | Change::AddUplink(_) | Change::DeleteUplink(_) => Identity::Name,
        Change::AddRoute(_) | Change::DeleteRoute(..) => Identity::Prefix,
        Change::AddNetwork(_) | Change::DeleteNetwork(_) => Identity::Id,
    }
}

/// What a change would come to.
pub(crate) fn rehearsal(view: RehearsalView) -> wire::Rehearsal {
    let RehearsalView { applied, steps } = view;
    wire::Rehearsal { outcome: outcome(applied), steps: steps.into_iter().map(host_step).collect() }
}

/// A step.
pub(crate) fn host_step(view: StepView) -> wire::HostStep {
    let StepView { command, owners } = view;
    wire::HostStep { command, owners }
}

/// Somebody's uplink.
pub(crate) fn foreign_uplink(view: ImportView) -> wire::ForeignUplink {
    let ImportView { layout, uplink, table: former, steps, hindrance } = view;
    wire::ForeignUplink {
        layout: layout.as_str().to_owned(),
        uplink: uplink_as_asked(uplink),
        foreign_table: former.into(),
        steps: steps.into_iter().map(host_step).collect(),
        hindrance,
    }
}

/// An uplink as a request would ask for it.
fn uplink_as_asked(spec: UplinkSpec) -> wire::Uplink {
    let UplinkSpec { name, device, addressing, table } = spec;
    let (attachment, lease) = match addressing {
        Addressing::Fixed(attachment) => (Some(attachment), None),
        Addressing::Leased(family) => (None, Some(family)),
    };
    wire::Uplink {
        name: name.to_string(),
        device: device.to_string(),
        address: attachment.map(|attachment| attachment.address.to_string()),
        via: attachment.map(|attachment| attachment.via.to_string()),
        table: table.map(i64::from),
        lease: lease.map(|family| family.to_string()),
    }
}

/// An object in the kernel.
pub(crate) fn host_object(view: ObjectView) -> wire::HostObject {
    let ObjectView { object, purpose, owners, state } = view;
    let state = match state {
        ObjectState::InPlace => wire::ObjectState::IN_PLACE,
        ObjectState::Missing => wire::ObjectState::MISSING,
        ObjectState::Differs => wire::ObjectState::DIFFERS,
        ObjectState::LeftOver => wire::ObjectState::LEFT_OVER,
    };
    wire::HostObject { object, purpose: purpose.to_owned(), owners, state }
}
