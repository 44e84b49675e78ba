//! What was found in OpenContrail's configuration.

use crate::config::Imported;

use super::super::report::Report;
use super::style::Style;

impl Report for Imported {
    const SCHEMA: &'static str = "vgw.import/1";

    /// People get it as a file, and files are not coloured.
    fn render(&self, _: Style) -> String {
        self.to_toml()
    }
}
