//! The end: all of it gone, or all of it left to explore.

use crate::host::Mark;

use super::super::super::report::{Demo, DemoHint, KeptDemo};
use super::super::error::{Error, Result};
use super::super::snapshot::Snapshot;
use super::host::vgw2;
use super::{Stage, Story};

impl Story<'_> {
    /// Deletes the gateway, stops the daemon, and proves that the host is as before.
    pub(super) fn close(mut self, stage: Stage, with_fabric: bool) -> Result<Demo> {
        let how = if with_fabric { "" } else { ", byte by byte" };
        self.screen.step("The end", &format!("The daemon stops. The host must be as it was before{how}."))?;
        self.change_gateway(&stage, false)?;
        let Stage { daemon, lab, before } = stage;
        daemon.stop(&self.interrupt)?;
        self.screen.good("vgwd stopped on SIGTERM", "exit status 0")?;
        let after = Snapshot::take(&lab.compute)?;
        let differences = if with_fabric { before.changes(&after) } else { before.differences(&after) };
        if !differences.is_empty() {
            return Err(Error::unexpected("the compute node", "as before the daemon", differences.join("; ")));
        }
        self.screen.good("links, addresses, routes, rules and settings are as before", "")?;
        for guest in &lab.guests {
            let links = guest.ip("-o link show")?;
            if links.contains("eth0") {
                return Err(Error::unexpected(guest.name(), "no eth0", links));
            }
        }
        self.screen.good("the guests' taps are gone", "")?;
        lab.tear_down()?;
        self.screen.good("no namespace is left", "")?;
        Ok(Demo { steps: self.screen.into_steps(), kept: None })
    }

    /// Leaves all as it is and tells how to go on.
    pub(super) fn keep(self, stage: Stage) -> Result<Demo> {
        self.vgw(&stage, "vgw audit timer 60000")?;
        self.vgw(&stage, &vgw2())?;
        let status = self.status(&stage)?;
        let Stage { daemon, mut lab, before: _ } = stage;
        let [guest1, _, guest3] = &lab.guests;
        let protocol = Mark::default().protocol;
        let vgw = std::env::args().next().unwrap_or_else(|| "vgw".to_owned());
        let (socket, log) = (daemon.socket(), daemon.log());
        let explore = [
            (format!("{vgw} --socket {} status", socket.display()), "everything on one screen"),
            (format!("sudo ip netns exec {} ping 10.1.1.253", guest1.name()), "out by vgw1"),
            (format!("sudo ip netns exec {} ping 203.0.113.9", guest3.name()), "out by the uplink"),
            (
                format!("sudo ip netns exec {} ip route show table all proto {protocol}", lab.compute.name()),
                "the host's side",
            ),
            (format!("sudo ip netns exec {} tcpdump -ni vgw1", lab.compute.name()), "packets on the gateway"),
            (format!("tail -f {}", log.display()), "the daemon's log"),
            (format!("sudo {vgw} demo --stop"), "ends it"),
        ];
        let explore = explore.map(|(command, about)| DemoHint { command, about: about.to_owned() }).into();
        lab.let_go();
        daemon.let_go();
        Ok(Demo { steps: self.screen.into_steps(), kept: Some(KeptDemo { explore, status }) })
    }
}
