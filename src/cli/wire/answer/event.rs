//! What has happened.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::number;

/// Something that has happened.
pub(in crate::cli) fn event(answer: wire::Event) -> report::Event {
    let wire::Event { sequence, time_us, object, name, deed, cause, routing_instance, detail } = answer;
    let (sequence, time) = (number(sequence), number(time_us));
    report::Event { sequence, time, object, name, deed, cause, instance: routing_instance, detail }
}
