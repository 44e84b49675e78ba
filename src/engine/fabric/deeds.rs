//! Taking, confirming, giving back.

use std::time::Duration;

use crate::addr::InterfaceName;
use crate::engine::command::{Caller, Failure};
use crate::engine::conductor::Conductor;
use crate::engine::events::{Deed, Happening};
use crate::fabric::{
    Failed, Holding, Phase, Record, Refusal, SiteError, Step, Wanted, give, return_steps, take, take_over, warnings,
};

use super::crossing::{Crossing, of};
use super::view::{FabricDeed, FabricView};

/// A request to take a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeFabric {
    /// What is taken.
    pub wanted: Wanted,
    /// It is given back unless it is confirmed within this time; `None` takes it for good.
    pub confirm: Option<Duration>,
    /// Nothing is done.
    pub dry: bool,
}

impl Conductor {
    /// Takes a card, or says what that would come to.
    pub(in crate::engine) fn take_fabric(&mut self, caller: &Caller, asked: TakeFabric) -> Result<FabricDeed, Failure> {
        let Wanted { device, interface } = asked.wanted;
        self.check_fabric(device, interface)?;
        let site = self.platform.fabric().ok_or_else(no_site)?;
        site.check().map_err(|error| Failure::Device(error.to_string()))?;
        let observed = site.observe(device, interface).map_err(|error| cannot_look(device, &error))?;
        let found = Refusal::check(device, interface, &observed).map_err(Failure::Fabric)?;
        let mut record = Record::of(found, interface, &observed, site.now());
        if *caller == Caller::Configuration && of(&record).addresses.is_empty() {
            return Err(Failure::Fabric(Refusal::Bare(device)));
        }
        let filters = site.filters(device);
        let warnings: Vec<_> = warnings(&record, &observed, &filters).iter().map(ToString::to_string).collect();
        let steps = texts(&take_over(&record, &observed), &record);
        if !asked.dry {
            let (dataplane, plan) = (&mut self.dataplane, &mut self.plan);
            let taken = take(&mut Crossing { site, dataplane, plan }, &mut record, &observed);
            let now = self.clock.now();
            if let Err(failed) = taken {
                self.mirror.doubt();
                failed.kept.iter().for_each(|error| self.fabric.not_written(error.to_string(), now));
                if !failed.left.is_empty() {
                    // What is written down stays, and is given back as soon as that can be done.
                    record.phase = Phase::GivingBack;
                    self.fabric.holding = Some(Holding::new(record, now, None));
                    self.fabric.fail(failed.to_string(), now);
                }
                return Err(Failure::FabricStep(failed));
            }
            (self.fabric.waiting, self.fabric.unwritten) = (None, None);
            self.fabric.holding = Some(Holding::new(record, now, asked.confirm));
            self.follow_carrier();
            // Another way leads out of the host now: what passes it is let through before anybody is told.
            self.settle_anyhow(self.plan.registry().clone());
            tracing::info!(%caller, %device, %interface, confirm = ?asked.confirm, "the fabric's device is taken");
            self.recorder.record(caller.into(), Happening::new("fabric", device.to_string(), Deed::Taken));
            warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        }
        Ok(FabricDeed { steps, warnings, fabric: self.fabric_view() })
    }

    /// What is ours already cannot be taken.
    fn check_fabric(&self, device: InterfaceName, interface: InterfaceName) -> Result<(), Failure> {
        if let Some(holding) = &self.fabric.holding {
            return Err(Failure::Fabric(Refusal::Held(holding.record.device.name)));
        }
        if let Some(unread) = &self.fabric.unread {
            return Err(Failure::Device(format!("it is not known what an earlier vgwd has taken: {unread}")));
        }
        let registry = self.plan.registry();
        for name in [device, interface] {
            let gateway = registry.gateway(&name).map(|_| format!("gateway {name}"));
            let port = registry.port(&name).map(|_| format!("port {name}"));
            let uplink = registry.uplinks().find(|uplink| uplink.spec.device == name && name == device);
            let uplink = uplink.map(|uplink| format!("uplink {}, which must name {interface}", uplink.spec.name));
            if let Some(user) = gateway.or(port).or(uplink) {
                return Err(Failure::Fabric(Refusal::InUse(name, user)));
            }
        }
        Ok(())
    }

    /// Makes what was taken last. `None` if nothing is.
    pub(in crate::engine) fn confirm_fabric(&mut self, caller: &Caller) -> Result<FabricView, Failure> {
        let holding = self.fabric.holding.as_mut().ok_or(Failure::Fabric(Refusal::NotHeld))?;
        if holding.confirm() {
            tracing::info!(%caller, device = %holding.record.device.name, "the fabric's device is held for good");
            let device = holding.record.device.name.to_string();
            self.recorder.record(caller.into(), Happening::new("fabric", device, Deed::Confirmed));
        }
        Ok(self.fabric_view())
    }

    /// Gives a card back, or says what that would come to.
    pub(in crate::engine) fn give_fabric_back(&mut self, caller: &Caller, dry: bool) -> Result<FabricDeed, Failure> {
        let holding = self.fabric.holding.as_ref().ok_or(Failure::Fabric(Refusal::NotHeld))?;
        let (device, host) = (holding.record.device.name, holding.record.host);
        let uplink = self.plan.registry().uplinks().find(|uplink| uplink.spec.device == host);
        if let Some(uplink) = uplink {
            let user = format!("uplink {}, which goes first", uplink.spec.name);
            return Err(Failure::Fabric(Refusal::InUse(host, user)));
        }
        let steps = if dry { self.rehearse_release()? } else { self.release_fabric().map_err(Failure::FabricStep)? };
        if !dry {
            self.settle_anyhow(self.plan.registry().clone());
            tracing::info!(%caller, %device, "given back");
            self.recorder.record(caller.into(), Happening::new("fabric", device.to_string(), Deed::GivenBack));
        }
        Ok(FabricDeed { steps, warnings: Vec::new(), fabric: self.fabric_view() })
    }

    /// The steps by which the card would be given back, in words.
    fn rehearse_release(&mut self) -> Result<Vec<String>, Failure> {
        let Some(holding) = &self.fabric.holding else { return Ok(Vec::new()) };
        let (mut record, is_held) = (holding.record.clone(), holding.is_faithful());
        let site = self.platform.fabric().ok_or_else(no_site)?;
        let mut steps = return_steps(site, &mut record, is_held).map_err(Failure::FabricStep)?;
        steps.push(Step::Forget);
        Ok(texts(&steps, &record))
    }

    /// Gives a card back: the steps, in words. What fails is logged, shown as a problem and tried again.
    pub(in crate::engine) fn release_fabric(&mut self) -> Result<Vec<String>, Failed> {
        let Some(mut holding) = self.fabric.holding.take() else { return Ok(Vec::new()) };
        let (device, now) = (holding.record.device.name, self.clock.now());
        let is_held = holding.is_faithful();
        let Some(site) = self.platform.fabric() else { return Ok(Vec::new()) };
        let (dataplane, plan) = (&mut self.dataplane, &mut self.plan);
        let done = give(&mut Crossing { site, dataplane, plan }, &mut holding.record, is_held);
        self.mirror.doubt();
        self.vigil.schedule.heard(now);
        let before = self.fabric.stuck.take().map(|(reason, _)| reason);
        match done {
            Ok(given) => {
                self.fabric.unwritten = None;
                given.kept.iter().for_each(|error| self.fabric.not_written(error.to_string(), now));
                Ok(texts(&given.steps, &holding.record))
            }
            Err(failed) => {
                let reason = failed.to_string();
                if before.as_ref() != Some(&reason) {
                    tracing::error!(%device, "not given back as it was: {reason}");
                }
                holding.confirm();
                self.fabric.holding = Some(holding);
                self.fabric.fail(reason, now);
                Err(failed)
            }
        }
    }

    /// How it stands.
    pub(in crate::engine) fn fabric_view(&self) -> FabricView {
        FabricView::of(self.fabric.holding.as_ref(), self.clock.now())
    }
}

fn texts(steps: &[Step], record: &Record) -> Vec<String> {
    steps.iter().map(|step| step.text(record)).collect()
}

fn no_site() -> Failure {
    Failure::Device("devices of the host cannot be taken here".to_owned())
}

fn cannot_look(device: InterfaceName, error: &SiteError) -> Failure {
    Failure::Device(format!("cannot look at {device}: {error}"))
}
