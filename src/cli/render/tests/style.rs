use super::super::super::report::*;
use super::super::Style;
use super::{gateway, stale};

#[test]
fn colour_marks_what_needs_an_eye() {
    let shown = gateway().render(Style::COLOUR);
    assert!(shown.contains("\x1b[33m13\x1b[0m"), "{shown}");
    let shown = Gateways { gateways: vec![stale()] }.render(Style::COLOUR);
    assert!(shown.contains("\x1b[31mdeleted in 41 s\x1b[0m"), "{shown}");
}
