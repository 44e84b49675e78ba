//! The host's side: an uplink with its source rule, what stands in the kernel, and the audit.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::host::Mark;

use super::super::daemon;
use super::super::error::{Error, Result};
use super::super::namespace::IP_FORWARD;
use super::super::shell;
use super::stage::request;
use super::traffic::{OUTSIDE, Trip};
use super::{NET2, Stage, Story};

/// A host that only the uplink leads to.
const BEYOND: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));

impl Story<'_> {
    /// The second network leaves by a device of its own.
    pub(super) fn add_uplink(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "An uplink for the second network",
            "net2 leaves by eth1, by a source rule. The host itself has no route to 203.0.113.9.",
        )?;
        self.show_vgw(stage, "vgw uplink add display --device eth1 --address 20.0.0.5/24 --via 20.0.0.1")?;
        self.show_vgw(stage, &vgw2())?;
        let guest3 = &stage.lab.guests[2];
        let trip = Trip {
            name: "guest3 → 203.0.113.9",
            from: guest3,
            to: BEYOND,
            routers: 2,
            through: ["tap2", "vgw2"],
            aside: Some("vgw1"),
        };
        self.travel(stage, &trip)?;
        self.screen.detail("guest3 eth0 → tap2 → net2 → vgw2 → IP stack → eth1 → display")
    }

    /// What the daemon has put into the kernel, all of it marked as its own.
    pub(super) fn show_host_state(&mut self, stage: &Stage) -> Result<()> {
        let protocol = Mark::default().protocol;
        self.screen.step(
            "What stands in the host",
            &format!("All of it bears the protocol number {protocol}. The global ip_forward is still 0."),
        )?;
        let mark = format!("proto {protocol}");
        for family in ["-4", "-6"] {
            let question = format!("{family} route show table all {mark}");
            let answer = stage.lab.compute.ip(&question)?;
            self.show_entries(&format!("ip {question}"), &answer)?;
        }
        // Asked for one protocol, `ip rule` prints the kernel's own rules as well.
        let rules = stage.lab.compute.ip("rule show")?;
        let ours: Vec<&str> = rules.lines().filter(|rule| rule.contains(&mark)).collect();
        self.show_entries(&format!("ip rule show | grep '{mark}'"), &ours.join("\n"))?;
        let forward = stage.lab.compute.enter(|| std::fs::read_to_string(IP_FORWARD));
        let forward = forward.map_err(Error::system(IP_FORWARD))?;
        if forward.trim() == "0" { Ok(()) } else { Err(Error::unexpected("ip_forward", "0", forward.trim())) }
    }

    /// A question to the kernel and the entries of ours in its answer, of which there must be some.
    fn show_entries(&mut self, question: &str, answer: &str) -> Result<()> {
        self.screen.command(question)?;
        if answer.trim().is_empty() {
            return Err(Error::unexpected(question, "entries of ours", "none"));
        }
        self.screen.output(&answer.replace('\t', " "))
    }

    /// A controller returns and confirms one of two gateways.
    pub(super) fn audit(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "The audit",
            "A controller returns and confirms vgw1 alone. What it does not confirm in time is removed.",
        )?;
        let mut controller = daemon::controller(&stage.lab.compute)?;
        self.screen.command("AuditTimerForVirtualGateway(300); ConnectForVirtualGateway(); AddVirtualGateway(vgw1)")?;
        for (what, answer) in [
            ("AuditTimerForVirtualGateway", controller.audit_timer_for_virtual_gateway(300)),
            ("ConnectForVirtualGateway", controller.connect_for_virtual_gateway()),
            ("AddVirtualGateway", controller.add_virtual_gateway(vec![request()])),
        ] {
            match answer {
                Ok(true) => {}
                Ok(false) => return Err(Error::unexpected(what, "true", "false")),
                Err(error) => return Err(Error::Daemon { what: what.to_owned(), reason: error.to_string() }),
            }
        }
        let removed = shell::wait(Duration::from_secs(5), &self.interrupt, || {
            let gateways = self.status(stage)?.gateways;
            Ok(gateways.iter().all(|gateway| gateway.interface != "vgw2").then_some(gateways))
        })?;
        let left = removed.ok_or_else(|| Error::unexpected("audit", "vgw2 removed", "it stands after 5 s"))?;
        if !left.iter().any(|gateway| gateway.interface == "vgw1") {
            return Err(Error::unexpected("audit", "vgw1 stands", "it is gone"));
        }
        let links = stage.lab.compute.ip("-o link show")?;
        if links.contains("vgw2") {
            return Err(Error::unexpected("audit", "no link vgw2", links));
        }
        self.screen.good("vgw2 is gone, with its routes and its rule", "")?;
        let guest1 = &stage.lab.guests[0];
        let through = ["tap0", "vgw1"];
        let trip = Trip { name: "vgw1 serves on", from: guest1, to: OUTSIDE, routers: 2, through, aside: None };
        self.travel(stage, &trip)
    }
}

/// The command that adds the second network's gateway.
pub(super) fn vgw2() -> String {
    format!("vgw gateway add vgw2 --instance {NET2} --subnet 192.168.2.0/24 --uplink display")
}
