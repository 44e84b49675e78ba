//! The journal: a line that says what it is, then a line for each request that has changed something.

use serde::{Deserialize, Serialize};

use super::form::RecordForm;
use super::{Record, Saved};

/// The format's name, before the number of its version.
const NAME: &str = "vgw.dynamic/";
/// The version that is written, and the only one so far.
const VERSION: u32 = 1;

/// What a journal's file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// The run of the kernel in which it was written: deadlines in it are of that one's clock.
    pub boot: String,
    /// What it comes to.
    pub saved: Saved,
    /// Its last line was not written whole. Nobody was answered then: what it was about has not happened.
    pub is_torn: bool,
}

/// Why a journal is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJournal {
    /// The first line is another's.
    #[error("it is none of vgwd's")]
    Foreign,
    /// Another vgwd has written it, which knows what this one does not.
    #[error("it has version {0} of the format, and this vgwd knows {VERSION}")]
    OtherVersion(u32),
    /// A line is none of a journal.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1 on.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    build: String,
    boot: String,
}

impl Journal {
    /// The first line: a new journal, of this run of the kernel.
    #[must_use]
    pub fn header(boot: &str) -> Vec<u8> {
        let build = env!("CARGO_PKG_VERSION").to_owned();
        line(&Header { format: format!("{NAME}{VERSION}"), build, boot: boot.to_owned() })
    }

    /// A line with these records, which counts whole or not at all.
    #[must_use]
    pub fn line(records: &[Record]) -> Vec<u8> {
        line(&records.iter().map(RecordForm::from).collect::<Vec<_>>())
    }

    /// Reads a journal.
    ///
    /// # Errors
    /// Why nothing of it can be believed. A last line that is not whole is no error.
    pub fn read(bytes: &[u8]) -> Result<Self, BadJournal> {
        let bad = |line, error: &dyn ToString| BadJournal::Line { line, reason: shown(&error.to_string()) };
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        let header =
            lines.next().and_then(|(_, line)| serde_json::from_slice::<Header>(line.strip_suffix(b"\n")?).ok());
        let Header { format, build: _, boot } = header.ok_or(BadJournal::Foreign)?;
        match format.strip_prefix(NAME).and_then(|version| version.parse().ok()) {
            Some(VERSION) => {}
            Some(other) => return Err(BadJournal::OtherVersion(other)),
            None => return Err(BadJournal::Foreign),
        }
        let (mut saved, mut is_torn) = (Saved::default(), false);
        while let Some((index, line)) = lines.next() {
            // A power failure may leave zeros where a line was to be, and its end behind them.
            if lines.peek().is_none() && (!line.ends_with(b"\n") || line.contains(&0)) {
                is_torn = true;
                break;
            }
            let forms = serde_json::from_slice::<Vec<RecordForm>>(line).map_err(|error| bad(index + 1, &error))?;
            for form in forms {
                saved.apply(Record::try_from(form).map_err(|reason| bad(index + 1, &reason))?);
            }
        }
        Ok(Self { boot, saved, is_torn })
    }
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // These forms have neither maps with other keys than text nor anything else that could fail.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Text of a file that anything may have written, safe to show.
fn shown(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}
