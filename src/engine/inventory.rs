//! What of the kernel is ours, why it is there, and what would be changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::{Applied, Plan, PortKind, PortSpec, PortWant, Registry};
use crate::host::{Object, Observed, Operation, RouteKey, diff};

use super::change::Change;
use super::command::Failure;
use super::concern::{Subject, concerned};
use super::conductor::Conductor;
use super::knowledge::Knowledge;
use super::view::{ObjectState, ObjectView, RehearsalView, StepView};

impl Conductor {
    /// Everything in the kernel that is ours or should be, after a fresh look.
    ///
    /// # Errors
    /// The kernel could not be observed.
    pub(super) fn inventory(&mut self) -> Result<Vec<ObjectView>, Failure> {
        let plan = self.plan_of_now()?;
        let want = &plan.want().host;
        let pending = Pending::of(diff(want, self.mirror.seen()));
        let view = |operation: &Operation, state| ObjectView {
            object: operation.described(),
            purpose: purpose(operation, plan.registry()),
            owners: owners(operation, [plan.registry(); 2]),
            state,
        };
        // From nothing, each operation makes one object; links are made and then set up.
        let wanted = diff(want, &Observed::default());
        let wanted = wanted.iter().filter(|operation| !matches!(operation, Operation::SetLink(..)));
        let wanted = wanted.map(|operation| view(operation, pending.state(operation)));
        Ok(wanted.chain(pending.left_over().map(|operation| view(operation, ObjectState::LeftOver))).collect())
    }

    /// What is to be done so that the kernel is as it should be, after a fresh look.
    ///
    /// # Errors
    /// The kernel could not be observed.
    pub(super) fn difference(&mut self) -> Result<Vec<StepView>, Failure> {
        let plan = self.plan_of_now()?;
        Ok(steps(&diff(&plan.want().host, self.mirror.seen()), [plan.registry(); 2]))
    }

    /// Tries a change out: what would be answered, and what would be done. Nothing is changed.
    ///
    /// # Errors
    /// Why the change does not fit.
    pub(super) fn rehearse(&mut self, change: &Change) -> Result<RehearsalView, Failure> {
        if self.resting(change).is_some() {
            return Ok(RehearsalView { applied: Applied::Deleted, steps: Vec::new() });
        }
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        let mut next = self.plan.registry().clone();
        let applied: Applied = change.make(&mut next, self.audits.gateways.version(), self.mirror.seen())?;
        if let Some(device) = change.device().filter(|device| !self.mirror.seen().foreign_links.contains_key(device)) {
            return Err(Failure::Unfit { field: "device", reason: format!("there is no interface {device}") });
        }
        let plan = self.plan.then(next, self.mirror.seen().surroundings.clone());
        let registries = [self.plan.registry(), plan.registry()];
        let mut steps = port_steps(&self.plan, &plan);
        steps.extend(self::steps(&diff(&plan.want().host, self.mirror.seen()), registries));
        Ok(RehearsalView { applied, steps })
    }

    /// What stands, planned by a fresh look at the host.
    fn plan_of_now(&mut self) -> Result<Plan, Failure> {
        self.mirror.doubt();
        self.learn(&mut Knowledge::default())?;
        Ok(self.plan.then(self.plan.registry().clone(), self.mirror.seen().surroundings.clone()))
    }
}

pub(super) fn steps(operations: &[Operation], registries: [&Registry; 2]) -> Vec<StepView> {
    let step =
        |operation: &Operation| StepView { command: operation.to_string(), owners: owners(operation, registries) };
    operations.iter().map(step).collect()
}

fn owners(operation: &Operation, registries: [&Registry; 2]) -> Vec<String> {
    let name = |subject: &Subject| match subject {
        Subject::Interface(name) => format!("gateway {name}"),
        Subject::Uplink(name) => format!("uplink {name}"),
    };
    concerned(operation, registries).iter().map(name).collect()
}

/// What becomes of guests' ports, which are no part of the host's state.
pub(super) fn port_steps(before: &Plan, after: &Plan) -> Vec<StepView> {
    let guest = |plan: &Plan, name| match plan.want().ports.get(name) {
        Some(PortWant::Guest(spec, _)) => Some(spec.clone()),
        _ => None,
    };
    let names: BTreeSet<_> = before.want().ports.keys().chain(after.want().ports.keys()).collect();
    let mut steps = Vec::new();
    for name in names {
        let (old, new) = (guest(before, name), guest(after, name));
        if old == new {
            continue;
        }
        let commands = match (&old, &new) {
            (Some(old), None) => closing(old),
            (_, Some(new)) => opening(new),
            (None, None) => Vec::new(),
        };
        let owners = vec![format!("port {name}")];
        steps.extend(commands.into_iter().map(|command| StepView { command, owners: owners.clone() }));
    }
    steps
}

fn opening(spec: &PortSpec) -> Vec<String> {
    let name = spec.name;
    match &spec.kind {
        PortKind::Attach => vec![format!("attach {name}")],
        PortKind::Tap(None) => vec![format!("link add {name} type tap")],
        PortKind::Tap(Some(guest)) => vec![
            format!("link add {name} type tap"),
            format!("link set {name} netns {} name {}", guest.namespace.display(), guest.name),
        ],
    }
}

fn closing(spec: &PortSpec) -> Vec<String> {
    match spec.kind {
        PortKind::Attach => vec![format!("detach {}", spec.name)],
        PortKind::Tap(_) => vec![format!("link delete {}", spec.name)],
    }
}

/// What there is to do, by object.
struct Pending(BTreeMap<Object, Vec<Operation>>);

impl Pending {
    fn of(operations: Vec<Operation>) -> Self {
        let mut pending: BTreeMap<Object, Vec<Operation>> = BTreeMap::new();
        for operation in operations {
            for object in operation.objects() {
                let alone = match object {
                    Object::Link(name) if operation.is_removal() => Operation::DeleteLinks(vec![name]),
                    _ => operation.clone(),
                };
                pending.entry(object).or_default().push(alone);
            }
        }
        Self(pending)
    }

    /// How the object stands that `making` would make.
    fn state(&self, making: &Operation) -> ObjectState {
        let to_do = making.objects().into_iter().filter_map(|object| self.0.get(&object)).flatten();
        let to_do: Vec<&Operation> = to_do.collect();
        if to_do.is_empty() {
            ObjectState::InPlace
        } else if to_do.contains(&making) && !to_do.iter().any(|operation| operation.is_removal()) {
            ObjectState::Missing
        } else {
            ObjectState::Differs
        }
    }

    /// The removals that nothing else takes the place of.
    fn left_over(&self) -> impl Iterator<Item = &Operation> {
        let gone = self.0.values().filter(|to_do| to_do.iter().all(Operation::is_removal));
        gone.flatten()
    }
}

/// Why an object is there.
fn purpose(operation: &Operation, registry: &Registry) -> &'static str {
    match operation {
        Operation::AddRoute(key, route) | Operation::ReplaceRoute(key, route) | Operation::DeleteRoute(key, route) => {
            let is_to_gateway = route.hops.iter().any(|hop| registry.gateway(&hop.device).is_some());
            match key.table {
                RouteKey::MAIN => "the way to the subnet",
                _ if is_to_gateway => "answers of the uplink's own address reach the subnet",
                _ if route.hops.is_empty() => "without its link, traffic stops and takes no other way",
                _ if key.prefix.is_default() => "the way out",
                _ => "what is on this link stays on it",
            }
        }
        Operation::AddRule(rule) | Operation::DeleteRule(rule) => {
            let is_subnet = registry.announcers(&rule.from).next().is_some();
            match rule.table() {
                None => "a lookup passes few of many rules",
                Some(_) if is_subnet => "the subnet's traffic leaves by its uplink",
                Some(_) => "the uplink's own traffic leaves by it",
            }
        }
        Operation::AddLink(..) | Operation::SetLink(..) | Operation::DeleteLinks(_) => "the gateway's tap",
        Operation::AddAddress(..) | Operation::DeleteAddress(..) => "neighbour discovery on the tap",
        Operation::Enable(_) | Operation::Restore(_) => "packets that come in there are forwarded",
        Operation::AddMasquerade(_) | Operation::DeleteMasquerade(_) | Operation::ClearMasquerades => {
            "the subnet leaves under another address"
        }
    }
}
