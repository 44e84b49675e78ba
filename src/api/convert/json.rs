//! Gateways as the later agents' clients describe them, in JSON. The whole request is judged first: one bad
//! element refuses it, with the agent's words where the agent refuses it too.

use serde_json::{Map, Value};

use crate::api::generated::instance_service::{Subnet, VirtualGatewayRequest};
use crate::api::message::MessageLimits;
use crate::gateway::GatewaySpec;

use super::virtual_gateway_request;

type Object = Map<String, Value>;

/// Reads the body of a POST.
pub(crate) fn gateways_of_json(body: &[u8]) -> Result<Vec<GatewaySpec>, String> {
    elements(body, |index, element| {
        let request = request(element)
            .map_err(|member| format!("Json string does not have all required members, {member} is missing"))?;
        virtual_gateway_request(&request).map_err(|fault| {
            let field = fault.field.replace("interface_name", "interface").replace('_', "-");
            format!("[{index}].{field}: {}", fault.reason)
        })
    })
}

/// Reads the body of a DELETE: interfaces' names.
pub(crate) fn names_of_json(body: &[u8]) -> Result<Vec<String>, String> {
    elements(body, |_, element| {
        text(element, "interface")
            .map_err(|member| format!("Json string does not have or has invalid value for member {member}"))
    })
}

/// Reads the objects of an array. What is wrong is followed by the body, as in the agent.
fn elements<T>(body: &[u8], mut read: impl FnMut(usize, &Object) -> Result<T, String>) -> Result<Vec<T>, String> {
    let about = |reason: String| format!("{reason} ==> {}", String::from_utf8_lossy(body));
    let Ok(value) = serde_json::from_slice(body) else {
        return Err(about("Invalid Json string".to_owned()));
    };
    let Value::Array(elements) = value else {
        return Err(about("Unexpected Json string (not an array)".to_owned()));
    };
    let limit = MessageLimits::default().elements;
    if elements.len() > limit {
        return Err(format!("{} elements, {limit} are allowed", elements.len()));
    }
    let read = |(index, element): (usize, &Value)| match element {
        Value::Object(element) => read(index, element),
        _ => Err("Json Array has invalid element".to_owned()),
    };
    elements.iter().enumerate().map(read).collect::<Result<_, _>>().map_err(about)
}

/// A gateway, its values not yet judged; else the member that the agent would name.
fn request(element: &Object) -> Result<VirtualGatewayRequest, &'static str> {
    let interface_name = text(element, "interface")?;
    let routing_instance = text(element, "routing-instance")?;
    let subnets = subnets(element, "subnets", "subnets value")?;
    let routes = Some(self::subnets(element, "routes", "routes value")?);
    Ok(VirtualGatewayRequest { interface_name, routing_instance, subnets, routes })
}

fn text(element: &Object, member: &'static str) -> Result<String, &'static str> {
    element.get(member).and_then(Value::as_str).map(str::to_owned).ok_or(member)
}

fn subnets(element: &Object, member: &'static str, value: &'static str) -> Result<Vec<Subnet>, &'static str> {
    let list = element.get(member).and_then(Value::as_array).ok_or(member)?;
    list.iter().map(|subnet| self::subnet(subnet).ok_or(value)).collect()
}

fn subnet(value: &Value) -> Option<Subnet> {
    let prefix = value.get("ip-address")?.as_str()?;
    prefix.parse::<std::net::IpAddr>().ok()?;
    let plen = i16::try_from(value.get("prefix-len")?.as_i64()?).ok()?;
    Some(Subnet { prefix: prefix.to_owned(), plen })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"interface":"vgw1", "routing-instance":"default-domain:admin:vn1:vn1", "subnets":[{"ip-address":"20.30.40.1", "prefix-len":24}], "routes":[{"ip-address":"0.0.0.0", "prefix-len":0}]}"#;

    fn refused(body: &str) -> String {
        let reason = gateways_of_json(body.as_bytes()).unwrap_err();
        reason.strip_suffix(&format!(" ==> {body}")).unwrap_or_else(|| panic!("{reason}")).to_owned()
    }

    #[test]
    fn the_agents_own_form_is_read() {
        let specs = gateways_of_json(format!("[{GOOD}]").as_bytes()).unwrap();
        let [GatewaySpec { interface, instance, subnets, routes, .. }] = &specs[..] else { panic!("{specs:?}") };
        assert_eq!((interface.as_str(), instance.as_str()), ("vgw1", "default-domain:admin:vn1:vn1"));
        assert_eq!(format!("{subnets:?} {routes:?}"), "{20.30.40.0/24} {0.0.0.0/0}");
        assert_eq!(gateways_of_json(b" [] ").unwrap(), []);
        assert_eq!(names_of_json(br#"[{"interface":"vgw1","more":[]},{"interface":""}]"#).unwrap(), ["vgw1", ""]);
    }

    #[test]
    fn what_the_agent_refuses_is_refused_in_its_words() {
        for body in ["", "{", "[{}", "[] []", "[1e999]", "nothing"] {
            assert_eq!(refused(body), "Invalid Json string");
        }
        assert_eq!(refused(&"[".repeat(100_000)), "Invalid Json string");
        assert_eq!(refused(GOOD), "Unexpected Json string (not an array)");
        assert_eq!(refused(&format!("[{GOOD}, 5]")), "Json Array has invalid element");
        for (from, to, member) in [
            ("\"interface\"", "\"interfaces\"", "interface"),
            ("\"vgw1\"", "1", "interface"),
            ("routing-instance", "routing_instance", "routing-instance"),
            ("\"subnets\":[", "\"subnets\":\"\",\"x\":[", "subnets"),
            ("20.30.40.1", "20.30.40", "subnets value"),
            ("\"prefix-len\":24", "\"prefix-len\":\"24\"", "subnets value"),
            ("\"prefix-len\":24", "\"prefix-len\":24.0", "subnets value"),
            ("\"prefix-len\":24", "\"prefix-len\":70000", "subnets value"),
            ("\"routes\"", "\"route\"", "routes"),
            ("\"prefix-len\":0", "\"prefix\":0", "routes value"),
        ] {
            let body = format!("[{GOOD},{}]", GOOD.replace(from, to));
            let reason = format!("Json string does not have all required members, {member} is missing");
            assert_eq!(refused(&body), reason, "{from} {to}");
        }
        let reason = names_of_json(br#"[{"interface":"vgw1"},{}]"#).unwrap_err();
        assert!(reason.starts_with("Json string does not have or has invalid value for member interface ==> ["));
    }

    #[test]
    fn what_only_we_refuse_is_named() {
        let with = |from: &str, to: &str| refused(&format!("[{GOOD},{}]", GOOD.replace(from, to)));
        assert_eq!(with("\":24", "\":33"), "[1].subnets[0]: prefix length 33 is not in 1..=32");
        assert_eq!(with("\":0", "\":-1"), "[1].routes[0]: prefix length -1 is not in 0..=32");
        assert_eq!(with("vgw1", ""), "[1].interface: the name is empty");
        assert_eq!(with("default-domain:admin:vn1:vn1", ""), "[1].routing-instance: the name is empty");
        let many = format!("[{}]", vec!["{}"; 4097].join(","));
        assert_eq!(names_of_json(many.as_bytes()).unwrap_err(), "4097 elements, 4096 are allowed");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let body = [b"[{\"interface\":\"".as_slice(), &[0xff, 0xfe], b"\"}]"].concat();
        let reason = names_of_json(&body).unwrap_err();
        assert_eq!(reason, "Invalid Json string ==> [{\"interface\":\"\u{fffd}\u{fffd}\"}]");
    }
}
