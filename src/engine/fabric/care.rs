//! What is held is kept right.

use crate::engine::conductor::Conductor;
use crate::engine::events::Cause;
use crate::fabric::{Phase, Step, mend};

use super::configured::AGAIN;
use super::crossing::{Crossing, of};

impl Conductor {
    /// The host's end has a carrier exactly if the card has one: routing daemons, bonds and the kernel's own routes
    /// (`linkdown`) go by it.
    pub(super) fn follow_carrier(&mut self) {
        let (Some(holding), Some(site)) = (&self.fabric.holding, self.platform.fabric()) else { return };
        let record = &holding.record;
        if record.phase != Phase::Held {
            return;
        }
        match site.follow_carrier(record) {
            Ok(None) => {}
            Ok(Some(true)) => tracing::info!("{} has a carrier again, and so has {}", record.device.name, record.host),
            Ok(Some(false)) => tracing::warn!("{} has no carrier, nor has {} now", record.device.name, record.host),
            Err(error) => tracing::error!("{} does not show the carrier of the wire: {error}", record.host),
        }
    }

    /// Who flushes all of nftables lets the host's stack hear everything twice.
    pub(super) fn watch_fabric(&mut self) {
        self.follow_carrier();
        let (Some(holding), Some(site)) = (&self.fabric.holding, self.platform.fabric()) else { return };
        let record = &holding.record;
        if record.phase != Phase::Held || site.is_shut().is_ok_and(|is_shut| is_shut) {
            return;
        }
        match site.perform(&Step::Shut, record) {
            Ok(()) => {
                tracing::warn!(device = %record.device.name, "our table of nftables was gone, and is there again");
            }
            Err(error) => tracing::error!("the host hears everything twice: {error}"),
        }
    }

    /// Writes down what is held, or that nothing is.
    pub(super) fn write_fabric_down(&mut self) {
        let now = self.clock.now();
        let Some(site) = self.platform.fabric() else { return };
        let record = self.fabric.holding.as_ref().map(|holding| &holding.record);
        match site.note(record) {
            Ok(()) if self.fabric.unwritten.take().is_some() => tracing::info!("the fabric's journal is right again"),
            Ok(()) => {}
            Err(error) => self.fabric.not_written(error.to_string(), now),
        }
    }

    /// Takes in what others have changed at the tap.
    pub(super) fn refresh_fabric(&mut self) {
        self.follow_carrier();
        let (Some(holding), Some(site)) = (&mut self.fabric.holding, self.platform.fabric()) else { return };
        let record = &mut holding.record;
        if record.phase != Phase::Held {
            return;
        }
        let (device, host) = (record.device.name, record.host);
        let observed = site.cards().and_then(|cards| Ok((cards, site.observe(device, host)?)));
        let (cards, observed) = match observed {
            Ok(observed) => observed,
            Err(error) => return tracing::error!("cannot see what is at {host}: {error}"),
        };
        // What it was bound to is gone, whatever has its name now.
        let place = record.find(&cards);
        if place.is_none_or(|place| place.index != record.device.index) {
            if place.is_none() && self.fabric.stuck.is_some() {
                return;
            }
            tracing::error!("{device} is gone, or new: the host gets back what it had on it when it is there");
            self.retake_fabric(&format!("{device} was gone"));
            return self.let_go_of_fabric(Cause::Kernel);
        }
        let now = site.now();
        holding.cut_off |= record.is_cut_off(&observed, now);
        if holding.cut_off {
            let Some(tap) = &observed.host else {
                tracing::error!("somebody has deleted {host}: the host gets its device back");
                self.retake_fabric(&format!("somebody has deleted {host}"));
                return self.let_go_of_fabric(Cause::Kernel);
            };
            if !tap.up {
                return tracing::warn!("{host} is down: the host has no network by it");
            }
            if let Err(failed) = mend(site, record, &observed) {
                self.fabric.look = Some(self.clock.now() + AGAIN);
                return tracing::error!("{host} was down, and lacks what it had: {failed}");
            }
            holding.cut_off = false;
            tracing::info!(interface = %host, "it was down, and has again what it had");
            // What comes of this is looked at when the kernel tells of it.
            return;
        }
        if !record.refresh(&observed, now) {
            return;
        }
        tracing::info!(interface = %host, "what is on it has changed, and is written down");
        let fabric = of(record);
        Crossing { site, dataplane: &mut self.dataplane, plan: &mut self.plan }.plan_with(Some(fabric));
        self.write_fabric_down();
    }
}
