//! The steps that are the forwarder's, in between those that are the kernel's.

use std::net::IpAddr;

use crate::addr::InterfaceName;
use crate::engine::dataplane::Dataplane;
use crate::engine::device::Device;
use crate::fabric::{Card, Observed, Record, Site, SiteError, Step};
use crate::gateway::{Fabric, FabricEnd, Plan};

/// A device's queues, one for each worker.
pub type Queues = Vec<Box<dyn Device>>;

/// The kernel, and the queues of the two devices.
pub trait FabricSite: Site {
    /// The queues of the card and of the tap, one for each worker, after [`Step::Join`]. They are
    /// closed before [`Step::Part`] is done.
    fn take_queues(&mut self) -> (Queues, Queues);

    /// Looks whether what steps need beside the kernel is there.
    ///
    /// # Errors
    /// What is missing.
    fn check(&self) -> Result<(), SiteError>;

    /// True if the host's stack does not hear the card, as [`Step::Shut`] has made it.
    ///
    /// # Errors
    /// The kernel does not tell.
    fn is_shut(&self) -> Result<bool, SiteError>;

    /// The lines of the packet filter that name a device; empty where it cannot be read.
    fn filters(&self, device: InterfaceName) -> Vec<String>;

    /// Writes the record down, as [`Step::Write`] does, or throws away what is, as [`Step::Forget`].
    ///
    /// # Errors
    /// The disk.
    fn note(&mut self, record: Option<&Record>) -> Result<(), SiteError>;

    /// Makes the tap show a carrier exactly if the card has one. What it shows now, if it has shown something else.
    ///
    /// # Errors
    /// The kernel refuses. If it never can, that is said once.
    fn follow_carrier(&mut self, record: &Record) -> Result<Option<bool>, SiteError>;
}

/// A site whose two devices are the forwarder's.
pub(super) struct Crossing<'a> {
    pub(super) site: &'a mut dyn FabricSite,
    pub(super) dataplane: &'a mut Dataplane,
    pub(super) plan: &'a mut Plan,
}

impl Crossing<'_> {
    fn join(&mut self, record: &Record) -> Result<(), SiteError> {
        self.plan_with(Some(of(record)));
        let (wire, host) = self.site.take_queues();
        for (end, queues) in [(FabricEnd::Wire, wire), (FabricEnd::Host, host)] {
            let name = if end == FabricEnd::Wire { record.device.name } else { record.host };
            let wanted = self.plan.want().ports.get(&name).cloned();
            let wanted = wanted.ok_or_else(|| SiteError(format!("{name} is no port of the forwarder's")))?;
            self.dataplane.attach(name, &wanted, record.mtu, queues);
        }
        self.dataplane.barrier();
        Ok(())
    }

    fn part(&mut self) {
        self.plan_with(None);
        self.dataplane.barrier();
    }

    /// Tells the forwarder what the fabric is now.
    pub(super) fn plan_with(&mut self, fabric: Option<Fabric>) {
        let mut registry = self.plan.registry().clone();
        registry.set_fabric(fabric);
        *self.plan = self.plan.then(registry, self.plan.surroundings().clone());
        let want = self.plan.want();
        self.dataplane.expect(&want.ports);
        self.dataplane.publish_additions(&want.instances);
        self.dataplane.update_ports();
        self.dataplane.publish_removals(&want.instances);
    }
}

/// What the forwarder has to know of a card that is held.
pub(super) fn of(record: &Record) -> Fabric {
    let routes = || record.routes.iter().filter(|route| route.uses(record.device.index) && route.is_in_main());
    let routers = routes().filter(|route| route.destination().is_some_and(|to| to.length() == 0));
    Fabric {
        wire: record.device.name,
        host: record.host,
        mac: record.mac,
        addresses: record.addresses.iter().filter_map(|address| address.ip()).filter(is_routable).collect(),
        connected: routes().filter(|route| route.is_on_link()).filter_map(|route| route.destination()).collect(),
        routers: routers.flat_map(|route| route.routers(record.device.index)).collect(),
    }
}

/// Link-local addresses are nobody's to route to.
fn is_routable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_link_local(),
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    }
}

impl Site for Crossing<'_> {
    fn observe(&mut self, device: InterfaceName, host: InterfaceName) -> Result<Observed, SiteError> {
        self.site.observe(device, host)
    }

    fn perform(&mut self, step: &Step, record: &Record) -> Result<(), SiteError> {
        if *step == Step::Part {
            self.part();
        }
        self.site.perform(step, record)?;
        if *step == Step::Join { self.join(record) } else { Ok(()) }
    }

    fn cards(&mut self) -> Result<Vec<Card>, SiteError> {
        self.site.cards()
    }

    fn now(&self) -> u64 {
        self.site.now()
    }
}
