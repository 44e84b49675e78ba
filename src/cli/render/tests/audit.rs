use super::super::super::report::*;
use super::{audit, looks, says};

#[test]
fn audits() {
    looks(
        &audit(),
        "
controllers have connected 3 times; the next connect leaves 1 min for replay
running: 41 s left, then deletes vgw2
",
    );
    says(
        &audit(),
        r#"{"schema":"vgw.audit/1","version":3,"timeout_ms":60000,"running":[{"remaining_ms":41200,"gateways":["vgw2"]}]}"#,
    );
    let fresh =
        Audit { version: 1, timeout_ms: Some(0), running: vec![RunningAudit { remaining_ms: 300, gateways: vec![] }] };
    looks(
        &fresh,
        "
a controller has connected once; the next connect deletes at once what it has not confirmed
running: 300 ms left, everything is confirmed
",
    );
}
