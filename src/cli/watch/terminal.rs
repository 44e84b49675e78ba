//! A terminal that is drawn on, and given back as it was whatever happens.

use std::io::{self, IsTerminal, Stdin, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The other screen, no cursor, and lines that end at the edge.
const BEGIN: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const END: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// The process's terminal while keys are read one by one. Dropped, also by a panic, it is as it was.
pub(super) struct Terminal {
    stdin: Stdin,
    before: Termios,
    /// Somebody wants the process to end.
    ended: Arc<AtomicBool>,
    signals: Vec<SigId>,
}

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A key.
    Key(u8),
    /// Nothing in that time.
    Nothing,
    /// The end: a signal, or nobody is there any more.
    End,
}

impl Terminal {
    /// Takes the terminal; `None` if there is none to be drawn on.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn take() -> io::Result<Option<Self>> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        if !stdin.is_terminal() || !stdout.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&stdin)?;
        let mut signals = Vec::new();
        let ended = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            signals.push(signal_hook::flag::register(signal, Arc::clone(&ended))?);
        }
        // From here on dropping it undoes what is done.
        let terminal = Self { stdin, before, ended, signals };
        let mut raw = terminal.before.clone();
        raw.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal.stdin, OptionalActions::Now, &raw)?;
        terminal.show(BEGIN)?;
        Ok(Some(terminal))
    }

    /// Draws a text from the top, as much of it as there are lines for.
    ///
    /// # Errors
    /// The terminal has gone.
    pub(super) fn draw(&self, text: &str) -> io::Result<()> {
        let height = tcgetwinsize(io::stdout()).map_or(24, |size| usize::from(size.ws_row).max(1));
        let lines: Vec<&str> = text.lines().take(height).collect();
        let shown = lines.join("\x1b[K\r\n");
        self.show(&format!("\x1b[H{shown}\x1b[K\x1b[J"))
    }

    /// Waits for a key.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn wait(&mut self, time: Duration) -> io::Result<Heard> {
        let time = Timespec::try_from(time).ok();
        let mut ears = [PollFd::new(&self.stdin, PollFlags::IN)];
        let woken = match poll(&mut ears, time.as_ref()) {
            Ok(count) => count > 0,
            Err(rustix::io::Errno::INTR) => false,
            Err(error) => return Err(error.into()),
        };
        if self.ended.load(Ordering::Relaxed) {
            return Ok(Heard::End);
        }
        let mut key = [0];
        if !woken {
            return Ok(Heard::Nothing);
        }
        // Past the standard library's buffer, in which a key would wait unseen.
        Ok(if rustix::io::read(&self.stdin, &mut key)? == 0 { Heard::End } else { Heard::Key(key[0]) })
    }

    fn show(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing back.
        let _ = tcsetattr(&self.stdin, OptionalActions::Now, &self.before);
        let _ = self.show(END);
        self.signals.drain(..).for_each(|signal| _ = signal_hook::low_level::unregister(signal));
    }
}
