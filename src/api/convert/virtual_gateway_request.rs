//! A gateway as OpenContrail's clients describe it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::addr::{Family, InterfaceName, Prefix, Weight};
use crate::api::generated::instance_service::{Subnet, VirtualGatewayRequest};
use crate::gateway::GatewaySpec;

use super::Fault;
use super::read::{address, instance_name, interface_name, unmasked};

/// Reads an element of AddVirtualGateway. A subnet's length is at least 1, a route's may be 0; one
/// bad prefix spoils the element.
pub(crate) fn virtual_gateway_request(request: &VirtualGatewayRequest) -> Result<GatewaySpec, Fault> {
    let VirtualGatewayRequest { interface_name: interface, routing_instance, subnets, routes } = request;
    let interface = interface_name("interface_name", interface)?;
    let instance = instance_name(routing_instance)?;
    if subnets.is_empty() {
        return Err(Fault::new("subnets", "the list is empty"));
    }
    let subnets = prefixes(&interface, "subnets", 1, subnets)?;
    let routes = prefixes(&interface, "routes", 0, routes.as_deref().unwrap_or_default())?;
    Ok(GatewaySpec { interface, instance, subnets, routes, uplink: None, masquerade: false, weight: Weight::ONE })
}

fn prefixes(
    interface: &InterfaceName,
    field: &str,
    shortest: i16,
    subnets: &[Subnet],
) -> Result<BTreeSet<Prefix>, Fault> {
    subnets
        .iter()
        .enumerate()
        .map(|(index, Subnet { prefix, plen })| {
            let field = format!("{field}[{index}]");
            let address: IpAddr = address(&field, prefix)?;
            let longest = Family::of(address).bits();
            if *plen < shortest || *plen > i16::from(longest) {
                return Err(Fault::new(field, format!("prefix length {plen} is not in {shortest}..={longest}")));
            }
            let masked = Prefix::masked(address, i32::from(*plen)).map_err(|error| Fault::new(&*field, error))?;
            Ok(unmasked(interface, &field, &format!("{address}/{plen}"), masked))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(subnets: &[(&str, i16)], routes: Option<&[(&str, i16)]>) -> VirtualGatewayRequest {
        let list = |pairs: &[(&str, i16)]| -> Vec<_> {
            pairs.iter().map(|&(prefix, plen)| Subnet { prefix: prefix.to_owned(), plen }).collect()
        };
        VirtualGatewayRequest {
            interface_name: "vgw1".to_owned(),
            routing_instance: "default-domain:admin:net1:net1".to_owned(),
            subnets: list(subnets),
            routes: routes.map(list),
        }
    }

    fn shown(prefixes: &BTreeSet<Prefix>) -> Vec<String> {
        prefixes.iter().map(ToString::to_string).collect()
    }

    fn fault(request: &VirtualGatewayRequest) -> String {
        virtual_gateway_request(request).unwrap_err().to_string()
    }

    #[test]
    fn host_bits_are_cleared_and_duplicates_count_once() {
        let spec = virtual_gateway_request(&request(
            &[("20.30.40.7", 24), ("20.30.40.0", 24), ("2001:db8::1", 64)],
            Some(&[("0.0.0.0", 0), ("8.8.8.8", 32)]),
        ))
        .unwrap();
        assert_eq!(shown(&spec.subnets), ["20.30.40.0/24", "2001:db8::/64"]);
        assert_eq!(shown(&spec.routes), ["0.0.0.0/0", "8.8.8.8/32"]);
    }

    #[test]
    fn routes_may_be_absent_or_empty() {
        assert!(virtual_gateway_request(&request(&[("10.0.0.0", 8)], None)).unwrap().routes.is_empty());
        assert!(virtual_gateway_request(&request(&[("10.0.0.0", 8)], Some(&[]))).unwrap().routes.is_empty());
    }

    #[test]
    fn lengths_at_the_edge() {
        for (subnet, length) in [("10.0.0.0", 1), ("10.0.0.0", 32), ("2001:db8::", 1), ("2001:db8::", 128)] {
            assert!(virtual_gateway_request(&request(&[(subnet, length)], None)).is_ok(), "{subnet}/{length}");
        }
        let bad = |subnet, length| fault(&request(&[(subnet, length)], None));
        assert_eq!(bad("10.0.0.0", 0), "subnets[0]: prefix length 0 is not in 1..=32");
        assert_eq!(bad("10.0.0.0", 33), "subnets[0]: prefix length 33 is not in 1..=32");
        assert_eq!(bad("::", 129), "subnets[0]: prefix length 129 is not in 1..=128");
        assert_eq!(bad("10.0.0.0", -1), "subnets[0]: prefix length -1 is not in 1..=32");
        let route = fault(&request(&[("10.0.0.0", 8)], Some(&[("0.0.0.0", 0), ("1.0.0.0", -1)])));
        assert_eq!(route, "routes[1]: prefix length -1 is not in 0..=32");
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut empty = request(&[("10.0.0.0", 8)], None);
        empty.interface_name.clear();
        assert_eq!(fault(&empty), "interface_name: the name is empty");
        let mut empty = request(&[("10.0.0.0", 8)], None);
        empty.routing_instance.clear();
        assert_eq!(fault(&empty), "routing_instance: the name is empty");
        assert_eq!(fault(&request(&[], None)), "subnets: the list is empty");
        assert_eq!(
            fault(&request(&[("10.0.0.0", 8), ("10.1", 16)], None)),
            "subnets[1]: '10.1' is not an IPv4 or IPv6 address"
        );
        assert_eq!(
            fault(&request(&[("\u{1b}[2J", 8)], None)),
            "subnets[0]: '\\u{1b}[2J' is not an IPv4 or IPv6 address"
        );
    }
}
