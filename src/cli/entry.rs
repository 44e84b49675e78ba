//! From the words of a command line to an exit code.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Parser;

use crate::clock::Clock;
use crate::config::Imported;
use crate::doctor::Host;

use super::args::{Arguments, CaptureArguments, DaemonVerb, FabricVerb, Verb};
use super::ask::ask;
use super::capture::{self, Bounds, File, Lines, Total, extcap};
use super::complete::complete;
use super::demo;
use super::doctor;
use super::failure::Failure;
use super::lease;
use super::render::{Style, Tone};
use super::report::{CaptureEnd, Report, Restored, Version};
use super::run::{Form, check, follow_drops, run};
use super::trace::trace;
use super::watch;

/// Where text goes, and whether it is coloured there.
pub struct Console<'a> {
    /// Answers.
    pub out: &'a mut dyn Write,
    /// How answers look.
    pub out_style: Style,
    /// Complaints.
    pub err: &'a mut dyn Write,
    /// How complaints look.
    pub err_style: Style,
}

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
        Verb::Doctor(given) if arguments.dry_run && given.fix.is_none() => {
            let reason = "the doctor changes nothing without --fix".to_owned();
            return Err(Failure::Usage { field: "--dry-run".to_owned(), reason });
        }
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
            let total = self::capture(given, arguments, &*clock, console)?;
            if !arguments.json || given.write.is_some() {
                console.tell(&total)?;
            }
            return Ok(0);
        }
        Verb::Daemon(DaemonVerb::Drops(given)) if given.follow && !arguments.dry_run => {
            let followed =
                ask(&arguments.socket, |daemon| follow_drops(given, daemon, form, &mut |text| console.put(text)));
            return done_with(followed).map(|()| 0);
        }
        Verb::Daemon(verb) => {
            console.note(&verb.notes());
            if !arguments.dry_run {
                lease::record(verb, &arguments.socket)?;
            }
            match ask(&arguments.socket, |daemon| run(verb, arguments.dry_run, daemon, form)) {
                Err(failure) if !arguments.dry_run => form.text(&lease::unheard(verb, failure)?)?,
                told => told?,
            }
        }
    };
    console.say(&text).map(|()| 0)
}

/// Captures to where it was asked for.
fn capture(
    given: &CaptureArguments,
    arguments: &Arguments,
    clock: &dyn Clock,
    console: &mut Console<'_>,
) -> Result<CaptureEnd, Failure> {
    let request = capture::request(given)?;
    let form = form(arguments, console.out_style);
    let (count, until) = (given.count, given.duration.map(|time| clock.now() + time));
    let bounds = Bounds { count, until, stop: capture::stop_on_signals(), clock };
    let total = ask(&arguments.socket, |daemon| match given.write.as_deref() {
        None => {
            let put = &mut |text: &str| console.put(text);
            capture::capture(daemon, request, &bounds, &mut Lines { form, put, text: String::new() })
        }
        Some(path) if path == Path::new("-") => capture::capture(
            daemon,
            request,
            &bounds,
            &mut File::new(&mut BufWriter::new(&mut console.out), given.snaplen),
        ),
        Some(path) => {
            let file = fs::File::create(path).map_err(Failure::Output)?;
            capture::capture(daemon, request, &bounds, &mut File::new(&mut BufWriter::new(file), given.snaplen))
        }
    })?;
    let Total { packets, lost } = total;
    Ok(CaptureEnd { packets, lost })
}

fn form(arguments: &Arguments, style: Style) -> Form {
    if arguments.json { Form::Json } else { Form::People(style) }
}

impl Console<'_> {
    /// Writes notes beside an answer.
    fn note(&mut self, notes: &[String]) {
        for note in notes {
            let lead = self.err_style.paint(Tone::Notice, "vgw: note:");
            self.complain(&format!("{lead} {note}\n"), 0);
        }
    }

    /// Tells beside the packets what came of a capture.
    fn tell(&mut self, total: &CaptureEnd) -> Result<(), Failure> {
        let text = total.render(self.err_style);
        self.complain(&format!("vgw: {text}\n"), 0);
        Ok(())
    }

    /// Writes an answer. A reader that has gone away, as `head` does, has all it wants.
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        done_with(self.put(text))
    }

    /// Writes a part of an answer.
    fn put(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(Failure::Output)
    }

    /// Writes a complaint and passes on the exit code, which tells the same to those who cannot read it.
    fn complain(&mut self, text: &str, code: u8) -> u8 {
        let _: io::Result<()> = self.err.write_all(self.err_style.guard(text).as_bytes());
        code
    }
}

/// A reader that has gone away is no failure.
fn done_with(put: Result<(), Failure>) -> Result<(), Failure> {
    match put {
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    /// A host that nobody is to look at.
    struct Nowhere;

    impl Host for Nowhere {
        fn look(&mut self, _: &crate::doctor::Order) -> crate::doctor::Facts {
            unreachable!("only the doctor looks at the host")
        }
    }

    /// What a command line does: exit code, answers, complaints.
    fn typed(line: &str) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let console = Console { out: &mut out, out_style: Style::PLAIN, err: &mut err, err_style: Style::PLAIN };
        let code = entry(
            line.split_whitespace().map(OsString::from),
            Arc::new(ManualClock::default()),
            &|_, _| Err("not here".to_owned()),
            &mut Nowhere,
            console,
        );
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn help_and_version_are_answers() {
        let (code, out, err) = typed("vgw --help");
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("Usage: vgw"), "{out}");
        assert_eq!(typed("vgw --version"), (0, concat!("vgw ", env!("CARGO_PKG_VERSION"), "\n").into(), String::new()));
    }

    #[test]
    fn usage_errors_are_complaints() {
        let (code, out, err) = typed("vgw gateway add vgw1 --instance a --subnet 10.0.0.0/33");
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains("--subnet <PREFIX>"), "{err}");
        assert_eq!(typed("vgw").0, 2);
    }

    #[test]
    fn errors_are_objects_if_asked() {
        let (code, out, err) = typed("vgw gateway add vgw1 -j --instance a --subnet 10.0.0.0/33");
        assert_eq!((code, err.as_str()), (2, ""));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(object["schema"], "vgw.error/1");
        assert_eq!(object["error"]["field"], "--subnet <PREFIX>");
        let (code, out, err) = typed("vgw gateway list -nj --socket /nonexistent/vgwd.sock");
        assert_eq!((code, err.as_str()), (4, ""), "letters may stand together");
        assert!(out.starts_with(r#"{"schema":"vgw.error/1""#), "{out}");
        let version = concat!(r#"{"schema":"vgw.version/1","version":""#, env!("CARGO_PKG_VERSION"), "\"}\n");
        assert_eq!(typed("vgw -j --version"), (0, version.into(), String::new()));
    }

    #[test]
    fn a_daemon_that_is_not_there_is_exit_4() {
        let (code, out, err) = typed("vgw --socket /nonexistent/vgwd.sock status");
        assert_eq!((code, out.as_str()), (4, ""));
        assert!(err.contains("systemctl start vgwd"), "{err}");
        let (code, out, _) = typed("vgw --socket /nonexistent/vgwd.sock status -j");
        assert_eq!(code, 4);
        assert!(out.contains(r#""kind":"unreachable""#), "{out}");
    }

    #[test]
    fn old_configuration_becomes_new() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.conf");
        std::fs::write(&path, "[GATEWAY-0]\ninterface=vgw\nrouting_instance=net\nip_blocks=1.1.1.1/24\n").unwrap();
        let path = path.display().to_string();
        let (code, out, err) = typed(&format!("vgw import {path}"));
        assert_eq!(code, 0);
        assert!(
            out.ends_with(
                "GATEWAY-0\n[[gateway]]\ninterface = \"vgw\"\nrouting_instance = \"net\"\nsubnets = [\"1.1.1.0/24\"]\n"
            ),
            "{out}"
        );
        assert_eq!(
            err,
            format!("vgw: note: {path}:4: GATEWAY-0.ip_blocks: 1.1.1.1/24 has host bits, 1.1.1.0/24 is meant\n")
        );
        let (code, out, _) = typed(&format!("vgw import -j {path}"));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &object["schema"]), (0, &"vgw.import/1".into()));
        assert_eq!(object["gateways"][0]["subnets"][0], "1.1.1.0/24");
        let (code, out, err) = typed(&format!("vgw import --devstack {path}"));
        assert_eq!((code, out.as_str()), (0, ""));
        assert!(err.contains("CONTRAIL_VGW_INTERFACE"), "{err}");
        assert_eq!(typed(&format!("vgw import -n {path}")).0, 2);

        std::fs::write(&path, "[GATEWAY-0]\ninterface=a/b\nrouting_instance=net\nip_blocks=1.1.1.1/24\n").unwrap();
        let (code, out, err) = typed(&format!("vgw import {path}"));
        let reason = format!("{path}:2: GATEWAY-0.interface: the name contains '/', which is not allowed");
        assert_eq!((code, out.as_str(), err), (78, "", format!("vgw: {reason}\n")));
        let (code, out, err) = typed(&format!("vgw import -j {path}"));
        let object: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, err.as_str()), (78, ""));
        assert_eq!(object["error"]["kind"], "configuration");
        assert_eq!(
            (&object["error"]["field"], &object["error"]["reason"]),
            (&"GATEWAY-0.interface".into(), &reason.into())
        );
        assert_eq!(typed("vgw import /nonexistent/file").0, 78);
    }

    #[test]
    fn cleared_host_bits_are_told() {
        let (_, _, err) = typed("vgw --socket /nonexistent/s gateway add vgw1 --instance a --subnet 10.1.2.3/24");
        assert!(err.starts_with("vgw: note: --subnet had host bits and is taken as 10.1.2.0/24\n"), "{err}");
    }

    /// A pipe whose reader has gone.
    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_is_no_failure() {
        let console = Console { out: &mut Broken, out_style: Style::PLAIN, err: &mut Broken, err_style: Style::PLAIN };
        let words = ["vgw", "--help"].map(OsString::from);
        assert_eq!(
            entry(words, Arc::new(ManualClock::default()), &|_, _| Err("not here".to_owned()), &mut Nowhere, console),
            0
        );
    }
}
