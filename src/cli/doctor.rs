//! `vgw doctor`: asks the daemon, has the host looked at, and cures what is safe to cure.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::addr::{InterfaceName, Prefix};
use crate::api::Client;
use crate::api::generated::virtual_gateway::{Status, TVirtualGatewaySyncClient};
use crate::config::Config;
use crate::doctor::{
    self, Check, Facts, Gateway, Host, Order, Port, Problem, Severity, Step, Told, Traffic, Unconfined, Uplink, examine,
};
use crate::host::Mark;

use super::args::DoctorArguments;
use super::failure::Failure;
use super::report::{self, Diagnosis, Fixed};
use super::wire;

/// A daemon that needs longer to say how it stands is no help.
const PATIENCE: Duration = Duration::from_secs(10);

/// Examines the host, and cures what was asked for. True beside the diagnosis if nothing is wrong.
///
/// # Errors
/// The socket is not open to the caller, or what the daemon says is no sense.
pub(super) fn diagnose(
    given: &DoctorArguments,
    socket: &Path,
    dry: bool,
    host: &mut dyn Host,
) -> Result<(Diagnosis, bool), Failure> {
    let mut look = || {
        let mark = Config::load(None).map_or_else(|_| Mark::default(), |config| config.mark);
        let order = Order { told: told(socket)?, mark, probe: !given.no_probe, peer: given.peer };
        Ok::<Facts, Failure>(host.look(&order))
    };
    let mut facts = look()?;
    let mut findings = examine(&facts);
    let mut fixed = Vec::new();
    if let Some(named) = given.fix {
        let is_meant =
            |finding: &&doctor::Finding| finding.cure.safe && named.is_none_or(|check| check == finding.check);
        for finding in findings.iter().filter(is_meant) {
            fixed.extend(fix(finding, dry));
        }
        if !fixed.is_empty() && !dry {
            facts = look()?;
            findings = examine(&facts);
        }
    }
    let is_well = findings.is_empty() && fixed.iter().all(|fixed| fixed.failure.is_none());
    let found = |check: &Check| findings.iter().any(|finding| finding.check == *check);
    let in_order = Check::ALL.iter().filter(|check| facts.let_look(**check) && !found(check));
    let diagnosis = Diagnosis {
        in_order: in_order.map(ToString::to_string).collect(),
        unseen: facts.unseen.clone(),
        routes_outside: routes_outside(&facts),
        findings: findings.iter().map(shown).collect(),
        fixed,
        verbose: given.verbose,
    };
    Ok((diagnosis, is_well))
}

/// What the daemon tells, or in the inner error why it does not.
fn told(socket: &Path) -> Result<Result<Told, String>, Failure> {
    let answer = Client::connect(socket, PATIENCE)
        .map_err(Failure::from)
        .and_then(|mut client| client.call(|daemon| daemon.status()).map_err(Failure::from));
    match answer {
        Ok(status) => read(status).map(Ok),
        Err(failure @ (Failure::Unreachable { .. } | Failure::Protocol(_))) => Ok(Err(failure.to_string())),
        Err(failure) => Err(failure),
    }
}

fn read(status: Status) -> Result<Told, Failure> {
    let report::Status { gateways, ports, uplinks, problems, problem_details, sandbox, .. } = wire::status(status);
    Ok(Told {
        gateways: gateways.into_iter().map(gateway).collect::<Result<_, _>>()?,
        uplinks: uplinks.into_iter().map(uplink).collect::<Result<_, _>>()?,
        ports: ports.into_iter().map(port).collect::<Result<_, _>>()?,
        problems: match problem_details {
            Some(details) => details.into_iter().map(problem).collect(),
            None => problems.into_iter().map(of_older).collect(),
        },
        unconfined: sandbox.into_iter().flatten().filter_map(unconfined).collect(),
    })
}

/// What is in force in part is as far as this kernel, or the service manager, lets it be.
fn unconfined(told: report::Confinement) -> Option<Unconfined> {
    let report::Confinement { means, extent, reason } = told;
    (extent == "none").then(|| Unconfined { means, reason: reason.unwrap_or_default() })
}

fn problem(told: report::Problem) -> Problem {
    let report::Problem { id, sentence, cure } = told;
    Problem { id, sentence, cure }
}

/// What a daemon tells that does not know ids yet.
fn of_older(sentence: String) -> Problem {
    Problem { id: "vgwd".to_owned(), sentence, cure: "vgw status".to_owned() }
}

fn gateway(told: report::Gateway) -> Result<Gateway, Failure> {
    let report::Gateway { interface, instance, subnets, routes, uplink, masquerade, counters, .. } = told;
    let (subnets, routes) = (prefixes(&subnets)?, prefixes(&routes)?);
    Ok(Gateway { name: value(&interface)?, instance, subnets, routes, uplink, masquerade, traffic: traffic(&counters) })
}

fn uplink(told: report::Uplink) -> Result<Uplink, Failure> {
    let report::Uplink { name, device, address, via, table, .. } = told;
    let address = address.as_deref().map(value).transpose()?;
    let via = via.as_deref().map(value).transpose()?;
    let table = u32::try_from(table).map_err(|error| Failure::Protocol(error.to_string()))?;
    Ok(Uplink { name, device: value(&device)?, address, via, table })
}

fn port(told: report::Port) -> Result<Port, Failure> {
    let report::Port { interface, instance, addresses, gateways, mtu, attached, guest, counters, .. } = told;
    let addresses = prefixes(&[addresses, gateways].concat())?;
    let mtu = u32::try_from(mtu).map_err(|error| Failure::Protocol(error.to_string()))?;
    let name: InterfaceName = value(&interface)?;
    Ok(Port { name, instance, addresses, mtu, attached, placed: guest.is_some(), traffic: traffic(&counters) })
}

fn traffic(counters: &report::Counters) -> Traffic {
    let full_ring = counters.dropped.get("FULL_RING").copied().unwrap_or(0);
    Traffic { received: counters.received, full_ring }
}

fn prefixes(texts: &[String]) -> Result<Vec<Prefix>, Failure> {
    texts.iter().map(|text| value(text)).collect()
}

fn value<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| Failure::Protocol(format!("{text}: {error}")))
}

/// Does what a finding's cure says, up to the first step that fails.
fn fix(finding: &doctor::Finding, dry: bool) -> Vec<Fixed> {
    let mut fixed: Vec<Fixed> = Vec::new();
    for step in &finding.cure.steps {
        let failure = if dry { None } else { carry_out(step).err().map(|error| error.to_string()) };
        let (id, subject) = (finding.check.to_string(), finding.subject.clone());
        let failed = failure.is_some();
        fixed.push(Fixed { id, subject, command: step.to_string(), dry_run: dry, failure });
        if failed {
            break;
        }
    }
    fixed
}

fn carry_out(step: &Step) -> io::Result<()> {
    match step {
        Step::Write { path, lines } => {
            if let Some(folder) = Path::new(path).parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, lines.join("\n") + "\n")
        }
        Step::Run(words) => {
            let (program, rest) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
            let output = Command::new(program).args(rest).stdin(Stdio::null()).output()?;
            if output.status.success() {
                return Ok(());
            }
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
        }
    }
}

fn shown(finding: &doctor::Finding) -> report::Finding {
    let doctor::Finding { check, severity, subject, evidence, cure } = finding;
    report::Finding {
        id: check.to_string(),
        severity: Severity::as_str(*severity).to_owned(),
        subject: subject.clone(),
        evidence: evidence.clone(),
        cure: cure.steps.iter().map(ToString::to_string).collect(),
        remark: cure.remark.clone(),
        fixable: cure.safe,
    }
}

/// The lines for routers outside, of networks that do not hide behind this node's address.
fn routes_outside(facts: &Facts) -> Vec<String> {
    let Ok(told) = &facts.told else { return Vec::new() };
    let hidden = |name: InterfaceName| told.gateways.iter().any(|gateway| gateway.name == name && gateway.masquerade);
    let mut lines = Vec::new();
    for way in facts.ways.iter().filter(|way| !hidden(way.question.gateway)) {
        let Some(here) = facts.own_address(way) else { continue };
        for line in doctor::lines_for_routers(&way.question.subnet, &here.to_string()) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}
