//! The steps, in the order in which they are shown. Each one ends the demonstration if it does not
//! show what it should.

mod close;
mod fabric;
mod host;
mod stage;
mod traffic;

use std::sync::Arc;

use clap::Parser;

use crate::clock::Clock;

use super::super::args::{Arguments, Verb};
use super::super::ask::ask;
use super::super::render::Style;
use super::super::report::{Demo, Status};
use super::super::run::{Form, run};
use super::super::wire;
use super::daemon::Daemon;
use super::error::{Error, Result};
use super::lab::Lab;
use super::screen::Screen;
use super::shell::Interrupt;
use super::snapshot::Snapshot;

/// The instance of guest1 and guest2.
const NET1: &str = "default-domain:demo:net1:net1";
/// The instance of guest3.
const NET2: &str = "default-domain:demo:net2:net2";

/// What the steps have in common.
pub(super) struct Story<'a> {
    screen: Screen<'a>,
    style: Style,
    clock: Arc<dyn Clock>,
    interrupt: Interrupt,
}

/// The stage: daemon first, since it goes first when all is dropped.
struct Stage {
    daemon: Daemon,
    lab: Lab,
    /// The compute node before the daemon came.
    before: Snapshot,
}

impl<'a> Story<'a> {
    pub(super) fn new(screen: Screen<'a>, style: Style, clock: Arc<dyn Clock>, interrupt: Interrupt) -> Self {
        Self { screen, style, clock, interrupt }
    }

    /// Tells it from the beginning to the end, or leaves the stage as it is after the last step.
    ///
    /// # Errors
    /// The first step that did not hold. What was built is gone then.
    pub(super) fn tell(mut self, keep: bool, with_fabric: bool) -> Result<Demo> {
        let stage = self.set_the_stage()?;
        let acted = if with_fabric { self.act_with_fabric(&stage) } else { self.act(&stage) };
        if let Err(error) = acted {
            // Ctrl-C also ends the program that a step is waiting for; that is no failure of the step.
            self.interrupt.check()?;
            self.screen.failed("this step did not hold; the daemon's last words:", &stage.daemon.last_words(8))?;
            return Err(error);
        }
        if keep { self.keep(stage) } else { self.close(stage, with_fabric) }
    }

    /// The steps between the first and the last.
    fn act(&mut self, stage: &Stage) -> Result<()> {
        self.add_ports(stage)?;
        self.provision(stage)?;
        self.reach_outside(stage)?;
        self.stay_inside(stage)?;
        self.transfer(stage)?;
        self.add_uplink(stage)?;
        self.show_host_state(stage)?;
        self.audit(stage)
    }

    /// Runs a `vgw` command as the command line would, through the daemon's socket, and returns what
    /// it prints.
    fn vgw(&self, stage: &Stage, command: &str) -> Result<String> {
        let failed = |reason: String| Error::Daemon { what: command.to_owned(), reason };
        let arguments = Arguments::try_parse_from(command.split_whitespace());
        let Verb::Daemon(verb) = arguments.map_err(|error| failed(error.to_string()))?.verb else {
            return Err(failed("it is no question to the daemon".to_owned()));
        };
        let answer = ask(&stage.daemon.socket(), |daemon| run(&verb, false, daemon, Form::People(self.style)));
        answer.map_err(|failure| failed(failure.to_string()))
    }

    /// Shows a `vgw` command, runs it, and shows its answer as something that held.
    fn show_vgw(&mut self, stage: &Stage, command: &str) -> Result<()> {
        self.screen.command(command)?;
        let answer = self.vgw(stage, command)?;
        self.screen.good(answer.trim_end(), "")
    }

    /// The daemon's status as values.
    fn status(&self, stage: &Stage) -> Result<Status> {
        let status = ask(&stage.daemon.socket(), |daemon| Ok(wire::status(daemon.status()?)));
        status.map_err(|failure| Error::Daemon { what: "vgw status".to_owned(), reason: failure.to_string() })
    }
}
