//! The audit.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::numbers::number;

/// The audit.
pub(in crate::cli) fn audit(answer: wire::AuditState) -> report::Audit {
    let wire::AuditState { version, timeout_ms, running } = answer;
    report::Audit {
        version: number(version),
        timeout_ms: timeout_ms.map(number),
        running: running
            .into_iter()
            .map(|wire::RunningAudit { remaining_ms, gateways }| report::RunningAudit {
                remaining_ms: number(remaining_ms),
                gateways,
            })
            .collect(),
    }
}
