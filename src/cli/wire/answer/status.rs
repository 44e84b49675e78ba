//! The daemon at a glance.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::{self, number};
use super::{audit, gateway, instance, port, uplink};

/// Everything at a glance.
pub(in crate::cli) fn status(answer: wire::Status) -> report::Status {
    let wire::Status {
        version,
        uptime_ms,
        workers,
        gateways,
        ports,
        uplinks,
        instances,
        audit,
        problems,
        repairs,
        trial_ends_in_ms,
        problem_details,
        rates,
        sandbox,
    } = answer;
    let detail = |wire::Problem { id, sentence, cure }| report::Problem { id, sentence, cure };
    report::Status {
        version,
        uptime_ms: number(uptime_ms),
        workers: number(i64::from(workers)),
        gateways: gateways.into_iter().map(gateway).collect(),
        ports: ports.into_iter().map(port).collect(),
        uplinks: uplinks.into_iter().map(uplink).collect(),
        instances: instances.into_iter().map(instance).collect(),
        audit: audit::audit(audit),
        repairs: repairs.map(self::repairs),
        trial_ends_in_ms: trial_ends_in_ms.map(number),
        problems,
        problem_details: problem_details.map(|details| details.into_iter().map(detail).collect()),
        rates: rates.map(numbers::rates),
        sandbox: sandbox.map(|all| all.into_iter().map(confinement).collect()),
    }
}

fn confinement(answer: wire::Confinement) -> report::Confinement {
    let wire::Confinement { means, extent, reason } = answer;
    report::Confinement { means, extent, reason }
}

/// What was put right.
fn repairs(answer: wire::Repairs) -> report::Repairs {
    let wire::Repairs { counts, last_ms } = answer;
    let counts = counts.into_iter().map(|wire::RepairCount { kind, occasion, count }| report::RepairCount {
        kind,
        occasion,
        count: number(count),
    });
    report::Repairs { counts: counts.collect(), last_ms: last_ms.map(number) }
}
