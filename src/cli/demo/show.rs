//! The way in.

use std::io::Write;
use std::sync::Arc;

use crate::clock::Clock;

use super::super::args::DemoArguments;
use super::super::failure::Failure;
use super::super::render::Style;
use super::super::report::{Demo, EndedDemo, EndedDemos};
use super::super::run::Form;
use super::error::{Error, Result};
use super::screen::Screen;
use super::shell::Interrupt;
use super::story::Story;
use super::{daemon, lab, namespace};

/// Shows the gateway at work, or ends what was kept; what is to be told at the end. People see the steps
/// while they are taken.
///
/// # Errors
/// The step that did not hold: what was expected and what was seen. Nothing is left behind.
pub fn show(
    arguments: &DemoArguments,
    form: Form,
    clock: Arc<dyn Clock>,
    out: &mut dyn Write,
) -> std::result::Result<String, Failure> {
    let failed = |error| match error {
        Error::NotPermitted(what) => Failure::NotPermitted { what },
        other => Failure::Demo(other.to_string()),
    };
    if arguments.stop {
        return form.text(&stop().map_err(failed)?);
    }
    let (screen, style) = match form {
        Form::Json => (Screen::new(None, Style::PLAIN), Style::PLAIN),
        Form::People(style) => (Screen::new(Some(out), style), style),
    };
    form.text(&tell(arguments, screen, style, clock).map_err(failed)?)
}

fn tell(arguments: &DemoArguments, screen: Screen<'_>, style: Style, clock: Arc<dyn Clock>) -> Result<Demo> {
    must_be_root()?;
    let interrupt = Interrupt::install()?;
    Story::new(screen, style, clock, interrupt).tell(arguments.keep, arguments.fabric)
}

/// Ends every demonstration that was kept: its daemon, its namespaces, its folder.
fn stop() -> Result<EndedDemos> {
    must_be_root()?;
    let interrupt = Interrupt::install()?;
    let mut ended = Vec::new();
    for id in daemon::kept()? {
        daemon::stop_kept(id, &namespace::path(&lab::compute_of(id)), &interrupt)?;
        ended.push(EndedDemo { name: format!("vgw-demo-{id}"), namespaces: lab::remove_kept(id)? });
    }
    Ok(EndedDemos { ended })
}

fn must_be_root() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Error::NotPermitted("the demonstration makes network namespaces: run it as root, with sudo".to_owned()))
}
