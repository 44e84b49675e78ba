//! What counts and weighs.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

/// A port's counters.
pub(super) fn counters(answer: wire::Counters) -> report::Counters {
    let wire::Counters { received, received_bytes, sent, answered, held, dropped, transmitted, transmitted_bytes } =
        answer;
    report::Counters {
        received: number(received),
        received_bytes: number(received_bytes),
        sent: number(sent),
        answered: number(answered),
        held: number(held),
        dropped: dropped.into_iter().map(|(reason, packets)| (reason, number(packets))).collect(),
        transmitted: number(transmitted),
        transmitted_bytes: number(transmitted_bytes),
    }
}

/// The traffic of late.
pub(super) fn rates(answer: wire::Rates) -> report::Rates {
    let wire::Rates { over_ms, packets, bytes, drops, transmitted, transmitted_bytes } = answer;
    report::Rates {
        over_ms: number(over_ms),
        packets: number(packets),
        bytes: number(bytes),
        drops: number(drops),
        transmitted: transmitted.map(number),
        transmitted_bytes: transmitted_bytes.map(number),
    }
}

/// What an older daemon does not know has the weight of all others.
pub(super) fn weight(value: Option<i32>) -> u64 {
    value.map_or(1, |value| number(value.into()))
}

/// Thrift has no unsigned integers. The daemon sends none below zero.
pub(in crate::cli) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
