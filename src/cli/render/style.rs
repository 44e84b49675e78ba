//! Colours, where a terminal shows them.

use std::env;
use std::fmt::Display;
use std::io::IsTerminal;

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
}

impl Tone {
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
    fn plain_text_stays_plain() {
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(Style::COLOUR.paint(Tone::Plain, "x"), "x");
        assert_eq!(Style::COLOUR.paint(Tone::Bad, "x"), "\x1b[31mx\x1b[0m");
    }
}
