//! Frames carried between two devices without a daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use vgw::addr::InterfaceName;
use vgw::engine::{Device, FabricSite};
use vgw::fabric::{Card, Observed, Record, Site, SiteError, Step};
use vgw::packet::Batch;
use vgw::sys::fabric::LinuxSite;

/// The kernel, and a thread that carries frames while both devices are joined. Counts steps, and may
/// refuse one or end the process after one.
pub(crate) struct Carried {
    site: LinuxSite,
    carrier: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
    pub(crate) done: usize,
    pub(crate) refuse: Option<usize>,
    pub(crate) die: Option<usize>,
}

impl Carried {
    pub(crate) fn new(site: LinuxSite) -> Self {
        Self { site, carrier: None, done: 0, refuse: None, die: None }
    }

    fn part(&mut self) {
        if let Some((over, thread)) = self.carrier.take() {
            over.store(true, Ordering::Relaxed);
            thread.join().unwrap();
        }
    }
}

impl Site for Carried {
    fn observe(&mut self, device: InterfaceName, host: InterfaceName) -> Result<Observed, SiteError> {
        self.site.observe(device, host)
    }

    fn cards(&mut self) -> Result<Vec<Card>, SiteError> {
        self.site.cards()
    }

    fn perform(&mut self, step: &Step, record: &Record) -> Result<(), SiteError> {
        if self.refuse == Some(self.done) {
            self.refuse = None;
            return Err(SiteError("refused by the test".to_owned()));
        }
        if *step == Step::Part {
            self.part();
        }
        self.site.perform(step, record)?;
        if *step == Step::Join {
            let (wire, host) = self.site.take_queues();
            let over = Arc::new(AtomicBool::new(false));
            let ended = over.clone();
            let carry = move || carry(wire, host, &ended);
            self.carrier = Some((over, Builder::new().name("carrier".to_owned()).spawn(carry).unwrap()));
        }
        self.done += 1;
        if self.die == Some(self.done) {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.site.now()
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.part();
    }
}

fn carry(mut wire: Vec<Box<dyn Device>>, mut host: Vec<Box<dyn Device>>, over: &AtomicBool) {
    let (wire, host) = (&mut wire[0], &mut host[0]);
    let mut batch = Batch::new(64, 1 << 20);
    let patience = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
    while !over.load(Ordering::Relaxed) {
        let mut waiting = [PollFd::new(wire, PollFlags::IN), PollFd::new(host, PollFlags::IN)];
        poll(&mut waiting, Some(&patience)).unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            let ends = [&mut *wire, &mut *host];
            let _ = ends[from].receive(&mut batch, 64);
            for packet in batch.packets_mut() {
                let _ = ends[to].transmit(packet);
            }
            batch.clear();
        }
    }
}
