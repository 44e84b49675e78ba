//! The log's lines on standard error, from which nobody's text breaks out.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::addr::printable;

/// Writes each event as one line. Colours stay where a terminal shows them: what comes from others has its own
/// escape characters written out before (`tracing-subscriber` 0.3.20, RUSTSEC-2025-0055).
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    pub(super) has_colours: bool,
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line<io::Stderr>;

    fn make_writer(&'w self) -> Self::Writer {
        Line { out: io::stderr(), has_colours: self.has_colours }
    }
}

/// One event's line.
#[derive(Debug)]
pub(super) struct Line<W> {
    pub(super) out: W,
    pub(super) has_colours: bool,
}

impl<W: Write> Write for Line<W> {
    /// An event comes in one piece, with the end of its line.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let shown = printable(line, |c| c == '\u{1b}' && self.has_colours);
        let end = if line.len() < text.len() { "\n" } else { "" };
        self.out.write_all([shown.as_bytes(), end.as_bytes()].concat().as_slice())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    /// What others may call something.
    const TEXTS: [&str; 6] =
        ["a\nERROR forged", "\u{1b}[2J\u{1b}[1A", "\0", "\u{202e}1wgv", "\u{9b}31m", "\r\u{2028}\u{feff}"];

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn assert_one_line(form: &str, text: &str, kept: &Kept) {
        let written = String::from_utf8(std::mem::take(&mut kept.0.lock().unwrap())).unwrap();
        let line = written.strip_suffix('\n').unwrap();
        let breaks_out = |c: char| c.is_control() || "\u{202e}\u{2028}\u{feff}".contains(c);
        assert!(!line.contains(breaks_out), "{form}: {text:?} gave {line:?}");
    }

    #[test]
    fn no_text_forges_a_line() {
        for text in TEXTS {
            let tell = || {
                let _span = tracing::error_span!("client", caller = %text).entered();
                tracing::warn!(name = %text, word = text, shown = ?text, "said {text}");
            };
            let kept = Kept::default();
            let out = kept.clone();
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(move || Line { out: out.clone(), has_colours: false });
            tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), tell);
            assert_one_line("text", text, &kept);

            let out = kept.clone();
            let lines = tracing_subscriber::fmt::layer()
                .with_ansi(false)
                .with_writer(move || Line { out: out.clone(), has_colours: false })
                .json()
                .flatten_event(true);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), tell);
            assert_one_line("JSON", text, &kept);
        }
    }
}
