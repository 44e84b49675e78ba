//! Events, and the question for them.

use std::time::Duration;

use crate::api::generated::virtual_gateway as wire;
use crate::engine::{Event, EventsView, Happening, Since};

use super::Fault;

/// Events in one answer: some 500 KiB at most.
const MOST: i32 = 500;

/// How long an answer may wait, milliseconds.
const LONGEST: i32 = 60_000;

/// What is asked for: from where on, how many, and how long to wait.
pub(crate) fn since(after: i64, max: i32, wait_ms: i32) -> Result<(Since, usize, Duration), Fault> {
    let within = |field: &'static str, value: i32, range: std::ops::RangeInclusive<i32>| {
        let (least, most) = (*range.start(), *range.end());
        let value = Some(value).filter(|value| range.contains(value)).and_then(|value| u32::try_from(value).ok());
        value.ok_or_else(|| Fault::new(field, format!("is not in {least}..={most}")))
    };
    let max = within("max", max, 1..=MOST)?;
    let wait = within("wait_ms", wait_ms, 0..=LONGEST)?;
    let since = u64::try_from(after).map_or(Since::Last(after.unsigned_abs()), Since::After);
    Ok((since, max as usize, Duration::from_millis(wait.into())))
}

/// What has happened.
pub(crate) fn events(view: EventsView) -> wire::Events {
    let EventsView { events, newest, lost } = view;
    let events = events.into_iter().map(event).collect();
    wire::Events { events, newest: number(newest), lost: number(lost) }
}

fn event(event: Event) -> wire::Event {
    let Event { sequence, time, cause, happening } = event;
    let Happening { object, name, deed, instance, detail } = happening;
    wire::Event {
        sequence: number(sequence),
        time_us: number(time.as_micros()),
        object: object.to_owned(),
        name,
        deed: deed.as_str().to_owned(),
        cause: cause.to_string(),
        routing_instance: instance.map(|name| name.to_string()),
        detail: Some(detail).filter(|detail| !detail.is_empty()),
    }
}

/// No number of events or microseconds comes near the end of the range.
fn number(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
