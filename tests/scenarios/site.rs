//! A daemon's inside without a host: the engine on a kernel in memory.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use vgw::addr::Prefix;
use vgw::clock::{Clock, ManualClock};
use vgw::engine::{
    AddGateways, AddPorts, Applied, Caller, Change, Engine, Event, Failure, ObjectView, RehearsalView, Remains,
    Settings, Since, StepView, TraceStep, TraceVerdict, WayView,
};
use vgw::gateway::{Audit, Declared, Leases, NetworkSpec};
use vgw::host::fake::FakeKernel;
use vgw::host::{HostRoute, Mark, Observed, RouteKey};

use crate::disk::Disk;
use crate::platform::FakePlatform;
use crate::words::{self, Meddling, NETWORK, Request};

/// How often everything is checked.
const CHECK: Duration = Duration::from_secs(1000);

const CALLER: Caller = Caller::Unix { uid: 0, pid: 1 };

pub(crate) struct Site {
    kernel: FakeKernel,
    clock: ManualClock,
    engine: Option<Engine>,
    looks: usize,
    /// The last event that was shown.
    told: u64,
    opened: Arc<AtomicUsize>,
    /// What DHCP clients' hooks have recorded.
    leases: Arc<Mutex<Leases>>,
    disk: Disk,
    /// The engine's ear, and a second one of the test's.
    stir: Sender<()>,
    stirrings: Receiver<()>,
}

impl Site {
    /// A host with two devices by which packets may leave.
    pub(crate) fn new() -> Self {
        let mut host = Observed::default();
        for (index, name) in [(2, "eth0"), (3, "eth1")] {
            host.foreign_links.insert(words::interface(name), index);
        }
        host.surroundings.exit_devices = [words::interface("eth0")].into_iter().collect();
        let (kernel, clock) = (FakeKernel::new(host), ManualClock::default());
        let (stir, stirrings) = bounded(1);
        let mut site = Self {
            kernel,
            clock,
            engine: None,
            looks: 0,
            told: 0,
            opened: Arc::default(),
            leases: Arc::default(),
            disk: Disk::default(),
            stir,
            stirrings,
        };
        site.start(Declared::default());
        // What a daemon does first is done.
        site.tick(Duration::ZERO);
        site
    }

    fn start(&mut self, declared: Declared) {
        let (leases, stirrings) = (Arc::clone(&self.leases), self.stirrings.clone());
        let (kernel, opened, memory) = (self.kernel.clone(), Arc::clone(&self.opened), self.disk.mount());
        let platform = FakePlatform { kernel, opened, leases, stirrings, memory };
        let settings = Settings {
            fabric: None,
            leftover: None,
            spin: Duration::ZERO,
            mark: Mark::default(),
            declared,
            audit_timeout: Some(Audit::DEFAULT_TIMEOUT),
            check: Some(CHECK),
        };
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        self.engine = Some(Engine::start(Box::new(platform), clock, settings).unwrap());
    }

    /// Carries out a request; what the kernel was told, then the answer.
    pub(crate) fn ask(&mut self, request: &str) -> Vec<String> {
        let request = words::read(request).unwrap_or_else(|error| panic!("in '{request}': {error}"));
        let answer = self.carry_out(request);
        // What a due audit does belongs to the request that made it due.
        self.tick(Duration::ZERO);
        let mut lines = self.kernel.take_operations();
        lines.extend(answer.into_iter().map(|line| format!("= {line}")));
        lines
    }

    /// What needs no daemon to be carried out.
    fn carry_out_without(&mut self, request: &Request) -> Option<Vec<String>> {
        match request {
            Request::Kill => {
                let (kernel, disk) = (self.kernel.state(), self.disk.contents());
                drop(self.engine.take().unwrap().stop(Remains::Everything));
                self.kernel.meddle_unheard(|state| *state = kernel);
                self.disk.replace(disk);
                drop(self.kernel.take_operations());
            }
            Request::Reboot => {
                assert!(self.engine.is_none(), "the daemon still runs");
                self.kernel.meddle_unheard(|state| state.ours = Observed::default().ours);
                self.clock = ManualClock::default();
                self.disk.reboot();
            }
            Request::Start(declared) => {
                self.told = 0;
                self.start(declared.clone());
            }
            Request::FillDisk(is_full) => self.disk.fill(*is_full),
            Request::Tick(time) => self.tick(*time),
            Request::WallClock(seconds) => self.clock.set_time_of_day_by(*seconds),
            Request::Meddle(deed, false) => self.kernel.meddle_unheard(|state| meddle(state, deed)),
            Request::Saved => return Some(self.disk.lines()),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn carry_out(&mut self, request: Request) -> Vec<String> {
        if let Some(lines) = self.carry_out_without(&request) {
            return lines;
        }
        let engine = self.engine.as_ref().map(Engine::handle);
        let handle = engine.unwrap();
        match request {
            Request::Add(specs) => {
                let answers =
                    handle.add_gateways(&CALLER, AddGateways { specs, seen: Vec::new(), keep_uplinks: false }).unwrap();
                answers.iter().map(said).collect()
            }
            Request::Delete(names) => handle.delete_gateways(&CALLER, names).unwrap().iter().map(said).collect(),
            Request::Connect => {
                handle.connect(&CALLER).unwrap();
                Vec::new()
            }
            Request::Timer(millis) => {
                handle.set_audit_timeout(&CALLER, millis).unwrap();
                Vec::new()
            }
            Request::AddPort(spec) => vec![said(&handle.change(&CALLER, Change::AddPort(spec)))],
            Request::Compute(port, instance) => {
                let gateways = BTreeSet::new();
                let network = NetworkSpec { id: NETWORK, instance, gateways, dhcp: None, router_advertisements: None };
                handle.change(&CALLER, Change::AddNetwork(network)).unwrap();
                let add = AddPorts { ports: vec![port], seen: Vec::new() };
                handle.add_ports(&CALLER, add).unwrap().iter().map(said).collect()
            }
            Request::Opened => vec![self.opened.swap(0, Ordering::Relaxed).to_string()],
            Request::DeletePort(name) => vec![said(&handle.change(&CALLER, Change::DeletePort(name)))],
            Request::AddUplink(spec) => vec![said(&handle.change(&CALLER, Change::AddUplink(spec)))],
            Request::DeleteUplink(name) => vec![said(&handle.change(&CALLER, Change::DeleteUplink(name)))],
            Request::Lease(name, lease) => {
                match lease {
                    Some(lease) => _ = self.leases.lock().unwrap().insert(name, lease),
                    None => _ = self.leases.lock().unwrap().remove(&name),
                }
                vec![said(&handle.read_lease(&CALLER, name))]
            }
            Request::AddRoute(route) => vec![said(&handle.change(&CALLER, Change::AddRoute(route)))],
            Request::Declare(declared) => match handle.reload(declared, Some(Audit::DEFAULT_TIMEOUT)) {
                Ok(()) => Vec::new(),
                Err(error) => vec![error.to_string()],
            },
            Request::Trial(confirm, declared) => {
                match handle.apply(&CALLER, declared, Some(Audit::DEFAULT_TIMEOUT), Some(confirm)) {
                    Ok(_) => Vec::new(),
                    Err(error) => vec![error.to_string()],
                }
            }
            Request::Confirm => {
                handle.confirm(&CALLER).unwrap();
                Vec::new()
            }
            Request::RollBack => {
                handle.roll_back(&CALLER).unwrap();
                Vec::new()
            }
            Request::Routes(instance) => match handle.routes(&CALLER, instance) {
                Ok(routes) => routes
                    .iter()
                    .map(|route| format!("{} {} ({})", route.prefix, route.next_hop, route.origin))
                    .collect(),
                Err(error) => vec![error.to_string()],
            },
            Request::Lookup(instance, address) => match handle.lookup(&CALLER, instance, address) {
                Ok(found) => {
                    let matched = found.matched.map_or("nothing".into(), |prefix| prefix.to_string());
                    vec![format!("{matched}: {}", found.next_hop)]
                }
                Err(error) => vec![error.to_string()],
            },
            Request::Trace(probe) => match handle.trace(&CALLER, probe) {
                Ok(view) => view.ways.iter().flat_map(way).collect(),
                Err(error) => vec![error.to_string()],
            },
            Request::Lead(prefix, hop) => {
                self.kernel.lead(prefix, hop);
                Vec::new()
            }
            Request::Refuse(pattern, errno) => {
                self.kernel.refuse(&pattern, errno);
                Vec::new()
            }
            Request::RefuseNothing => {
                self.kernel.refuse_nothing();
                Vec::new()
            }
            Request::Ignore(pattern) => {
                self.kernel.ignore(&pattern);
                Vec::new()
            }
            Request::Meddle(deed, _) => {
                self.kernel.meddle(|state| meddle(state, &deed));
                self.stir();
                Vec::new()
            }
            Request::Flap(link) => {
                self.kernel.flap(link);
                self.stir();
                Vec::new()
            }
            Request::Rehearse(change) => match handle.rehearse(&CALLER, change) {
                Ok(RehearsalView { applied, steps }) => {
                    [format!("would be {}", applied.as_str())].into_iter().chain(steps.iter().map(step)).collect()
                }
                Err(error) => vec![error.to_string()],
            },
            Request::Objects => handle.inventory(&CALLER).unwrap().iter().map(object).collect(),
            Request::Difference => handle.difference(&CALLER).unwrap().iter().map(step).collect(),
            Request::Looks => {
                let before = std::mem::replace(&mut self.looks, self.kernel.observations());
                vec![(self.looks - before).to_string()]
            }
            Request::Blind => {
                self.kernel.go_blind();
                Vec::new()
            }
            Request::Repairs => {
                let repairs = handle.status(&CALLER).unwrap().repairs;
                let counts = repairs.counts.iter();
                counts.map(|one| format!("{} {} by {}", one.count, one.kind.as_str(), one.occasion.as_str())).collect()
            }
            Request::Problems => {
                handle.status(&CALLER).unwrap().problems.iter().map(|it| format!("{it} [{}]", it.id())).collect()
            }
            Request::Events => {
                let told = handle.events().read(Since::After(self.told), usize::MAX, Duration::ZERO);
                self.told = told.newest;
                told.events.iter().map(event).collect()
            }
            Request::Gateways => {
                let status = handle.status(&CALLER).unwrap();
                status.gateways.iter().map(|gateway| gateway.interface.to_string()).collect()
            }
            Request::Audit => {
                let audit = handle.status(&CALLER).unwrap().audit;
                let running = audit.running.iter().map(|(rest, stale)| format!("{rest:?} for {} stale", stale.len()));
                let timer = audit.timeout.map_or("off".to_owned(), |timeout| format!("{timeout:?}"));
                [format!("version {}, timer {timer}", audit.version)].into_iter().chain(running).collect()
            }
            // Done before anybody is asked.
            Request::Kill
            | Request::Reboot
            | Request::Start(_)
            | Request::FillDisk(_)
            | Request::Saved
            | Request::Tick(_)
            | Request::WallClock(_) => Vec::new(),
            Request::Stop => {
                drop(handle);
                let left = self.engine.take().unwrap().stop(Remains::Nothing);
                let is_clean = self.kernel.state().ours == Observed::default().ours;
                assert_eq!(is_clean, left.is_empty(), "something is left behind: {left:?}");
                left
            }
        }
    }

    /// Tells the conductor that there is something to hear, unless it was told already.
    fn stir(&self) {
        let _ = self.stir.try_send(());
    }

    /// Moves the clock. The conductor looks at it between two commands: the first wakes it up, the
    /// second is answered after it has looked.
    fn tick(&self, time: Duration) {
        self.clock.advance(time);
        if let Some(engine) = &self.engine {
            for _ in 0..2 {
                engine.handle().status(&CALLER).unwrap();
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.take() {
            drop(engine.stop(Remains::Nothing));
        }
    }
}

/// An event on one line, the time in seconds since the site is there.
fn event(event: &Event) -> String {
    let Event { sequence, time, cause, happening } = event;
    let seconds = (*time - ManualClock::default().time_of_day()).as_secs();
    let instance = happening.instance.as_ref().map(|instance| format!(" in {instance}")).unwrap_or_default();
    let detail = if happening.detail.is_empty() { String::new() } else { format!(": {}", happening.detail) };
    let (object, name, deed) = (happening.object, &happening.name, happening.deed.as_str());
    format!("{sequence} {seconds} s {object} {name} {deed}{instance}{detail} ({cause})").replace("  ", " ")
}

/// Does to the kernel what another program does.
fn meddle(state: &mut Observed, deed: &Meddling) {
    let main = |prefix: &Prefix| RouteKey { table: RouteKey::MAIN, prefix: *prefix, metric: 0 };
    match deed {
        Meddling::DeleteLink(name) => {
            state.ours.links.remove(name);
            state.foreign_links.remove(name);
            retain_routes(state, |_, route| route.hops.iter().all(|hop| hop.device != *name));
        }
        Meddling::MakeLink(name) => drop(state.foreign_links.insert(*name, 77)),
        Meddling::Flush(table) => retain_routes(state, |key, _| key.table != *table),
        Meddling::FlushFilter => state.ours.masquerades.clear(),
        Meddling::SpoilFilter => {
            state.ours.masquerades.clear();
            state.spoiled_masquerades = true;
        }
        Meddling::AddRoute(prefix) => drop(state.foreign_routes.insert(main(prefix))),
        Meddling::Reset(name) => {
            let switches = state.ours.settings.iter().filter(|setting| setting.interface != *name);
            state.ours.settings = switches.copied().collect();
        }
        Meddling::LeaveBy(name) => state.surroundings.exit_devices = [*name].into_iter().collect(),
        Meddling::RemoveRoute(prefix) => {
            state.foreign_routes.remove(&main(prefix));
            state.ours.routes.remove(&main(prefix));
        }
    }
}

fn retain_routes(state: &mut Observed, stays: impl Fn(&RouteKey, &HostRoute) -> bool) {
    let routes = state.ours.routes.iter().filter(|(key, route)| stays(key, route));
    state.ours.routes = routes.map(|(key, route)| (*key, route.clone())).collect();
}

fn way(way: &WayView) -> Vec<String> {
    let step = |step: &TraceStep| {
        let mark = if step.decides { "! " } else { "" };
        format!("{mark}{} {}: {}", step.place.as_str(), step.at, step.text)
    };
    let TraceVerdict { end, at, reason, meaning, cure: _ } = &way.verdict;
    let reason = reason.map(|reason| format!("{reason}, ")).unwrap_or_default();
    let verdict = format!("{} at {at}: {reason}{meaning}", end.as_str());
    way.steps.iter().map(step).chain([verdict]).collect()
}

fn step(step: &StepView) -> String {
    format!("{}  # {}", step.command, step.owners.join(", "))
}

fn object(object: &ObjectView) -> String {
    let ObjectView { object, purpose, owners, state } = object;
    format!("{state:?}: {object}  # {}: {purpose}", owners.join(", "))
}

fn said(outcome: &Result<Applied, Failure>) -> String {
    match outcome {
        Ok(applied) => applied.as_str().to_owned(),
        Err(failure) => format!("refused: {failure}"),
    }
}
