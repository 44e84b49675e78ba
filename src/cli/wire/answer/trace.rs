//! The way of a packet.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

/// The ways of a packet and of its answer.
pub(in crate::cli) fn trace(answer: Vec<wire::TraceWay>) -> report::Trace {
    report::Trace { ways: answer.into_iter().map(way).collect() }
}

fn way(answer: wire::TraceWay) -> report::Way {
    let wire::TraceWay { packet, steps, verdict } = answer;
    let wire::TraceVerdict { outcome, at, reason, meaning, cure } = verdict;
    let outcome = match outcome {
        wire::TraceEnd::FORWARDED => report::TraceOutcome::Forwarded,
        wire::TraceEnd::ANSWERED => report::TraceOutcome::Answered,
        wire::TraceEnd::DELIVERED => report::TraceOutcome::Delivered,
        wire::TraceEnd::HELD => report::TraceOutcome::Held,
        wire::TraceEnd::DROPPED => report::TraceOutcome::Dropped,
        _ => report::TraceOutcome::Unknown,
    };
    let verdict = report::TraceVerdict { outcome, at, reason, meaning, cure };
    report::Way { packet, steps: steps.into_iter().map(step).collect(), verdict }
}

fn step(answer: wire::TraceStep) -> report::TraceStep {
    let wire::TraceStep { place, at, kind, text, facts, decides } = answer;
    report::TraceStep { place, at, kind, text, facts, decides }
}
