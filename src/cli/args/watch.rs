//! `vgw events` and `vgw top`

use std::time::Duration;

use clap::{Args, ValueEnum};

/// `vgw events`
#[derive(Debug, Args)]
pub struct EventsArguments {
    /// Goes on telling what happens, until it is interrupted.
    #[arg(short, long)]
    pub follow: bool,
    /// Begins with the last so many.
    #[arg(short, long, value_name = "COUNT", default_value_t = 20)]
    pub last: u32,
}

/// `vgw top`
#[derive(Debug, Args)]
pub struct TopArguments {
    /// Shows the rates of one interval, and ends.
    #[arg(long)]
    pub once: bool,
    /// Seconds between two looks, 0.2 to 3600.
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = interval)]
    pub interval: Duration,
    /// What comes first.
    #[arg(short, long, value_name = "COLUMN", default_value = "packets")]
    pub sort: Column,
}

/// What ports are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// The most packets in a second, both ways.
    Packets,
    /// The most bytes in a second, both ways.
    Bytes,
    /// The most drops in a second.
    Drops,
    /// The name.
    Name,
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.2..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "expected seconds, 0.2 to 3600".to_owned())
}
