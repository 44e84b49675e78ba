//! What reports have in common.

use serde::Serialize;

use super::super::render::Style;

/// Something that `vgw` tells.
pub trait Report: Serialize {
    /// The versioned name of its JSON form.
    const SCHEMA: &'static str;

    /// The form for people, lines ended.
    fn render(&self, style: Style) -> String;
}

/// The JSON form of a report on one line.
///
/// # Errors
/// A value that JSON cannot hold; none of ours.
pub fn to_json<R: Report>(report: &R) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Document<'a, R> {
        schema: &'static str,
        #[serde(flatten)]
        report: &'a R,
    }
    serde_json::to_string(&Document { schema: R::SCHEMA, report })
}
