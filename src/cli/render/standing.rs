//! How things stand: by the configuration file or by calls, and when the audit deletes them.

use super::table::Cell;
use super::units;

/// `static`, from the configuration file, or `dynamic`, by a call.
pub(super) fn word(is_static: bool) -> &'static str {
    if is_static { "static" } else { "dynamic" }
}

/// [`word`] in a table.
pub(super) fn cell(is_static: bool) -> Cell {
    Cell::new(word(is_static))
}

/// What becomes of a thing that nobody has confirmed, in so many milliseconds.
pub(super) fn unconfirmed(rest_ms: u64) -> String {
    format!("deleted in {}", units::millis(rest_ms))
}
