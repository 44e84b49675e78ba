//! From the words of a command line to an exit code.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;

use crate::clock::Clock;
use crate::config::Imported;
use crate::doctor::Host;

use super::args::{Arguments, DaemonVerb, FabricVerb, Verb};
use super::ask::ask;
use super::capture::{self, extcap};
use super::complete::complete;
use super::console::{Console, done_with};
use super::demo;
use super::doctor;
use super::failure::Failure;
use super::lease;
use super::render::Style;
use super::report::{Restored, Version};
use super::run::{Form, check, follow_drops, run};
use super::trace::trace;
use super::watch;

/// Gives back what a daemon that is gone has taken of the host's, from what it has left in that folder. An
/// error is a sentence.
pub type Rescue<'a> = &'a dyn Fn(&Path, bool) -> Result<Restored, String>;

/// Does what the words say, the program's name first, and returns the process's exit code. `host` is the
/// machine that the doctor looks at.
#[must_use]
pub fn entry(
    words: impl IntoIterator<Item = OsString>,
    clock: Arc<dyn Clock>,
    rescue: Rescue<'_>,
    host: &mut dyn Host,
    mut console: Console<'_>,
) -> u8 {
    let words: Vec<OsString> = words.into_iter().collect();
    if extcap::is_meant(&words) {
        return dump(words, &*clock, &mut console);
    }
    // A command line that cannot be read may still say how the complaint is to look.
    let mut json = words.iter().any(|word| word == "-j" || word == "--json");
    let done = match Arguments::try_parse_from(words) {
        Ok(arguments) => {
            json = arguments.json;
            obey(&arguments, clock, rescue, host, &mut console)
        }
        Err(error) if json && error.kind() == clap::error::ErrorKind::DisplayVersion => {
            let version = Form::Json.text(&Version { version: env!("CARGO_PKG_VERSION") });
            version.and_then(|text| console.say(&text)).map(|()| 0)
        }
        Err(error) if !error.use_stderr() => console.say(&error.to_string()).map(|()| 0),
        Err(error) if json => Err(Failure::from(error)),
        // clap's own message has the usage and tips.
        Err(error) => return console.complain(&error.to_string(), 2),
    };
    match done {
        Ok(code) => code,
        Err(failure) if json => match console.say(&(failure.to_json() + "\n")) {
            Ok(()) => failure.exit_code(),
            Err(failure) => failure.exit_code(),
        },
        Err(failure) => {
            let line = failure.render(console.err_style);
            console.complain(&line, failure.exit_code())
        }
    }
}

/// As [`entry`], started by Wireshark.
fn dump(words: Vec<OsString>, clock: &dyn Clock, console: &mut Console<'_>) -> u8 {
    let done = match extcap::Extcap::try_parse_from(words) {
        Ok(extcap) => extcap.obey(clock).and_then(|text| console.say(&text)),
        Err(error) if !error.use_stderr() => console.say(&error.to_string()),
        Err(error) => return console.complain(&error.to_string(), 2),
    };
    match done {
        Ok(()) => 0,
        Err(failure) => console.complain(&failure.render(console.err_style), failure.exit_code()),
    }
}

/// Does what was asked; the exit code of what was done.
fn obey(
    arguments: &Arguments,
    clock: Arc<dyn Clock>,
    rescue: Rescue<'_>,
    host: &mut dyn Host,
    console: &mut Console<'_>,
) -> Result<u8, Failure> {
    let form = form(arguments, console.out_style);
    if let Some(reason) = arguments.verb.never_dry().filter(|_| arguments.dry_run) {
        return Err(Failure::Usage { field: "--dry-run".to_owned(), reason: reason.to_owned() });
    }
    let text = match &arguments.verb {
        Verb::Trace(given) => {
            let traced = trace(given, &arguments.socket)?;
            console.say(&form.text(&traced)?)?;
            return Ok(u8::from(!traced.arrives()));
        }
        Verb::Events(given) => {
            return ask(&arguments.socket, |daemon| watch::events(given, daemon, form, console.out)).map(|()| 0);
        }
        Verb::Top(given) => {
            return ask(&arguments.socket, |daemon| watch::top(given, daemon, form, &*clock, console.out)).map(|()| 0);
        }
        Verb::Complete(line) => complete(&line.words, &arguments.socket),
        Verb::Doctor(given) => {
            let (diagnosis, is_well) = doctor::diagnose(given, &arguments.socket, arguments.dry_run, host)?;
            console.say(&form.text(&diagnosis)?)?;
            return Ok(u8::from(!is_well));
        }
        Verb::Check(given) => form.text(&check(given)?)?,
        Verb::Import(given) => {
            let read = if given.devstack { Imported::devstack } else { Imported::agent_conf };
            let imported = read(&given.file).map_err(Failure::Configuration)?;
            console.note(&imported.warnings);
            form.text(&imported)?
        }
        Verb::Demo(demo) => demo::show(demo, form, clock, console.out)?,
        Verb::Daemon(DaemonVerb::Fabric(FabricVerb::Restore(given))) => {
            form.text(&rescue(&given.state_dir, given.forget).map_err(Failure::Rescue)?)?
        }
        Verb::Capture(given) => {
            let total = capture::obey(given, &arguments.socket, form, &*clock, console)?;
            if !arguments.json || given.write.is_some() {
                console.tell(&total);
            }
            return Ok(0);
        }
        Verb::Daemon(DaemonVerb::Drops(given)) if given.follow && !arguments.dry_run => {
            let followed =
                ask(&arguments.socket, |daemon| follow_drops(given, daemon, form, &mut |text| console.put(text)));
            return done_with(followed).map(|()| 0);
        }
        Verb::Daemon(verb) => told(verb, arguments, form, console)?,
    };
    console.say(&text).map(|()| 0)
}

/// What the daemon answers. A lease is recorded before, so that one that cannot be told now is found at
/// its start.
fn told(verb: &DaemonVerb, arguments: &Arguments, form: Form, console: &mut Console<'_>) -> Result<String, Failure> {
    console.note(&verb.notes());
    if !arguments.dry_run {
        lease::record(verb, &arguments.socket)?;
    }
    match ask(&arguments.socket, |daemon| run(verb, arguments.dry_run, daemon, form)) {
        Err(failure) if !arguments.dry_run => form.text(&lease::unheard(verb, failure)?),
        told => told,
    }
}

fn form(arguments: &Arguments, style: Style) -> Form {
    if arguments.json { Form::Json } else { Form::People(style) }
}

#[cfg(test)]
mod tests;
