//! Colours, where a terminal shows them.

use std::env;
use std::fmt::Display;
use std::io::IsTerminal;

use crate::addr::printable;

/// Whether text is coloured. Plain by default, as files and pipes want it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    colour: bool,
}

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it comes.
    #[default]
    Plain,
    /// A heading or a name to find.
    Strong,
    /// What the eye may skip.
    Faint,
    /// In order.
    Good,
    /// Worth a look.
    Notice,
    /// Wrong.
    Bad,
    /// Something to type.
    Command,
}

impl Style {
    /// With colours.
    pub const COLOUR: Self = Self { colour: true };
    /// Without.
    pub const PLAIN: Self = Self { colour: false };

    /// Colours if the stream is a terminal, `NO_COLOR` is unset or empty (no-color.org) and the
    /// terminal is not `dumb`.
    #[must_use]
    pub fn of(stream: &impl IsTerminal) -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colour: stream.is_terminal() && !refused && !dumb }
    }

    /// The text in its tone.
    #[must_use]
    pub fn paint(self, tone: Tone, text: impl Display) -> String {
        match tone.code() {
            Some(code) if self.colour => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_string(),
        }
    }

    /// A text of lines in which only what this style paints with does anything to a terminal: what others call
    /// something is written out.
    #[must_use]
    pub fn guard(self, text: &str) -> String {
        let mut guarded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('\x1b') {
            guarded.push_str(&printable(&rest[..at], is_layout));
            let ours = Tone::CODES.iter().map(|code| format!("\x1b[{code}m")).find(|ours| rest[at..].starts_with(ours));
            let sequence = ours.filter(|_| self.colour).unwrap_or_default();
            if sequence.is_empty() {
                guarded.push_str("\\u{1b}");
            }
            guarded.push_str(&sequence);
            rest = &rest[at + sequence.len().max(1)..];
        }
        guarded.push_str(&printable(rest, is_layout));
        guarded
    }
}

/// What lines consist of.
fn is_layout(c: char) -> bool {
    c == '\n'
}

impl Tone {
    /// All that [`Tone::code`] gives, and the end of a tone.
    const CODES: [&str; 7] = ["0", "1", "2", "31", "32", "33", "36"];

    /// The parameters of ECMA-48's SGR sequence.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Notice => Some("33"),
            Self::Bad => Some("31"),
            Self::Command => Some("36"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_sequences_reach_a_terminal() {
        let tones = [Tone::Strong, Tone::Faint, Tone::Good, Tone::Notice, Tone::Bad, Tone::Command, Tone::Plain];
        let ours: String = tones.map(|tone| Style::COLOUR.paint(tone, "x")).concat() + "\n";
        assert_eq!(Style::COLOUR.guard(&ours), ours);
        for text in ["\x1b[2J", "\x1b[8mx", "\x1b]0;x\x07", "\x1b", "a\rb", "\u{9b}2J", "\u{202e}x", "\0"] {
            for style in [Style::COLOUR, Style::PLAIN] {
                let shown = style.guard(&style.paint(Tone::Bad, text));
                let inner = shown.trim_start_matches("\x1b[31m").trim_end_matches("\x1b[0m");
                assert!(!inner.contains(crate::addr::is_deceptive), "{text:?}: {shown:?}");
            }
        }
        assert_eq!(Style::PLAIN.guard(&ours).matches('\x1b').count(), 0);
    }

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::COLOUR.paint(Tone::Plain, "x"), "x");
        assert_eq!(Style::COLOUR.paint(Tone::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
