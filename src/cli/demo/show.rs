//! The way in.

use std::io::Write;
use std::sync::Arc;

use crate::clock::Clock;

use super::super::args::DemoArguments;
use super::super::failure::Failure;
use super::super::render::Style;
use super::error::{Error, Result};
use super::screen::Screen;
use super::shell::Interrupt;
use super::story::Story;
use super::{daemon, lab, namespace};

/// Shows the gateway at work, or ends what was kept.
///
/// # Errors
/// The step that did not hold: what was expected and what was seen. Nothing is left behind.
pub fn show(
    arguments: &DemoArguments,
    style: Style,
    clock: Arc<dyn Clock>,
    out: &mut dyn Write,
) -> std::result::Result<(), Failure> {
    let shown = if arguments.stop { stop(out) } else { tell(arguments.keep, style, clock, out) };
    shown.map_err(|error| match error {
        Error::NotPermitted(what) => Failure::NotPermitted { what },
        other => Failure::Demo(other.to_string()),
    })
}

fn tell(keep: bool, style: Style, clock: Arc<dyn Clock>, out: &mut dyn Write) -> Result<()> {
    must_be_root()?;
    let interrupt = Interrupt::install()?;
    Story::new(Screen::new(out, style), style, clock, interrupt).tell(keep)
}

/// Ends every demonstration that was kept: its daemon, its namespaces, its folder.
fn stop(out: &mut dyn Write) -> Result<()> {
    must_be_root()?;
    let interrupt = Interrupt::install()?;
    let kept = daemon::kept()?;
    for &id in &kept {
        daemon::stop_kept(id, &namespace::path(&lab::compute_of(id)), &interrupt)?;
        let names = lab::remove_kept(id)?;
        writeln!(out, "vgw-demo-{id} ended, {} namespaces deleted", names.len())?;
    }
    if kept.is_empty() {
        writeln!(out, "no demonstration was kept")?;
    }
    Ok(())
}

fn must_be_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Error::NotPermitted("the demonstration makes network namespaces: run it as root, with sudo".to_owned()))
}
