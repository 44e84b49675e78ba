//! `vgw drops`

use std::thread;
use std::time::Duration;

use crate::api::generated::virtual_gateway::{LastDrops, TVirtualGatewaySyncClient};

use super::super::args::DropsArguments;
use super::super::failure::Failure;
use super::super::{report, wire};
use super::Form;
use super::talk::Talk;

/// How often the daemon is asked what it has dropped since.
const INTERVAL: Duration = Duration::from_millis(250);

impl Talk<'_> {
    pub(super) fn drops(&mut self, given: &DropsArguments) -> Result<String, Failure> {
        let query = wire::drop_query(given);
        if given.last {
            let packets = self.daemon.last_drops(query, Vec::new())?.packets;
            let packets = packets.into_iter().map(wire::dropped_packet).collect();
            return self.form.text(&report::LastDrops { packets });
        }
        let drops = self.daemon.list_drops(query)?.into_iter().map(wire::drop_count).collect();
        self.form.text(&report::Drops::new(drops))
    }
}

/// Says each packet that was dropped lately, and each that is dropped from now on, until `say` or the
/// daemon fails.
///
/// # Errors
/// Why it ended.
pub(in crate::cli) fn follow_drops(
    given: &DropsArguments,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    form: Form,
    say: &mut dyn FnMut(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut known = Vec::new();
    loop {
        let LastDrops { packets, missed, positions } = daemon.last_drops(wire::drop_query(given), known)?;
        if missed > 0 {
            let missed = wire::number(missed);
            say(&form.text(&report::MissedDrops { missed })?)?;
        }
        for packet in packets {
            say(&form.text(&wire::dropped_packet(packet))?)?;
        }
        known = positions;
        thread::park_timeout(INTERVAL);
    }
}
