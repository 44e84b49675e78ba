//! Which noun a verb is about.

use crate::api::generated::virtual_gateway::TVirtualGatewaySyncClient;

use super::super::args::DaemonVerb;
use super::super::failure::Failure;
use super::Form;
use super::talk::Talk;

/// Carries out a verb that the daemon serves and returns what to print. `dry` only tries it out.
///
/// # Errors
/// Why it was not carried out.
pub fn run(
    verb: &DaemonVerb,
    dry: bool,
    daemon: &mut dyn TVirtualGatewaySyncClient,
    form: Form,
) -> Result<String, Failure> {
    if dry && !verb.is_change() {
        let reason = "only a verb that adds or deletes something can be tried out".to_owned();
        return Err(Failure::Usage { field: "--dry-run".to_owned(), reason });
    }
    let mut talk = Talk { daemon, form, dry };
    match verb {
        DaemonVerb::Gateway(verb) => talk.gateway(verb),
        DaemonVerb::Port(verb) => talk.port(verb),
        DaemonVerb::Network(verb) => talk.network(verb),
        DaemonVerb::Uplink(verb) => talk.uplink(verb),
        DaemonVerb::Instance(verb) => talk.instance(verb),
        DaemonVerb::Route(verb) => talk.route(verb),
        DaemonVerb::Fabric(verb) => talk.fabric(verb),
        DaemonVerb::Host(verb) => talk.host(verb),
        DaemonVerb::Diff(file) => talk.diff(file),
        DaemonVerb::Apply(apply) => talk.apply(apply),
        DaemonVerb::Confirm => talk.confirm(),
        DaemonVerb::Rollback => talk.roll_back(),
        DaemonVerb::Drops(given) => talk.drops(given),
        DaemonVerb::Status => talk.status(),
        DaemonVerb::Audit { verb } => talk.audit(verb.as_ref()),
    }
}
