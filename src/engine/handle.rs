//! The conductor seen from other threads.

use std::net::IpAddr;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use crate::addr::{InstanceName, InterfaceName, Prefix, Uuid};
use crate::gateway::{Applied, Declared, Difference, LeaseName};

use super::capture::{Capture, CaptureRequest};
use super::change::Change;
use super::command::{AddGateways, AddPorts, Caller, Command, Failure, ReloadError, Reply};
use super::drops::{DropCountView, DropQuery, LastDropsView};
use super::events::Events;
use super::fabric::{FabricDeed, FabricView, TakeFabric};
use super::routes::{RouteChanges, RouteOutcomes};
use super::trace::{Probe, TraceView};
use super::view::{ComparisonView, ImportView, LookupView, ObjectView, RehearsalView, RouteView, StatusView, StepView};

/// Asks the conductor and waits for its answer. A request that changes something is answered when
/// the kernel and every worker have it. Cheap to clone, one for each connection.
#[derive(Clone)]
pub struct Handle {
    commands: Sender<(Caller, Command)>,
    events: Events,
}

impl Handle {
    /// A handle on whoever receives and answers these commands.
    #[must_use]
    pub fn new(commands: Sender<(Caller, Command)>) -> Self {
        Self { commands, events: Events::default() }
    }

    /// The same, which tells of these events.
    #[must_use]
    pub fn telling(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// What has happened. Reading and waiting do not take up the conductor.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Adds gateways or changes them by the difference; the answers are in the order of `specs`.
    ///
    /// # Errors
    /// The daemon is stopping. Refused elements are errors inside the answer.
    pub fn add_gateways(&self, caller: &Caller, add: AddGateways) -> Result<Vec<Result<Applied, Failure>>, Failure> {
        self.ask(caller, |reply| Command::AddGateways(add, reply))
    }

    /// Deletes gateways; unknown names are [`Applied::Absent`].
    ///
    /// # Errors
    /// As [`Handle::add_gateways`].
    pub fn delete_gateways(
        &self,
        caller: &Caller,
        names: Vec<InterfaceName>,
    ) -> Result<Vec<Result<Applied, Failure>>, Failure> {
        self.ask(caller, |reply| Command::DeleteGateways(names, reply))
    }

    /// A controller has (re)connected: raises the version and starts its audit timer.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub fn connect(&self, caller: &Caller) -> Result<(), Failure> {
        self.ask(caller, Command::Connect)
    }

    /// Sets the timer of later connects, milliseconds: negative switches audits off, 0 fires at once.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub fn set_audit_timeout(&self, caller: &Caller, millis: i32) -> Result<(), Failure> {
        self.ask(caller, |reply| Command::SetAuditTimeout(millis, reply))
    }

    /// Adds ports for a compute service, or changes or confirms those that it has added; the answers are
    /// in the order of `ports`. A port whose interface is not there yet stands, and is attached when the
    /// interface appears.
    ///
    /// # Errors
    /// As [`Handle::add_gateways`].
    pub fn add_ports(&self, caller: &Caller, add: AddPorts) -> Result<Vec<Result<Applied, Failure>>, Failure> {
        self.ask(caller, |reply| Command::AddPorts(add, reply))
    }

    /// Deletes a compute service's port; an unknown one is [`Applied::Absent`].
    ///
    /// # Errors
    /// What the kernel refused, or the daemon is stopping; nothing has changed.
    pub fn delete_compute_port(&self, caller: &Caller, id: Uuid) -> Result<Applied, Failure> {
        self.ask(caller, |reply| Command::DeleteComputePort(id, reply))?
    }

    /// A compute service has (re)connected: raises the version of its ports and starts their audit.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub fn connect_ports(&self, caller: &Caller) -> Result<(), Failure> {
        self.ask(caller, Command::ConnectPorts)
    }

    /// Replaces what the configuration file defines, and the timers of later connects.
    ///
    /// # Errors
    /// Which element does not fit, or what the kernel refused; nothing has changed.
    pub fn reload(&self, declared: Declared, audit_timeout: Option<Duration>) -> Result<(), ReloadError> {
        self.ask(&Caller::Configuration, |reply| Command::Reload(Box::new(declared), audit_timeout, reply))?
    }

    /// What another configuration would change, and what would be done for it.
    ///
    /// # Errors
    /// Which element does not fit.
    pub fn compare(&self, caller: &Caller, declared: Declared) -> Result<ComparisonView, ReloadError> {
        self.ask(caller, |reply| Command::Compare(Box::new(declared), reply))?
    }

    /// Applies another configuration as [`Handle::reload`] does, and tells what it changed. With a time to
    /// confirm it, what stands now comes back when that is over without [`Handle::confirm`].
    ///
    /// # Errors
    /// As [`Handle::reload`], or another configuration is on trial.
    pub fn apply(
        &self,
        caller: &Caller,
        declared: Declared,
        timeout: Option<Duration>,
        confirm: Option<Duration>,
    ) -> Result<Vec<Difference>, ReloadError> {
        let declared = Box::new(declared);
        self.ask(caller, |reply| Command::Apply { declared, timeout, confirm, reply })?
    }

    /// Keeps the configuration that is on trial.
    ///
    /// # Errors
    /// None is.
    pub fn confirm(&self, caller: &Caller) -> Result<(), Failure> {
        self.ask(caller, Command::Confirm)?
    }

    /// Takes the configuration back that is on trial.
    ///
    /// # Errors
    /// None is, or what stood before no longer fits beside what calls have added since.
    pub fn roll_back(&self, caller: &Caller) -> Result<(), Failure> {
        self.ask(caller, Command::RollBack)?
    }

    /// Changes one thing.
    ///
    /// # Errors
    /// Why not; nothing has changed.
    pub fn change(&self, caller: &Caller, change: Change) -> Result<Applied, Failure> {
        self.ask(caller, |reply| Command::Change(change, reply))?
    }

    /// Tries a change out, as far as that is possible without making it.
    ///
    /// # Errors
    /// Why it does not fit.
    pub fn rehearse(&self, caller: &Caller, change: Change) -> Result<RehearsalView, Failure> {
        self.ask(caller, |reply| Command::Rehearse(change, reply))?
    }

    /// Everything at a glance.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub fn status(&self, caller: &Caller) -> Result<StatusView, Failure> {
        self.ask(caller, Command::Status)
    }

    /// The routes of an instance, by prefix.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn routes(&self, caller: &Caller, instance: InstanceName) -> Result<Vec<RouteView>, Failure> {
        self.ask(caller, |reply| Command::Routes(instance, reply))?
    }

    /// The routes of an instance whose prefix comes after this one, by prefix; at most so many.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn routes_after(
        &self,
        caller: &Caller,
        instance: InstanceName,
        after: Option<Prefix>,
        max: usize,
    ) -> Result<Vec<RouteView>, Failure> {
        self.ask(caller, |reply| Command::RoutesAfter(instance, after, max, reply))?
    }

    /// Changes static routes of an instance, all or none.
    ///
    /// # Errors
    /// What does not fit, or what the kernel refused; nothing has changed.
    pub fn change_routes(&self, caller: &Caller, changes: RouteChanges) -> Result<RouteOutcomes, Failure> {
        self.ask(caller, |reply| Command::ChangeRoutes(changes, reply))?
    }

    /// Where an address goes.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn lookup(&self, caller: &Caller, instance: InstanceName, address: IpAddr) -> Result<LookupView, Failure> {
        self.ask(caller, |reply| Command::Lookup(instance, address, reply))?
    }

    /// Everything in the kernel that is ours or should be, after a fresh look.
    ///
    /// # Errors
    /// The kernel could not be observed.
    pub fn inventory(&self, caller: &Caller) -> Result<Vec<ObjectView>, Failure> {
        self.ask(caller, Command::Inventory)?
    }

    /// What is to be done so that the kernel is as it should be, after a fresh look.
    ///
    /// # Errors
    /// The kernel could not be observed.
    pub fn difference(&self, caller: &Caller) -> Result<Vec<StepView>, Failure> {
        self.ask(caller, Command::Difference)?
    }

    /// What would become of a packet, and why. Nothing is sent, counted or learned.
    ///
    /// # Errors
    /// There is no such port or device, or the kernel could not be asked.
    pub fn trace(&self, caller: &Caller, probe: Probe) -> Result<TraceView, Failure> {
        self.ask(caller, |reply| Command::Trace(probe, reply))?
    }

    /// A DHCP client's hook has written or removed this lease: looks what all leases are now, and says
    /// what has become of this one.
    ///
    /// # Errors
    /// The kernel refused what follows from it. The lease is known all the same: until it can be
    /// followed, its uplink leads nowhere.
    pub fn read_lease(&self, caller: &Caller, name: LeaseName) -> Result<Applied, Failure> {
        self.ask(caller, |reply| Command::ReadLease(name, reply))?
    }

    /// Takes over uplinks that others have set up, those of these devices or all, or only shows what
    /// that would come to. Each tells for itself what became of it.
    ///
    /// # Errors
    /// The host could not be surveyed.
    pub fn import(&self, caller: &Caller, devices: Vec<InterfaceName>, dry: bool) -> Result<Vec<ImportView>, Failure> {
        self.ask(caller, |reply| Command::Import { devices, dry, reply })?
    }

    /// Takes one of the host's devices in front of the host, or only says what that would come to.
    ///
    /// # Errors
    /// Why not; everything is as before, or the failure says what is not.
    pub fn take_fabric(&self, caller: &Caller, asked: TakeFabric) -> Result<FabricDeed, Failure> {
        self.ask(caller, |reply| Command::TakeFabric(asked, reply))?
    }

    /// Makes it last that a device is taken.
    ///
    /// # Errors
    /// None is.
    pub fn confirm_fabric(&self, caller: &Caller) -> Result<FabricView, Failure> {
        self.ask(caller, Command::ConfirmFabric)?
    }

    /// Gives the device that is taken back to the host, or only says what that would come to.
    ///
    /// # Errors
    /// None is taken, or what could not be given back as it was: that is tried again.
    pub fn give_fabric_back(&self, caller: &Caller, dry: bool) -> Result<FabricDeed, Failure> {
        self.ask(caller, |reply| Command::GiveFabricBack(dry, reply))?
    }

    /// The device that is taken, if one is.
    ///
    /// # Errors
    /// The daemon is stopping.
    pub fn fabric(&self, caller: &Caller) -> Result<FabricView, Failure> {
        self.ask(caller, Command::Fabric)
    }

    /// How many packets were dropped, by port and reason.
    ///
    /// # Errors
    /// There is no such port or instance.
    pub fn drops(&self, caller: &Caller, query: DropQuery) -> Result<Vec<DropCountView>, Failure> {
        self.ask(caller, |reply| Command::Drops(query, reply))?
    }

    /// The last packets that were dropped. `since` is what the last answer gave as
    /// [`LastDropsView::next`], or empty for all that are remembered.
    ///
    /// # Errors
    /// As [`Handle::drops`].
    pub fn last_drops(&self, caller: &Caller, query: DropQuery, since: Vec<u64>) -> Result<LastDropsView, Failure> {
        self.ask(caller, |reply| Command::LastDrops(query, since, reply))?
    }

    /// Has packets shown from now on, until the answer is dropped.
    ///
    /// # Errors
    /// There is no such port, gateway or instance.
    pub fn capture(&self, caller: &Caller, request: CaptureRequest) -> Result<Capture, Failure> {
        self.ask(caller, |reply| Command::Capture(request, reply))?
    }

    fn ask<T>(&self, caller: &Caller, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Failure> {
        let (reply, answer) = bounded(1);
        self.commands.send((caller.clone(), command(reply))).map_err(|_| Failure::Stopping)?;
        answer.recv().map_err(|_| Failure::Stopping)
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}
