//! Tables that change while they are read.

use std::collections::BTreeMap;

use rtnetlink::packet_route::RouteNetlinkMessage;

use super::error::NetlinkError;
use super::socket::{DUMP_ATTEMPTS, Dump};

/// What several readings of a table come to: the first that is consistent, or else what was seen in any, as it was seen
/// last. Of the latter some may be gone; none that stood all the time is missing, unless each reading has left it out.
/// `kind` is what the table holds, for the log; `key` is what tells one from another.
pub(super) fn united<T, K: Ord>(
    kind: &str,
    mut dump: impl FnMut() -> Result<Dump, NetlinkError>,
    read: impl Fn(RouteNetlinkMessage) -> Option<T>,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>, NetlinkError> {
    let mut seen = BTreeMap::new();
    for _ in 0..DUMP_ATTEMPTS {
        let Dump { rows, is_consistent } = dump()?;
        let entries = rows.into_iter().filter_map(&read);
        if is_consistent {
            return Ok(entries.collect());
        }
        seen.extend(entries.map(|entry| (key(&entry), entry)));
    }
    tracing::debug!("{kind} come and go faster than they can be read");
    Ok(seen.into_values().collect())
}

#[cfg(test)]
mod tests {
    use rtnetlink::packet_route::link::{LinkAttribute, LinkMessage};

    use super::*;

    /// A reading of links, by their indices and names.
    fn dump((links, is_consistent): (&[(u32, &str)], bool)) -> Dump {
        let row = |(index, name): &(u32, &str)| {
            let mut message = LinkMessage::default();
            message.header.index = *index;
            message.attributes.push(LinkAttribute::IfName((*name).to_owned()));
            RouteNetlinkMessage::NewLink(message)
        };
        Dump { rows: links.iter().map(row).collect(), is_consistent }
    }

    fn read(row: RouteNetlinkMessage) -> Option<(u32, String)> {
        let RouteNetlinkMessage::NewLink(message) = row else { return None };
        let name = message.attributes.into_iter().find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name),
            _ => None,
        });
        Some((message.header.index, name?))
    }

    /// What these readings come to, and how many of them were made.
    fn told(readings: &[(&[(u32, &str)], bool)]) -> (Vec<(u32, String)>, usize) {
        let mut made = 0;
        let next = || {
            made += 1;
            Ok(dump(readings[(made - 1).min(readings.len() - 1)]))
        };
        let links = united("links", next, read, |(index, _)| *index).unwrap();
        (links, made)
    }

    #[test]
    fn what_stood_all_the_time_is_in_one_of_the_readings() {
        let all = vec![(1, "lo".to_owned()), (2, "eth1".to_owned()), (3, "new".to_owned())];
        assert_eq!(
            told(&[(&[(1, "lo"), (3, "old")], false), (&[(2, "eth1"), (3, "new")], false)]),
            (all, DUMP_ATTEMPTS)
        );
        let one = vec![(1, "lo".to_owned())];
        assert_eq!(told(&[(&[(2, "eth1")], false), (&[(1, "lo")], true)]), (one, 2), "nothing else counts");
    }
}
