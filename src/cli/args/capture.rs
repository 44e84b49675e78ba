//! `vgw capture`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::addr::{InstanceName, InterfaceName};

/// `vgw capture`
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("place").args(["port", "gateway", "instance"]))]
pub struct CaptureArguments {
    /// At this port only.
    #[arg(long, value_name = "INTERFACE")]
    pub port: Option<InterfaceName>,
    /// At this gateway's tap only.
    #[arg(long, value_name = "INTERFACE")]
    pub gateway: Option<InterfaceName>,
    /// At the ports of this routing instance only.
    #[arg(long, value_name = "FQN")]
    pub instance: Option<InstanceName>,
    /// Only packets that are dropped.
    #[arg(long)]
    pub drops: bool,
    /// Writes pcapng into this file, or to standard output if it is '-', instead of a line for each packet.
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Ends after so many packets.
    #[arg(short, long, value_name = "PACKETS", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// Ends after this time: 500ms, 10s, 5min, 1h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Keeps so many bytes of each packet.
    #[arg(short, long, value_name = "BYTES", value_parser = clap::value_parser!(i32).range(1..=262_144))]
    pub snaplen: Option<i32>,
    /// Only packets that this matches, such as 'host 10.0.0.1 and not port 22'.
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
}

/// Reads a time: a whole number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err("a time is a number and ms, s, min or h".to_owned()),
    };
    let time = number.parse().ok().and_then(|number: u64| number.checked_mul(millis));
    time.map(Duration::from_millis).ok_or_else(|| "a time is a number and ms, s, min or h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, millis) in [("500ms", 500), ("10s", 10_000), ("5min", 300_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
        }
        for bad in ["", "10", "s", "1.5s", "-1s", "10 s", "1d", "99999999999999999999s", "9999999999999999999h"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
