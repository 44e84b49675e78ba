//! What two configurations differ in.

use crate::api::generated::virtual_gateway as wire;
use crate::cli::report;

use super::outcome;

/// An element that differs.
pub(in crate::cli) fn difference(answer: wire::Difference) -> report::Difference {
    let wire::Difference { kind, name, deed, fields } = answer;
    let field = |wire::FieldDifference { key, before, after }| report::FieldDifference { key, before, after };
    report::Difference { kind, name, deed: outcome(deed), fields: fields.into_iter().map(field).collect() }
}
