use super::super::super::report::*;
use super::{looks, says};

#[test]
fn outcomes() {
    let outcome = Outcome { object: "gateway", name: "vgw1".into(), outcome: Deed::Changed };
    looks(&outcome, "gateway vgw1 changed\n");
    says(&outcome, r#"{"schema":"vgw.outcome/1","object":"gateway","name":"vgw1","outcome":"changed"}"#);
}
