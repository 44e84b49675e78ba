//! The audits that there are.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Audit;

/// What an audit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auditee {
    /// Gateways, which controllers add.
    Gateways,
    /// Ports, which compute services add.
    Ports,
}

impl Auditee {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Gateways, Self::Ports];

    /// One of these things.
    #[must_use]
    pub fn thing(self) -> &'static str {
        match self {
            Self::Gateways => "gateway",
            Self::Ports => "port",
        }
    }

    /// Who adds them.
    #[must_use]
    pub fn client(self) -> &'static str {
        match self {
            Self::Gateways => "controller",
            Self::Ports => "compute service",
        }
    }
}

/// As the audits are named: "gateways", "ports".
impl Display for Auditee {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.thing())
    }
}

/// An audit of each, with versions and timers of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audits {
    /// The audit of gateways.
    pub gateways: Audit,
    /// The audit of compute services' ports.
    pub ports: Audit,
}

impl Audits {
    /// Audits without a connect, whose timers this is.
    #[must_use]
    pub fn new(timeout: Option<Duration>) -> Self {
        let audit = Audit::new(timeout);
        Self { gateways: audit.clone(), ports: audit }
    }

    /// The audit of these things.
    #[must_use]
    pub fn of(&self, auditee: Auditee) -> &Audit {
        match auditee {
            Auditee::Gateways => &self.gateways,
            Auditee::Ports => &self.ports,
        }
    }

    /// The audit of these things, to change it.
    pub fn of_mut(&mut self, auditee: Auditee) -> &mut Audit {
        match auditee {
            Auditee::Gateways => &mut self.gateways,
            Auditee::Ports => &mut self.ports,
        }
    }

    /// [`Audit::set_timeout`] of each.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        Auditee::ALL.into_iter().for_each(|auditee| self.of_mut(auditee).set_timeout(timeout));
    }

    /// [`Audit::with_timer_of`] of each.
    #[must_use]
    pub fn with_timers_of(&self, before: &Self) -> Self {
        Self { gateways: self.gateways.with_timer_of(&before.gateways), ports: self.ports.with_timer_of(&before.ports) }
    }
}
