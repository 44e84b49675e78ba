//! Running `nft`.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::table::TABLE;

/// Why `nft` did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It is not installed.
    #[error("the program nft is needed, which is not there; Debian has it in the package nftables")]
    Missing,
    /// It could not be run.
    #[error("the program nft cannot be run: {0}")]
    Unusable(#[from] io::Error),
    /// It refused, with these words.
    #[error("nft: {0}")]
    Refused(String),
    /// It said something that is not understood.
    #[error("nft has listed what is not understood: {0}")]
    Answer(#[from] serde_json::Error),
}

impl ProgramError {
    /// The nearest error number.
    pub(crate) fn errno(&self) -> i32 {
        match self {
            Self::Missing => libc::EOPNOTSUPP,
            Self::Unusable(error) => error.raw_os_error().unwrap_or(libc::EIO),
            Self::Refused(words) if words.contains("Operation not permitted") => libc::EPERM,
            Self::Refused(_) | Self::Answer(_) => libc::EIO,
        }
    }
}

/// Carries out a transaction: all of it, in one moment, or nothing.
///
/// # Errors
/// Nothing has changed then.
pub(crate) fn run(transaction: &Value) -> Result<(), ProgramError> {
    nft(&["-j", "-f", "-"], &transaction.to_string()).map(drop)
}

/// Lists our table.
///
/// # Errors
/// There is none, or it cannot be read.
pub(crate) fn list() -> Result<Value, ProgramError> {
    Ok(serde_json::from_str(&nft(&["-j", "list", "table", "inet", TABLE], "")?)?)
}

/// All rules of all tables, as people read them.
///
/// # Errors
/// They cannot be read.
pub(crate) fn ruleset() -> Result<String, ProgramError> {
    nft(&["list", "ruleset"], "")
}

/// Looks whether the program is there and runs.
///
/// # Errors
/// It is not, or does not.
pub(crate) fn check() -> Result<(), ProgramError> {
    nft(&["--version"], "").map(drop)
}

fn nft(arguments: &[&str], input: &str) -> Result<String, ProgramError> {
    let mut command = Command::new("nft");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ProgramError::Missing,
        _ => ProgramError::Unusable(error),
    })?;
    // It reads everything before it says anything. If it ends before that, its words say why.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    if output.status.success() {
        written?;
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().next().unwrap_or_default().trim_start_matches("internal:0:0-0: ");
    Err(ProgramError::Refused(words.trim_start_matches("Error: ").to_owned()))
}
