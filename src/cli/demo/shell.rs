//! Programs that an operator would run, and waiting for what they bring about.

use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use super::error::{Error, Result};

/// Runs a program to its end and returns what it printed.
///
/// # Errors
/// [`Error::Missing`], or [`Error::Command`] with what it said.
pub(super) fn run<S: AsRef<str>>(words: &[S]) -> Result<String> {
    let output = output(words)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Error::Command { command: line(words), output: said(&output) })
}

/// Runs a program to its end, whatever the end is. Its language is English, since it is parsed.
///
/// # Errors
/// [`Error::Missing`], or that it could not be started.
pub(super) fn output<S: AsRef<str>>(words: &[S]) -> Result<Output> {
    let Some((program, arguments)) = words.split_first() else { return Err(missing("")) };
    let mut command = Command::new(program.as_ref());
    command.args(arguments.iter().map(AsRef::as_ref)).env("LC_ALL", "C").stdin(Stdio::null());
    command.output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => missing(program.as_ref()),
        _ => Error::System { what: line(words), error },
    })
}

/// What a program said before it failed: its last line of complaint, or its exit code.
pub(super) fn said(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    let last = complaint.lines().chain(text.lines()).rfind(|line| !line.trim().is_empty());
    last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned())
}

/// Words as one would type them.
pub(super) fn line<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ")
}

fn missing(program: &str) -> Error {
    let hint = match program {
        "ip" => "on Debian: apt-get install iproute2",
        "ping" => "on Debian: apt-get install iputils-ping",
        _ => "look for the package that has it",
    };
    Error::Missing { program: program.to_owned(), hint }
}

/// Ctrl-C and SIGTERM as a flag that each wait looks at, so that what was built is taken down.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Turns both signals into the flag.
    ///
    /// # Errors
    /// The system refused.
    pub(super) fn install() -> Result<Self> {
        let flag = Self::default();
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag.0)).map_err(Error::system("signals"))?;
        }
        Ok(flag)
    }

    /// # Errors
    /// [`Error::Interrupted`] once a signal has come.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Asks again until there is an answer; `None` if there is none within the limit, counted in pauses.
///
/// # Errors
/// The probe's own, or [`Error::Interrupted`].
pub(super) fn wait<T>(
    limit: Duration,
    interrupt: &Interrupt,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<Option<T>> {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut left = limit;
    loop {
        interrupt.check()?;
        if let Some(answer) = probe()? {
            return Ok(Some(answer));
        }
        if left.is_zero() {
            return Ok(None);
        }
        // A pause between two questions; nothing is ever sent on this channel.
        let _elapsed = crossbeam_channel::after(PAUSE).recv();
        left = left.saturating_sub(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_failures_are_kept() {
        assert_eq!(run(&["echo", "a", "b"]).unwrap(), "a b\n");
        let failure = run(&["sh", "-c", "echo first >&2; echo last >&2; exit 3"]).unwrap_err().to_string();
        assert_eq!(failure, "'sh -c echo first >&2; echo last >&2; exit 3' failed: last");
        assert!(matches!(run(&["vgw-no-such-program"]), Err(Error::Missing { .. })));
    }

    #[test]
    fn waiting_ends() {
        let mut asked = 0;
        let quiet = Interrupt::default();
        let none = wait(Duration::from_millis(60), &quiet, || {
            asked += 1;
            Ok(None::<()>)
        });
        assert!(none.unwrap().is_none());
        assert_eq!(asked, 4);
        assert_eq!(wait(Duration::ZERO, &quiet, || Ok(Some(7))).unwrap(), Some(7));
    }

    #[test]
    fn an_interrupt_ends_waiting() {
        let interrupt = Interrupt::default();
        interrupt.0.store(true, Ordering::Relaxed);
        assert!(matches!(wait(Duration::MAX, &interrupt, || Ok(None::<()>)), Err(Error::Interrupted)));
    }
}
