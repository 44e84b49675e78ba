//! What is shown of a card.

use std::time::Duration;

use crate::addr::{InterfaceName, Mac};
use crate::clock::Moment;
use crate::fabric::{Holding, State};

/// A card that is held, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricView {
    /// How it stands.
    pub state: State,
    /// What is held.
    pub held: Option<HeldView>,
    /// Time until it is given back unless it is confirmed.
    pub left: Option<Duration>,
}

/// What is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldView {
    /// The card.
    pub device: InterfaceName,
    /// The host's tap in its place.
    pub interface: InterfaceName,
    /// The MAC address of both.
    pub mac: Mac,
    /// The addresses that were moved, as `ip` shows them.
    pub addresses: Vec<String>,
    /// The routes that were moved, as `ip` shows them.
    pub routes: Vec<String>,
    /// The permanent neighbours that were moved.
    pub neighbours: Vec<String>,
}

/// What was done to a card, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FabricDeed {
    /// The steps, in order.
    pub steps: Vec<String>,
    /// What names the card and does not follow.
    pub warnings: Vec<String>,
    /// How it stands now.
    pub fabric: FabricView,
}

impl FabricView {
    pub(super) fn of(holding: Option<&Holding>, now: Moment) -> Self {
        let Some(holding) = holding else { return Self { state: State::Absent, held: None, left: None } };
        let record = &holding.record;
        let routes = record.routes.iter().filter(|route| route.uses(record.device.index));
        let held = HeldView {
            device: record.device.name,
            interface: record.host,
            mac: record.mac,
            addresses: record.addresses.iter().map(ToString::to_string).collect(),
            routes: routes.map(ToString::to_string).collect(),
            neighbours: record.neighbours.iter().map(ToString::to_string).collect(),
        };
        let left = holding.deadline().map(|until| if until > now { until - now } else { Duration::ZERO });
        Self { state: holding.state(), held: Some(held), left }
    }
}
