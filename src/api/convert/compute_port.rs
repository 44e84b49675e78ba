//! A port as a compute service describes it.

use std::collections::BTreeSet;

use crate::addr::{Family, Mac, Prefix, Uuid};
use crate::api::generated::instance_service::{Port, PortTypes};
use crate::gateway::ComputePort;

use super::Fault;
use super::read::{address, interface_name};

/// Values of a VLAN field that mean no VLAN; absent means it too.
const NO_VLAN: [i16; 2] = [0, -1];

/// Reads an element of AddPort. Its guest is told its name by DHCP: `hostname`, or else `display_name`, if that
/// can be one. The names of its host and its project mean nothing here.
pub(crate) fn compute_port(request: &Port) -> Result<ComputePort, Fault> {
    let Port {
        port_id,
        instance_id,
        tap_name,
        ip_address,
        vn_id,
        mac_address,
        display_name,
        hostname,
        host: _,
        vm_project_id: _,
        vlan_id,
        port_type,
        ip6_address,
        isolated_vlan_id,
    } = request;
    let id = uuid("port_id", port_id)?;
    uuid("instance_id", instance_id)?;
    let network = uuid("vn_id", vn_id)?;
    let interface = interface_name("tap_name", tap_name)?;
    for (field, vlan) in [("vlan_id", vlan_id), ("isolated_vlan_id", isolated_vlan_id)] {
        if let Some(vlan) = vlan.filter(|vlan| !NO_VLAN.contains(vlan)) {
            return Err(Fault::new(field, format!("{vlan}: guests behind a VLAN tag are not served")));
        }
    }
    let v4 = host("ip_address", Family::V4, ip_address)?;
    let v6 = host("ip6_address", Family::V6, ip6_address.as_deref().unwrap_or_default())?;
    let addresses: BTreeSet<Prefix> = v4.into_iter().chain(v6).collect();
    if addresses.is_empty() {
        return Err(Fault::new("ip_address", "the port has neither an IPv4 nor an IPv6 address"));
    }
    let is_exempt = match port_type.map_or(PortTypes::NOVA_V_M_PORT, |kind| PortTypes(kind.into())) {
        PortTypes::NOVA_V_M_PORT => false,
        PortTypes::NAME_SPACE_PORT => true,
        PortTypes(kind) => return Err(Fault::new("port_type", format!("{kind} is none of PortTypes"))),
    };
    // People write a display name as they like: one that is no host name is passed over.
    let host_name = [hostname, display_name].into_iter().flatten().find_map(|name| name.parse().ok());
    Ok(ComputePort { id, network, interface, addresses, mac: mac(mac_address)?, host_name, is_exempt })
}

/// Reads a UUID: clients send its bytes with or without their sign.
pub(crate) fn uuid(field: &str, elements: &[i16]) -> Result<Uuid, Fault> {
    let bytes: Vec<u8> = elements.iter().map(|element| element.to_be_bytes()[1]).collect();
    let count = bytes.len();
    let bytes = bytes.try_into().map_err(|_| Fault::new(field, format!("a UUID has 16 bytes, not {count}")))?;
    Ok(Uuid(bytes))
}

/// Reads an address of a family; none if it is empty or unspecified.
fn host(field: &str, family: Family, text: &str) -> Result<Option<Prefix>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let address = address(field, text)?;
    if Family::of(address) != family {
        return Err(Fault::new(field, format!("{address} is of the other address family")));
    }
    Ok((!address.is_unspecified()).then(|| Prefix::host(address)))
}

fn mac(text: &str) -> Result<Option<Mac>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    let mac: Mac = text.parse().map_err(|error| Fault::new("mac_address", error))?;
    if mac.is_station() { Ok(Some(mac)) } else { Err(Fault::new("mac_address", format!("{mac} is no station's"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Port {
        let id = |last: i16| -> Vec<i16> { (1..16).chain([last]).collect() };
        Port {
            port_id: id(200),
            instance_id: id(17),
            tap_name: "tap9f2c1d34-0a".to_owned(),
            ip_address: "10.0.0.5".to_owned(),
            vn_id: id(18),
            mac_address: "02:00:00:00:00:05".to_owned(),
            display_name: None,
            hostname: None,
            host: None,
            vm_project_id: None,
            vlan_id: None,
            port_type: None,
            ip6_address: None,
            isolated_vlan_id: None,
        }
    }

    fn fault(request: &Port) -> String {
        compute_port(request).unwrap_err().to_string()
    }

    #[test]
    fn all_that_matters_is_taken_over() {
        let request = Port {
            vlan_id: Some(-1),
            isolated_vlan_id: Some(0),
            port_type: Some(1),
            ip6_address: Some("fd00::5".to_owned()),
            ..request()
        };
        let port = compute_port(&request).unwrap();
        assert_eq!(port.id.to_string(), "01020304-0506-0708-090a-0b0c0d0e0fc8");
        assert_eq!(port.network.to_string(), "01020304-0506-0708-090a-0b0c0d0e0f12");
        assert_eq!(port.interface.as_str(), "tap9f2c1d34-0a");
        assert_eq!(port.mac.unwrap().to_string(), "02:00:00:00:00:05");
        let shown: Vec<String> = port.addresses.iter().map(ToString::to_string).collect();
        assert_eq!((shown.join(" ").as_str(), port.is_exempt), ("10.0.0.5/32 fd00::5/128", true));
        assert!(!compute_port(&self::request()).unwrap().is_exempt);
    }

    #[test]
    fn a_guests_name_is_one_that_can_be_told() {
        let named = |hostname: &str, display: &str| {
            let name = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let request = Port { hostname: name(hostname), display_name: name(display), ..request() };
            compute_port(&request).unwrap().host_name.map(|name| name.to_string())
        };
        assert_eq!(named("web-1", "The web server").as_deref(), Some("web-1"));
        assert_eq!(named("", "web-2").as_deref(), Some("web-2"));
        assert_eq!(named("web 3", "web-3").as_deref(), Some("web-3"));
        assert_eq!(named("", "The web server"), None);
        assert_eq!(named("", ""), None);
    }

    #[test]
    fn only_the_low_bits_of_an_element_count() {
        let signed: Vec<i16> = (0..16).map(|byte| byte - 128).collect();
        let unsigned: Vec<i16> = (0..16).map(|byte| byte + 128).collect();
        let high: Vec<i16> = unsigned.iter().map(|byte| byte | 0x1200).collect();
        let read = |elements: &[i16]| uuid("port_id", elements).unwrap();
        assert_eq!((read(&signed), read(&high)), (read(&unsigned), read(&unsigned)));
        assert_eq!(read(&unsigned).0[15], 143);
    }

    #[test]
    fn addresses_may_be_empty_or_zero_but_not_all() {
        let request = |v4: &str, v6: &str| Port {
            ip_address: v4.to_owned(),
            ip6_address: Some(v6.to_owned()),
            mac_address: String::new(),
            ..self::request()
        };
        for (v4, v6) in [("", "fd00::5"), ("0.0.0.0", "fd00::5"), ("10.0.0.5", ""), ("10.0.0.5", "::")] {
            let port = compute_port(&request(v4, v6)).unwrap();
            assert_eq!((port.addresses.len(), port.mac), (1, None), "{v4} {v6}");
        }
        let none = "ip_address: the port has neither an IPv4 nor an IPv6 address";
        assert_eq!(fault(&request("", "")), none);
        assert_eq!(fault(&request("0.0.0.0", "::")), none);
        assert_eq!(fault(&request("10.0.0", "")), "ip_address: '10.0.0' is not an IPv4 or IPv6 address");
        assert_eq!(fault(&request("fd00::5", "")), "ip_address: fd00::5 is of the other address family");
        assert_eq!(fault(&request("", "10.0.0.5")), "ip6_address: 10.0.0.5 is of the other address family");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(fault(&Port { vn_id: vec![1; 15], ..request() }), "vn_id: a UUID has 16 bytes, not 15");
        assert_eq!(fault(&Port { instance_id: vec![], ..request() }), "instance_id: a UUID has 16 bytes, not 0");
        assert_eq!(fault(&Port { tap_name: "a/b".to_owned(), ..request() }).split(':').next(), Some("tap_name"));
        assert_eq!(
            fault(&Port { vlan_id: Some(7), ..request() }),
            "vlan_id: 7: guests behind a VLAN tag are not served"
        );
        assert_eq!(fault(&Port { port_type: Some(2), ..request() }), "port_type: 2 is none of PortTypes");
        assert_eq!(
            fault(&Port { mac_address: "ff:ff:ff:ff:ff:ff".to_owned(), ..request() }),
            "mac_address: ff:ff:ff:ff:ff:ff is no station's"
        );
    }
}
