//! Which `vgw` this is.

use super::super::report::{Report, Version};
use super::Style;

impl Report for Version {
    const SCHEMA: &'static str = "vgw.version/1";

    fn render(&self, _: Style) -> String {
        format!("vgw {}\n", self.version)
    }
}
