//! Uplinks.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::host::step;
use super::numbers::number;

/// An uplink.
pub(in crate::cli) fn uplink(answer: wire::UplinkState) -> report::Uplink {
    let wire::UplinkState { name, device, address, via, table, gateways, is_static, lease } = answer;
    report::Uplink { name, device, address, via, lease, table: number(table), gateways, is_static }
}

/// Somebody's uplink.
pub(in crate::cli) fn foreign_uplink(answer: wire::ForeignUplink) -> report::ForeignUplink {
    let wire::ForeignUplink { layout, uplink, foreign_table, steps, hindrance } = answer;
    let wire::Uplink { name, device, address, via, table: _, lease: _ } = uplink;
    let (address, via) = (address.unwrap_or_default(), via.unwrap_or_default());
    let (foreign_table, steps) = (number(foreign_table), steps.into_iter().map(step).collect());
    report::ForeignUplink { layout, name, device, address, via, foreign_table, steps, hindrance }
}
