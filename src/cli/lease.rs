//! Recording leases for the daemon. The record comes first and is all that counts: a daemon that is
//! about to start, to stop, or to hear of another lease reads it in its own time.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::addr::Family;
use crate::api::generated::virtual_gateway::{ErrorKind as Kind, RequestError};
use crate::gateway::{Attachment, LeaseName};

use super::args::{DaemonVerb, Lease, Release, UplinkVerb};
use super::failure::Failure;
use super::report;

/// Records what the verb tells of leases, if it does.
///
/// # Errors
/// The lease makes no sense, or could not be recorded.
pub(super) fn record(verb: &DaemonVerb, socket: &Path) -> Result<(), Failure> {
    let folder = LeaseName::folder(socket);
    let DaemonVerb::Uplink(verb) = verb else { return Ok(()) };
    if let UplinkVerb::Lease(Lease { address, via, .. }) = verb {
        let lease = Attachment { address: *address, via: *via };
        lease
            .check(Family::of(address.address))
            .map_err(|error| Failure::Usage { field: format!("--{}", error.field), reason: error.reason })?;
        for name in names(verb) {
            write(&folder, name, &lease).map_err(|error| Failure::recording(name, &error))?;
        }
    } else {
        for name in names(verb) {
            match fs::remove_file(folder.join(name.to_string())) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(Failure::recording(name, &error)),
                Ok(()) | Err(_) => {}
            }
        }
    }
    Ok(())
}

/// The leases that a verb is about.
pub(super) fn names(verb: &UplinkVerb) -> Vec<LeaseName> {
    match *verb {
        UplinkVerb::Lease(Lease { device, address, .. }) => {
            vec![LeaseName { device, family: Family::of(address.address) }]
        }
        UplinkVerb::Release(Release { device, family }) => {
            let families = family.map_or(vec![Family::V4, Family::V6], |family| vec![family]);
            families.into_iter().map(|family| LeaseName { device, family }).collect()
        }
        _ => Vec::new(),
    }
}

/// What to say of recorded leases if no daemon has heard of them: one that has ended, or is about to,
/// reads the record when it starts again.
///
/// # Errors
/// The failure, if it is another one or the verb is about something else.
pub(super) fn unheard(verb: &DaemonVerb, failure: Failure) -> Result<report::Leases, Failure> {
    let is_unheard = match &failure {
        Failure::Unreachable { .. } | Failure::Protocol(_) => true,
        Failure::Refused(RequestError { kind, .. }) => *kind == Kind::STOPPING,
        _ => false,
    };
    let names = match verb {
        DaemonVerb::Uplink(verb) if is_unheard => names(verb),
        _ => Vec::new(),
    };
    let recorded = |name| report::Lease::of(name, report::LeaseOutcome::Recorded);
    if names.is_empty() {
        Err(failure)
    } else {
        Ok(report::Leases { leases: names.into_iter().map(recorded).collect() })
    }
}

/// Writes a lease's file, so that it is there whole or not at all.
fn write(folder: &Path, name: LeaseName, lease: &Attachment) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let hidden = folder.join(format!(".{name}.{}", std::process::id()));
    let written = fs::write(&hidden, lease.to_string());
    let written = written.and_then(|()| fs::rename(&hidden, folder.join(name.to_string())));
    if written.is_err() {
        // What is hidden is read by nobody; it need not stay.
        let _ = fs::remove_file(&hidden);
    }
    written
}
