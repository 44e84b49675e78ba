//! The first steps: machines, daemon, ports, and the gateway as a controller asks for it.

use std::path::PathBuf;

use crate::api::generated::instance_service::{Subnet, VirtualGatewayRequest};

use super::super::daemon::{self, Daemon};
use super::super::error::{Error, Result};
use super::super::lab::{self, Lab};
use super::super::ping::Ping;
use super::super::shell;
use super::super::snapshot::Snapshot;
use super::traffic::OUTSIDE;
use super::{NET1, NET2, Stage, Story};

const PICTURE: &str = "\
vgw: a virtual network gets its way out

                                       compute node
    guest1 192.168.1.253 ── tap0 ┐
                                 ├ net1 ── vgw1 ┐          ┌ eth0 ── outside 10.1.1.253
    guest2 192.168.1.252 ── tap1 ┘              ├ IP stack ┤
    guest3 192.168.2.253 ── tap2 ─ net2 ── vgw2 ┘          └ eth1 ── display 20.0.0.1";

/// The options that a controller's script is called with for vgw1.
const SUBNETS: [(&str, i16); 2] = [("192.168.1.0", 24), ("2001:db8:1::", 64)];

impl Story<'_> {
    /// Builds the machines and starts the daemon.
    pub(super) fn set_the_stage(&mut self) -> Result<Stage> {
        self.screen.text(PICTURE)?;
        self.screen.step("Six machines", "Network namespaces. The compute node is no router: its ip_forward is 0.")?;
        let lab = Lab::build(&self.interrupt)?;
        self.screen.good("guest1 guest2 guest3 compute outside display", "")?;
        self.screen.detail(&format!("as {}, …", lab.compute.name()))?;
        let before = Snapshot::take(&lab.compute)?;

        self.screen.step("The daemon", "It runs in the compute node and needs no configuration.")?;
        let daemon = Daemon::start(&lab.compute, &self.interrupt)?;
        let socket = daemon.socket();
        self.screen.command(&format!("vgwd --thrift-listen {} --socket {}", daemon::THRIFT, socket.display()))?;
        self.screen.good(&format!("vgwd answers, process {}", daemon.pid()), "")?;
        Ok(Stage { daemon, lab, before })
    }

    /// Gives each guest its interface.
    pub(super) fn add_ports(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "The guests' ports",
            "Each guest gets a tap as its eth0. The routing instances come into being with them.",
        )?;
        let [guest1, guest2, guest3] = &stage.lab.guests;
        let port = |tap: &str, instance: &str, guest: &str, hosts: &[(&str, u8, &str)]| {
            let mut command = format!("vgw port add {tap} --instance {instance}");
            for (address, _, _) in hosts {
                command += &format!(" --address {address}");
            }
            command += &format!(" --netns {guest} --name eth0");
            for (address, length, gateway) in hosts {
                command += &format!(" --guest-address {address}/{length} --gateway {gateway}");
            }
            command
        };
        let first = [("192.168.1.253", 24, "192.168.1.1"), ("2001:db8:1::253", 64, "2001:db8:1::1")];
        let second = [("192.168.1.252", 24, "192.168.1.1"), ("2001:db8:1::252", 64, "2001:db8:1::1")];
        let third = [("192.168.2.253", 24, "192.168.2.1")];
        self.show_vgw(stage, &port("tap0", NET1, guest1.name(), &first))?;
        for command in [port("tap1", NET1, guest2.name(), &second), port("tap2", NET2, guest3.name(), &third)] {
            let answer = self.vgw(stage, &command)?;
            self.screen.good(answer.trim_end(), "")?;
        }
        for guest in &stage.lab.guests {
            lab::settled(guest, &self.interrupt)?;
        }
        let ping = Ping::send(guest1, OUTSIDE, 1)?;
        match ping.complaint {
            Some(complaint) if ping.answered == 0 => self.screen.good("guest1 has no way out yet", &complaint),
            _ => {
                Err(Error::unexpected("ping guest1 → outside", "an unreachable from the gateway", format!("{ping:?}")))
            }
        }
    }

    /// Adds vgw1 as an OpenContrail controller does: by Thrift on TCP.
    pub(super) fn provision(&mut self, stage: &Stage) -> Result<()> {
        self.screen.step(
            "The gateway, asked for by an OpenContrail client",
            "AddVirtualGateway on Thrift. The answer is true when tap, routes and tables stand.",
        )?;
        self.change_gateway(stage, true)?;
        let link = stage.lab.compute.ip("-br link show vgw1")?;
        self.screen.output(&link)
    }

    /// Creates or deletes vgw1: by the provisioning script where it can run, else by our own client.
    pub(super) fn change_gateway(&mut self, stage: &Stage, create: bool) -> Result<()> {
        let what = if create { "AddVirtualGateway" } else { "DeleteVirtualGateway" };
        let Some(script) = script() else {
            let mut controller = daemon::controller(&stage.lab.compute)?;
            self.screen.command(&format!("{what}(vgw1)"))?;
            let done = if create {
                controller.add_virtual_gateway(vec![request()])
            } else {
                controller.delete_virtual_gateway(vec!["vgw1".to_owned()])
            };
            return self.answered(what, done);
        };
        let oper = if create { "create" } else { "delete" };
        let subnets = SUBNETS.map(|(prefix, length)| format!("{prefix}/{length}"));
        let script = script.display().to_string();
        let words = ["/usr/bin/python3", &script, "--oper", oper, "--interface", "vgw1", "--subnets"];
        let words = words.into_iter().chain(subnets.iter().map(String::as_str)).chain(["--vrf", NET1]);
        let words: Vec<&str> = words.collect();
        self.screen.command(&format!("provision_vgw_interface.py {}", shell::line(&words[2..])))?;
        shell::run(&stage.lab.compute.exec(&words))?;
        self.screen.good(&format!("{what} answered true"), "")
    }

    /// Takes the answer of a Thrift call, which must be true.
    pub(super) fn answered(&mut self, what: &str, answer: thrift::Result<bool>) -> Result<()> {
        match answer {
            Ok(true) => self.screen.good(&format!("{what} answered true"), ""),
            Ok(false) => Err(Error::unexpected(what, "true", "false")),
            Err(error) => Err(Error::Daemon { what: what.to_owned(), reason: error.to_string() }),
        }
    }
}

/// vgw1 as a controller asks for it.
pub(super) fn request() -> VirtualGatewayRequest {
    let subnets = SUBNETS.map(|(prefix, length)| Subnet::new(prefix.to_owned(), length));
    VirtualGatewayRequest::new("vgw1".to_owned(), NET1.to_owned(), subnets.to_vec(), None)
}

/// The provisioning script of the source tree or of the package, if Python has Thrift.
fn script() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let tree = own.ancestors().nth(3).map(|root| root.join("scripts"));
    let folders = tree.into_iter().chain([PathBuf::from("/usr/share/vgw")]);
    let script = folders.map(|folder| folder.join("provision_vgw_interface.py")).find(|path| path.is_file())?;
    let thrift = shell::output(&["/usr/bin/python3", "-c", "import thrift"]).ok()?;
    thrift.status.success().then_some(script)
}
