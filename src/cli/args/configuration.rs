//! `vgw check`, `vgw diff`, `vgw apply`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// A configuration in a file.
#[derive(Debug, Args)]
pub struct ConfigurationArguments {
    /// The file; the drop-ins beside it (`NAME.d/*.toml`) are read too. The daemon's own if absent.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `vgw apply …`
#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// What to apply.
    #[command(flatten)]
    pub configuration: ConfigurationArguments,
    /// Takes it back after this time unless 'vgw confirm' is called: seconds, or with s, m or h.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub confirm: Option<Duration>,
}

/// A time of at least a second and at most a day.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let number = digits.bytes().all(|c| c.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    let seconds = number.and_then(|number| number.checked_mul(unit)).filter(|seconds| (1..=86_400).contains(seconds));
    let seconds = seconds.ok_or("a time is 1 second to 24 hours: 60, 60s, 5m or 1h")?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("1", 1), ("60s", 60), ("5m", 300), ("24h", 86_400)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "0", "s", "-1", "+1", "1d", "25h", "1.5", "18446744073709551615h"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
