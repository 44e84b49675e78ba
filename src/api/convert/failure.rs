//! Why a request was not carried out, for the wire.

use rustix::io::Errno;

use crate::api::generated::virtual_gateway::{ErrorKind, RequestError};
use crate::engine::Failure;
use crate::fabric;
use crate::gateway::Refusal;

/// How the request at hand spells what the domain calls the interface: its object's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// `interface_name`, of a gateway.
    InterfaceName,
    /// `name`, of a port or an uplink.
    Name,
    /// `prefix`, of a route.
    Prefix,
    /// `id`, of a network.
    Id,
    /// `port`, of a question about ports' packets.
    Port,
    /// `tap_name`, of a compute service's port.
    TapName,
    /// `device`, by which it does.
    Device,
}

impl Identity {
    fn field(self) -> &'static str {
        match self {
            Self::InterfaceName => "interface_name",
            Self::Name => "name",
            Self::Prefix => "prefix",
            Self::Id => "id",
            Self::Port => "port",
            Self::TapName => "tap_name",
            Self::Device => "device",
        }
    }
}

/// The error that tells a client about a failure.
pub(crate) fn refused(failure: &Failure, identity: Identity) -> RequestError {
    let (kind, field) = match failure {
        Failure::Refused(refusal) => (kind(refusal), field(refusal, identity)),
        Failure::Kernel(error) if is_permission(error.errno) => (ErrorKind::NOT_PERMITTED, ""),
        // Nothing else takes nftables, and steps are shown as the commands that would do them.
        Failure::Kernel(error) if error.operation.starts_with("nft ") => (ErrorKind::KERNEL, "masquerade"),
        Failure::Kernel(_) => (ErrorKind::KERNEL, ""),
        Failure::Device(_) => (ErrorKind::KERNEL, identity.field()),
        Failure::Unfit { field, .. } => (ErrorKind::CONFLICT, *field),
        Failure::OnTrial(_) => (ErrorKind::CONFLICT, ""),
        Failure::NoTrial => (ErrorKind::NOT_FOUND, ""),
        Failure::Fabric(refusal) => (fabric_kind(refusal), fabric_field(refusal)),
        Failure::FabricStep(_) => (ErrorKind::KERNEL, ""),
        Failure::Stopping => (ErrorKind::STOPPING, ""),
    };
    RequestError { kind, field: field.to_owned(), reason: failure.to_string() }
}

fn kind(refusal: &Refusal) -> ErrorKind {
    match refusal {
        Refusal::Static(_) => ErrorKind::STATIC,
        Refusal::UnusableSubnet { .. }
        | Refusal::UnusableAddress { .. }
        | Refusal::UnusableService { .. }
        | Refusal::ReservedName(_)
        | Refusal::FabricInstance
        | Refusal::FamilyMismatch { .. } => ErrorKind::INVALID,
        Refusal::UnknownUplink(_)
        | Refusal::UnknownPort { .. }
        | Refusal::UnknownInstance(_)
        | Refusal::UnknownNetwork(_)
        | Refusal::NotFound { .. } => ErrorKind::NOT_FOUND,
        Refusal::OtherInstance { .. }
        | Refusal::OtherOwner { .. }
        | Refusal::NetworkInUse { .. }
        | Refusal::NameTaken { .. }
        | Refusal::SubnetTaken { .. }
        | Refusal::ForeignRoute(_)
        | Refusal::UplinkDiffers { .. }
        | Refusal::MasqueradeDiffers { .. }
        | Refusal::AddressTaken { .. }
        | Refusal::UplinkInUse { .. }
        | Refusal::TableTaken { .. }
        | Refusal::LeaseTaken { .. }
        | Refusal::Limit { .. } => ErrorKind::CONFLICT,
    }
}

fn fabric_kind(refusal: &fabric::Refusal) -> ErrorKind {
    match refusal {
        fabric::Refusal::Absent(_) | fabric::Refusal::NotHeld => ErrorKind::NOT_FOUND,
        fabric::Refusal::Loopback(_) | fabric::Refusal::NotEthernet(_) | fabric::Refusal::Same(_) => ErrorKind::INVALID,
        _ => ErrorKind::CONFLICT,
    }
}

fn fabric_field(refusal: &fabric::Refusal) -> &'static str {
    match refusal.field() {
        "interface" => "interface_name",
        field => field,
    }
}

fn field(refusal: &Refusal, identity: Identity) -> &'static str {
    match (refusal.field(), identity) {
        ("interface", identity) => identity.field(),
        ("uplink", Identity::Name) => "name",
        ("port" | "gateway", Identity::Prefix) => "next_hop",
        ("addresses", Identity::Id) => "gateways",
        ("network" | "routing_instance", Identity::TapName) => "vn_id",
        ("addresses", Identity::TapName) => "ip_address",
        (field, _) => field,
    }
}

fn is_permission(errno: i32) -> bool {
    [Errno::PERM, Errno::ACCESS].iter().any(|right| right.raw_os_error() == errno)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::KernelError;

    fn told(failure: Failure, identity: Identity) -> (ErrorKind, String, String) {
        let RequestError { kind, field, reason } = refused(&failure, identity);
        (kind, field, reason)
    }

    #[test]
    fn the_field_is_spelled_as_in_the_request() {
        let absent = || Failure::Refused(Refusal::NotFound { kind: "port", name: "tap0".to_owned() });
        let reason = "there is no port tap0".to_owned();
        assert_eq!(told(absent(), Identity::Name), (ErrorKind::NOT_FOUND, "name".to_owned(), reason.clone()));
        assert_eq!(
            told(absent(), Identity::InterfaceName),
            (ErrorKind::NOT_FOUND, "interface_name".to_owned(), reason)
        );
    }

    #[test]
    fn a_missing_right_is_told_from_other_kernel_errors() {
        let kernel = |errno| {
            let error = KernelError { operation: "ip link add".to_owned(), reason: "no".to_owned(), errno };
            told(Failure::Kernel(error), Identity::Name).0
        };
        assert_eq!(kernel(libc::EPERM), ErrorKind::NOT_PERMITTED);
        assert_eq!(kernel(libc::EACCES), ErrorKind::NOT_PERMITTED);
        assert_eq!(kernel(libc::EBUSY), ErrorKind::KERNEL);
        assert_eq!(told(Failure::Stopping, Identity::Name).0, ErrorKind::STOPPING);
    }

    #[test]
    fn what_the_kernel_refuses_has_the_field_that_it_was_for() {
        let nft = KernelError { operation: "nft add element ...".to_owned(), reason: "no".to_owned(), errno: 0 };
        assert_eq!(told(Failure::Kernel(nft), Identity::Name).1, "masquerade");
        let unfit = Failure::Unfit { field: "gateways", reason: "taken".to_owned() };
        let expected = (ErrorKind::CONFLICT, "gateways".to_owned(), "taken".to_owned());
        assert_eq!(told(unfit, Identity::Name), expected);
    }
}
