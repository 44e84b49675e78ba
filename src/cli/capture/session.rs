//! A capture from its beginning to its end.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::api::generated::virtual_gateway::{
    CapturePort, CaptureRequest, CapturedPacket, CapturedPackets, TVirtualGatewaySyncClient,
};
use crate::capture::Filter;
use crate::cli::args::CaptureArguments;
use crate::cli::failure::Failure;
use crate::cli::wire::number;
use crate::clock::{Clock, Moment};

/// How long the daemon may wait for packets before it answers; signals and the end of the time are looked
/// at as often.
const WAIT: Duration = Duration::from_millis(250);

/// Answers that are still taken when it is time to end: as many as what may wait in the daemon fills.
const LAST_ANSWERS: usize = 5;

/// Where packets go.
pub(super) trait Output {
    /// These ports are captured at; others may come.
    fn begin(&mut self, ports: &[CapturePort]) -> Result<(), Failure>;
    /// A packet.
    fn packet(&mut self, packet: &CapturedPacket) -> Result<(), Failure>;
    /// What has come so far is to be seen.
    fn flush(&mut self) -> Result<(), Failure>;
    /// There are no more.
    fn end(&mut self, total: Total) -> Result<(), Failure>;
}

/// What a capture has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Total {
    /// Packets that were put out.
    pub(super) packets: u64,
    /// Packets that were looked for and could not be kept.
    pub(super) lost: u64,
}

/// When a capture ends by itself.
pub(super) struct Bounds<'a> {
    /// After so many packets.
    pub(super) count: Option<u64>,
    /// At this moment.
    pub(super) until: Option<Moment>,
    /// Once this is set.
    pub(super) stop: Arc<AtomicBool>,
    pub(super) clock: &'a dyn Clock,
}

/// A flag that Ctrl-C and SIGTERM set.
pub(super) fn stop_on_signals() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Without it the signal ends the program at once, which costs only the final counts.
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    stop
}

/// The request that was typed.
///
/// # Errors
/// What is wrong with the filter.
pub(super) fn request(given: &CaptureArguments) -> Result<CaptureRequest, Failure> {
    let filter = given.filter.join(" ");
    let wrong = |error| Failure::Usage { field: "FILTER".to_owned(), reason: format!("filter: {error}") };
    filter.parse::<Filter>().map_err(wrong)?;
    Ok(CaptureRequest {
        port: given.port.as_ref().map(ToString::to_string),
        gateway: given.gateway.as_ref().map(ToString::to_string),
        routing_instance: given.instance.as_ref().map(ToString::to_string),
        drops_only: given.drops,
        filter,
        snap_length: given.snaplen,
    })
}

/// Captures until a bound is met or nobody reads any more.
///
/// # Errors
/// Why it did not begin, or went on no longer; what was captured has been put out.
pub(super) fn capture(
    daemon: &mut dyn TVirtualGatewaySyncClient,
    request: CaptureRequest,
    bounds: &Bounds<'_>,
    output: &mut dyn Output,
) -> Result<Total, Failure> {
    let ports = daemon.start_capture(request)?;
    let mut total = Total::default();
    let ended = output.begin(&ports).and_then(|()| output.flush()).and_then(|()| {
        // What waits when the end comes is not left behind.
        let mut rest = LAST_ANSWERS;
        loop {
            let is_over = bounds.is_over();
            let CapturedPackets { packets, lost } = daemon.next_packets(bounds.patience())?;
            total.lost = number(lost);
            for packet in &packets {
                if bounds.is_full(total.packets) {
                    break;
                }
                output.packet(packet)?;
                total.packets += 1;
            }
            output.flush()?;
            rest -= usize::from(is_over);
            if bounds.is_full(total.packets) || is_over && (packets.is_empty() || rest == 0) {
                return Ok(());
            }
        }
    });
    match ended {
        // Whoever read it has enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(total),
        ended => {
            output.end(total)?;
            output.flush()?;
            ended.map(|()| total)
        }
    }
}

impl Bounds<'_> {
    /// True if it is time to end.
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.until.is_some_and(|until| self.clock.now() >= until)
    }

    /// True if there are as many packets as were asked for.
    fn is_full(&self, packets: u64) -> bool {
        self.count.is_some_and(|count| packets >= count)
    }

    /// Milliseconds to wait for packets.
    fn patience(&self) -> i32 {
        if self.is_over() {
            return 1;
        }
        let left = self.until.map_or(WAIT, |until| until.since(self.clock.now()).min(WAIT));
        i32::try_from(left.as_millis()).unwrap_or_default().max(1)
    }
}
