//! What was dropped, as the conductor shows it.

use std::time::Duration;

use crate::addr::{InstanceName, InterfaceName};
use crate::forward::{DropReason, Dropped};
use crate::gateway::Refusal;

use super::command::Failure;
use super::conductor::Conductor;

/// Which dropped packets are asked for: those that meet every condition that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DropQuery {
    /// Came in by this port.
    pub port: Option<InterfaceName>,
    /// Came in by a port of this routing instance.
    pub instance: Option<InstanceName>,
    /// Were dropped for this reason.
    pub reason: Option<DropReason>,
}

/// How many packets a port has dropped for a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropCountView {
    /// The port that they came in by.
    pub port: InterfaceName,
    /// Its routing instance.
    pub instance: Option<InstanceName>,
    /// Why.
    pub reason: DropReason,
    /// How many.
    pub packets: u64,
}

/// A packet that was dropped.
#[derive(Debug, Clone)]
pub struct DroppedView {
    /// When, on the wall clock: since 1970-01-01 00:00 UTC.
    pub time: Duration,
    /// The routing instance of its port; `None` if the port is gone.
    pub instance: Option<InstanceName>,
    /// The packet.
    pub packet: Dropped,
}

/// The last packets that were dropped.
#[derive(Debug, Clone, Default)]
pub struct LastDropsView {
    /// The packets, oldest first.
    pub packets: Vec<DroppedView>,
    /// Those that have made way for others since the last question, whatever it was about.
    pub missed: u64,
    /// Where each worker stands, for the next question.
    pub next: Vec<u64>,
}

impl DropQuery {
    fn wants(&self, port: &InterfaceName, instance: Option<&InstanceName>, reason: DropReason) -> bool {
        self.port.is_none_or(|wanted| wanted == *port)
            && self.instance.as_ref().is_none_or(|wanted| Some(wanted) == instance)
            && self.reason.is_none_or(|wanted| wanted == reason)
    }
}

impl Conductor {
    /// What the ports have counted, most first.
    pub(super) fn drops(&self, query: &DropQuery) -> Result<Vec<DropCountView>, Failure> {
        self.check(query)?;
        let mut counts = Vec::new();
        for (port, totals) in self.dataplane.totals() {
            let instance = self.dataplane.instance_of(&port);
            let wanted = totals.counters.drops().filter(|(reason, _)| query.wants(&port, instance.as_ref(), *reason));
            counts.extend(wanted.map(|(reason, packets)| DropCountView {
                port,
                instance: instance.clone(),
                reason,
                packets,
            }));
        }
        counts.sort_by_key(|count| (std::cmp::Reverse(count.packets), count.reason, count.port));
        Ok(counts)
    }

    /// What the workers remember.
    pub(super) fn last_drops(&self, query: &DropQuery, since: &[u64]) -> Result<LastDropsView, Failure> {
        self.check(query)?;
        let (now, time_of_day) = (self.clock.now(), self.clock.time_of_day());
        let mut view = LastDropsView::default();
        for (worker, told) in self.dataplane.last_drops(since).into_iter().enumerate() {
            view.next.push(told.next);
            if since.get(worker).is_some() {
                view.missed += told.missed;
            }
            for packet in told.packets {
                let instance = self.dataplane.instance_of(&packet.port);
                if query.wants(&packet.port, instance.as_ref(), packet.reason) {
                    let time = time_of_day.saturating_sub(now - packet.at);
                    view.packets.push(DroppedView { time, instance, packet });
                }
            }
        }
        view.packets.sort_by_key(|dropped| dropped.packet.at);
        Ok(view)
    }

    fn check(&self, query: &DropQuery) -> Result<(), Failure> {
        if let Some(port) = query.port.filter(|port| self.dataplane.port(port).is_none()) {
            return Err(Refusal::NotFound { kind: "port", name: port.to_string() }.into());
        }
        match &query.instance {
            Some(instance) if self.dataplane.instance_id(instance).is_none() => {
                Err(Refusal::UnknownInstance(instance.clone()).into())
            }
            _ => Ok(()),
        }
    }
}
