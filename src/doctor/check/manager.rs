//! Programs that take the host's network for their own.

use crate::addr::InterfaceName;
use crate::doctor::{Check, Cure, Facts, Finding, Networkd, Step};

pub(super) fn managers(facts: &Facts) -> Vec<Finding> {
    networkd(facts).into_iter().chain(network_manager(facts)).collect()
}

fn networkd(facts: &Facts) -> Option<Finding> {
    let Networkd { routes, rules } = facts.networkd.filter(|networkd| networkd.routes || networkd.rules)?;
    let said = |key: &str, yes: bool| {
        yes.then(|| format!("{key}=yes in the configuration of systemd-networkd, or by default"))
    };
    let mut evidence: Vec<String> =
        [said("ManageForeignRoutes", routes), said("ManageForeignRoutingPolicyRules", rules)]
            .into_iter()
            .flatten()
            .collect();
    evidence.push(
        "networkd runs here, and deletes the gateways' routes and rules when it starts or reconfigures".to_owned(),
    );
    let lines = ["[Network]", "ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no"];
    let path = "/etc/systemd/networkd.conf.d/90-vgw.conf".to_owned();
    let cure = Cure { steps: vec![Step::Write { path, lines: lines.map(str::to_owned).into() }], ..Cure::default() };
    let cure = cure.safe().but("it takes effect when networkd starts next: systemctl restart systemd-networkd");
    Some(Finding::warning(Check::Networkd, "systemd-networkd", evidence, cure))
}

fn network_manager(facts: &Facts) -> Option<Finding> {
    let (Some(patterns), Ok(told)) = (&facts.network_manager, &facts.told) else { return None };
    let is_left_alone = |tap: &InterfaceName| patterns.iter().any(|pattern| matches(pattern, tap.as_str()));
    let taken: Vec<InterfaceName> = told.taps().filter(|tap| !is_left_alone(tap)).collect();
    if taken.is_empty() {
        return None;
    }
    let names: Vec<&str> = taken.iter().map(InterfaceName::as_str).collect();
    let evidence =
        vec![format!("NetworkManager runs here, and nothing in its configuration keeps it off {}", names.join(", "))];
    let devices: Vec<String> = taken.iter().map(|tap| format!("interface-name:{tap}")).collect();
    let lines = ["[device-vgw-doctor]", &format!("match-device={}", devices.join(",")), "managed=0"];
    let path = "/etc/NetworkManager/conf.d/91-vgw-doctor.conf".to_owned();
    let cure = Cure { steps: vec![Step::Write { path, lines: lines.map(str::to_owned).into() }], ..Cure::default() };
    let cure = cure.safe().but("it takes effect with: nmcli general reload");
    Some(Finding::warning(Check::NetworkManager, "NetworkManager", evidence, cure))
}

/// A pattern of NetworkManager's: `*` for any text, `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name;
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => {
            let tail = &pattern[1..];
            matches(tail, rest) || (!rest.is_empty() && matches(pattern, &rest[1..]))
        }
        Some(one) => {
            let Some(first) = rest.chars().next().filter(|first| one == '?' || one == *first) else { return false };
            rest = &rest[first.len_utf8()..];
            matches(&pattern[one.len_utf8()..], rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_as_networkmanager_does() {
        for (pattern, name, is_so) in [
            ("vgw*", "vgw1", true),
            ("vgw*", "vgw", true),
            ("vgw?", "vgw", false),
            ("*", "anything", true),
            ("vgw1", "vgw12", false),
            ("v*1", "vgw1", true),
            ("v*1", "vgw2", false),
            ("", "vgw1", false),
        ] {
            assert_eq!(matches(pattern, name), is_so, "{pattern} {name}");
        }
    }
}
