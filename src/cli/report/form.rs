//! What reports have in common.

use serde::Serialize;

use super::super::render::Style;
use crate::addr::is_deceptive;

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
    serde_json::to_string(&Document { schema: R::SCHEMA, report }).map(|json| plain(&json))
}

/// JSON whose strings do nothing to a terminal either: what deceives is escaped, as JSON allows for any character.
pub(in crate::cli) fn plain(json: &str) -> String {
    let mut units = [0; 2];
    json.chars().fold(String::with_capacity(json.len()), |mut text, c| {
        if is_deceptive(c) {
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
        text
    })
}
