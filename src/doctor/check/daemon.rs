//! The daemon.

use crate::doctor::{Check, Cure, Facts, Finding, Problem, Unconfined};

pub(super) fn unreachable(facts: &Facts) -> Vec<Finding> {
    let Err(reason) = &facts.told else { return Vec::new() };
    let evidence =
        vec![reason.clone(), "only what does not depend on gateways, ports and uplinks was looked at".to_owned()];
    let cure = Cure::commands(["systemctl start vgwd".to_owned()]).but("its log says why it does not run");
    vec![Finding::failure(Check::DaemonUnreachable, "vgwd", evidence, cure)]
}

pub(super) fn problems(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let finding = |Problem { id, sentence, cure }: &Problem| {
        // What the daemon leaves to the doctor is found by another check.
        let first = if cure == "vgw doctor" { "see what else is found".to_owned() } else { format!("try '{cure}'") };
        let cure = Cure::remark(format!("{first}; docs/operations.md has more on {id}"));
        Finding::failure(Check::DaemonProblem, id, vec![sentence.clone()], cure)
    };
    told.problems.iter().map(finding).collect()
}

pub(super) fn unconfined(facts: &Facts) -> Vec<Finding> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let finding = |Unconfined { means, reason }: &Unconfined| {
        let evidence = vec![format!("{means} does not hold vgwd to what it needs: {reason}")];
        let cure = match means.as_str() {
            "landlock" => {
                "a kernel from 5.13 on with CONFIG_SECURITY_LANDLOCK, and 'landlock' in its parameter lsm= \
                 (/sys/kernel/security/lsm has what is on); then restart vgwd"
            }
            "seccomp" => "a kernel with CONFIG_SECCOMP_FILTER; in a container a profile that allows seccomp(2)",
            _ => "let the service, or the container's profile, allow capset(2)",
        };
        Finding::warning(Check::Sandbox, means, evidence, Cure::remark(cure.to_owned()))
    };
    told.unconfined.iter().map(finding).collect()
}
