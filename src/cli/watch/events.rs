//! `vgw events`

use std::io::Write;

use crate::api::generated::virtual_gateway::{self as api, TVirtualGatewaySyncClient};

use super::super::args::EventsArguments;
use super::super::failure::Failure;
use super::super::report::{Events, Gap};
use super::super::run::Form;
use super::super::wire;

/// The most events that the daemon tells at once.
const BATCH: i32 = 500;

/// How long the daemon is to wait for the next event, milliseconds.
const WAIT: i32 = 30_000;

/// Tells what has happened and, if that is asked for, what happens from then on, one line each.
///
/// # Errors
/// The daemon no longer answers, or nobody takes the lines.
pub(in crate::cli) fn events(
    arguments: &EventsArguments,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    form: Form,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut told = told(arguments.last, daemon)?;
    if !arguments.follow {
        return super::write(out, &form.text(&told)?).map(drop);
    }
    let mut last = told.events.last().map_or_else(|| newest(daemon), |event| Ok(event.sequence))?;
    loop {
        let mut text = String::new();
        if told.lost > 0 {
            text += &form.text(&Gap { lost: told.lost })?;
        }
        for event in &told.events {
            text += &form.text(event)?;
        }
        if !super::write(out, &text)? {
            return Ok(());
        }
        last = told.events.last().map_or(last, |event| event.sequence);
        told = read(daemon, last, BATCH, WAIT)?;
    }
}

/// The last so many events.
fn told(count: u32, daemon: &mut dyn TVirtualGatewaySyncClient) -> Result<Events, Failure> {
    let mut told = Events { lost: 0, events: Vec::new() };
    if count == 0 {
        return Ok(told);
    }
    let mut after = -i64::from(count);
    while told.events.len() < count as usize {
        let api::Events { events, newest: _, lost } = daemon.events(after, BATCH, 0)?;
        let Some(last) = events.last() else { break };
        after = last.sequence;
        // At the first question it is older ones that are no longer kept, and nobody has missed them.
        if !told.events.is_empty() {
            told.lost += u64::try_from(lost).unwrap_or_default();
        }
        told.events.extend(events.into_iter().map(wire::event));
    }
    Ok(told)
}

fn newest(daemon: &mut dyn TVirtualGatewaySyncClient) -> Result<u64, Failure> {
    Ok(u64::try_from(daemon.events(-1, 1, 0)?.newest).unwrap_or_default())
}

fn read(daemon: &mut dyn TVirtualGatewaySyncClient, after: u64, max: i32, wait: i32) -> Result<Events, Failure> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let api::Events { events, newest: _, lost } = daemon.events(after, max, wait)?;
    let lost = u64::try_from(lost).unwrap_or_default();
    Ok(Events { lost, events: events.into_iter().map(wire::event).collect() })
}
