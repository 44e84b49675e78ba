//! `vgw fabric …`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::addr::InterfaceName;

/// `vgw fabric …`, of what the daemon serves.
#[derive(Debug, Subcommand)]
pub enum FabricVerb {
    /// Takes a device of the host's in front of the host: its addresses and routes go to a new tap.
    ///
    /// With --confirm the device is given back after that time unless `vgw fabric confirm` comes before:
    /// for whom this may cut off.
    #[command(after_help = "Example:\n  vgw fabric take eth0 --dry-run\n  vgw fabric take eth0 --confirm 60s")]
    Take(FabricTake),
    /// Makes it last that a device was taken.
    #[command(after_help = "Example:\n  vgw fabric confirm")]
    Confirm,
    /// Gives the device back to the host, as it is then.
    #[command(after_help = "Example:\n  vgw fabric give-back --dry-run\n  vgw fabric give-back")]
    GiveBack,
    /// Shows what is taken, and the time left to confirm it.
    #[command(after_help = "Example:\n  vgw fabric show\n  vgw fabric show -j")]
    Show,
    /// Puts the host back as it was, without the daemon: after a crash.
    ///
    /// Does nothing if there is nothing to do; refuses while a daemon is running.
    #[command(after_help = "Example:\n  vgw fabric restore\n  vgw fabric restore --forget")]
    Restore(FabricRestore),
}

/// A device to be taken.
#[derive(Debug, Args)]
pub struct FabricTake {
    /// The device.
    #[arg(value_name = "DEVICE")]
    pub device: InterfaceName,
    /// The name of the tap that the host gets in its place.
    #[arg(long, value_name = "NAME", default_value = crate::fabric::Wanted::INTERFACE)]
    pub interface: InterfaceName,
    /// Gives it back after this time (60s, 5m) unless it is confirmed.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub confirm: Option<Duration>,
}

/// Where it is written down what was taken.
#[derive(Debug, Args)]
pub struct FabricRestore {
    /// The daemon's folder (its option of the same name).
    #[arg(long, value_name = "DIR", default_value = "/var/lib/vgw")]
    pub state_dir: PathBuf,
    /// Gives nothing back: puts aside what is written down, of a device that will not come back.
    #[arg(long)]
    pub forget: bool,
}

impl FabricVerb {
    pub(super) fn is_change(&self) -> bool {
        matches!(self, Self::Take(_) | Self::GiveBack)
    }
}

/// Seconds or minutes, at least one second and at most a day.
fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.strip_suffix('m') {
        Some(number) => (number, 60),
        None => (text.strip_suffix('s').unwrap_or(text), 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    let seconds = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "expected a time from 1s to 1440m such as 60s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(["60s", "60", "1m"].map(|text| time(text).unwrap().as_secs()), [60; 3]);
        for text in ["0s", "", "s", "1h", "-1s", "86401s", "18446744073709551615m"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
