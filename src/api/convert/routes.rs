//! Many static routes in one request, and routes in parts.

use crate::addr::{InstanceName, Prefix};
use crate::api::generated::virtual_gateway as wire;
use crate::engine::RouteChanges;
use crate::gateway::StaticRoute;

use super::fault::Fault;
use super::read::{instance_name, prefix};
use super::request::next_hop;

/// The most routes in a part, as in a list of a request.
const MOST: usize = 65_536;

/// Reads changes of an instance's static routes.
pub(crate) fn changes(request: &wire::RouteChanges) -> Result<RouteChanges, Fault> {
    let wire::RouteChanges { routing_instance, delete_prefixes, add: groups } = request;
    let instance = instance_name(routing_instance)?;
    let read = |list: &str, texts: &[String]| {
        let texts = texts.iter().enumerate();
        // The place is spelled out only if something is wrong there.
        let read = texts.map(|(index, text)| prefix(&instance, list, text).map_err(|fault| at(fault, list, index)));
        read.collect::<Result<Vec<Prefix>, _>>()
    };
    let delete = read("delete_prefixes", delete_prefixes)?;
    let mut add = Vec::new();
    for (index, wire::RouteGroup { next_hop: way, prefixes }) in groups.iter().enumerate() {
        let group = format!("add[{index}]");
        let way = next_hop(way).map_err(|Fault { field, reason }| Fault::new(format!("{group}.{field}"), reason))?;
        let prefixes = read(&format!("{group}.prefixes"), prefixes)?;
        let route = |prefix| StaticRoute { instance: instance.clone(), prefix, next_hop: way.clone() };
        add.extend(prefixes.into_iter().map(route));
    }
    Ok(RouteChanges { instance, delete, add })
}

fn at(Fault { reason, .. }: Fault, list: &str, index: usize) -> Fault {
    Fault::new(format!("{list}[{index}]"), reason)
}

/// Reads which part of an instance's routes is asked for: those after a prefix, and how many.
pub(crate) fn after(instance: &str, text: &str, max: i32) -> Result<(InstanceName, Option<Prefix>, usize), Fault> {
    let instance = instance_name(instance)?;
    let after = if text.is_empty() { None } else { Some(prefix(&instance, "prefix", text)?) };
    let most = usize::try_from(max).ok().filter(|max| (1..=MOST).contains(max));
    let most = most.ok_or_else(|| Fault::new("max", format!("{max} is not in 1..={MOST}")))?;
    Ok((instance, after, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn group(prefixes: &[&str]) -> wire::RouteGroup {
        let next_hop = wire::NextHop { kind: wire::NextHopKind::DISCARD, hops: None };
        wire::RouteGroup { next_hop, prefixes: texts(prefixes) }
    }

    #[test]
    fn each_prefix_of_a_group_is_a_route() {
        let request = wire::RouteChanges::new(
            "a".to_owned(),
            texts(&["10.9.0.0/16"]),
            vec![group(&["10.1.0.0/16", "10.2.0.0/16"])],
        );
        let read = changes(&request).unwrap();
        assert_eq!((read.delete.len(), read.add.len()), (1, 2));
        assert_eq!(read.add[1].prefix, "10.2.0.0/16".parse().unwrap());
    }

    #[test]
    fn a_bad_prefix_is_told_by_its_place() {
        let request =
            wire::RouteChanges::new("a".to_owned(), vec![], vec![group(&[]), group(&["10.1.0.0/16", "10.2.0.0/61"])]);
        assert_eq!(changes(&request).unwrap_err().field, "add[1].prefixes[1]");
        let request = wire::RouteChanges::new("a".to_owned(), texts(&["x"]), vec![]);
        assert_eq!(changes(&request).unwrap_err().field, "delete_prefixes[0]");
        let mut request = wire::RouteChanges::new("a".to_owned(), vec![], vec![group(&["10.1.0.0/16"])]);
        request.add[0].next_hop.kind = wire::NextHopKind::LOCAL;
        assert_eq!(changes(&request).unwrap_err().field, "add[0].next_hop.kind");
    }

    #[test]
    fn a_part_has_bounds() {
        assert_eq!(after("a", "", 65_536).unwrap().2, 65_536);
        assert_eq!(after("a", "10.0.0.0/8", 1).unwrap().1, Some("10.0.0.0/8".parse().unwrap()));
        for max in [0, -1, 65_537] {
            assert_eq!(after("a", "", max).unwrap_err().field, "max");
        }
        assert_eq!(after("a", "10.0.0.0/33", 1).unwrap_err().field, "prefix");
    }
}
