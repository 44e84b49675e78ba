//! Lines of routes to be loaded.

use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use crate::addr::{InterfaceName, Masked, Prefix};
use crate::api::generated::virtual_gateway as api;

use super::super::failure::Failure;

/// Lines that are carried out at once, at most.
const PART: usize = 16_384;

/// What they may take in a request, bytes; it may have 1 MiB.
const ROOM: usize = 768 * 1024;

/// What a text takes beside itself, bytes: its length.
const TEXT: usize = 4;

/// What a group of routes takes at most beside its prefixes, bytes: names and addresses of its hop included.
const GROUP: usize = 128;

/// What one line asks for.
#[derive(Debug, Clone, PartialEq)]
enum Deed {
    Lead(api::NextHop),
    Delete,
}

/// Lines that are carried out together.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// The first line's number and the last one's.
    lines: (usize, usize),
    delete: Vec<String>,
    add: Vec<api::RouteGroup>,
    count: usize,
    /// At most so long is the request.
    bytes: usize,
}

/// Reads a file, or the standard input.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|error| Failure::Usage {
        field: "FILE".to_owned(),
        reason: format!("cannot read {}: {error}", file.display()),
    })
}

/// Understands lines. Deletions of a part come before what it adds, so a part ends where that would make a
/// difference: the last line for a prefix decides.
pub(super) fn parts(text: &str) -> Result<Vec<Part>, Failure> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    for (number, line) in (1..).zip(text.lines()) {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(prefix) = words.next() else { continue };
        let at =
            |reason: String| Failure::Usage { field: "FILE".to_owned(), reason: format!("line {number}: {reason}") };
        let Masked { prefix: read, had_host_bits } =
            Prefix::parse_masked(prefix).map_err(|error| at(error.to_string()))?;
        if had_host_bits {
            return Err(at(format!("'{prefix}' has host bits set: {read} may be meant")));
        }
        let deed = deed(&words.collect::<Vec<_>>()).map_err(at)?;
        let turns = matches!(deed, Deed::Delete) && !part.add.is_empty();
        if part.count == PART || part.bytes > ROOM || turns {
            parts.push(std::mem::take(&mut part));
        }
        part.take(number, read.to_string(), deed);
    }
    if part.count > 0 {
        parts.push(part);
    }
    Ok(parts)
}

fn deed(words: &[&str]) -> Result<Deed, String> {
    let plain = |kind| Ok(Deed::Lead(api::NextHop { kind, hops: None }));
    match words {
        ["delete"] => Ok(Deed::Delete),
        ["discard"] => plain(api::NextHopKind::DISCARD),
        ["unreachable"] => plain(api::NextHopKind::UNREACHABLE),
        ["dev", port] | ["via", _, "dev", port] | ["dev", port, "via", _] => {
            let port = InterfaceName::new(port).map_err(|error| format!("'{port}': {error}"))?;
            let via = words.iter().skip_while(|word| **word != "via").nth(1);
            let via = via.map(|text| text.parse::<IpAddr>().map_err(|_| format!("'{text}' is not an address")));
            let gateway = via.transpose()?.map(|address| address.to_string());
            let hop = api::Hop { port: port.to_string(), gateway, weight: None };
            Ok(Deed::Lead(api::NextHop { kind: api::NextHopKind::FORWARD, hops: Some(vec![hop]) }))
        }
        [] => Err("it says where the prefix begins, and not where it leads".to_owned()),
        _ => Err(format!("'{}' is no next hop", words.join(" "))),
    }
}

impl Part {
    fn take(&mut self, number: usize, prefix: String, deed: Deed) {
        if self.count == 0 {
            self.lines.0 = number;
        }
        self.lines.1 = number;
        self.count += 1;
        self.bytes += TEXT + prefix.len();
        match deed {
            Deed::Delete => self.delete.push(prefix),
            Deed::Lead(next_hop) => match self.add.last_mut() {
                Some(group) if group.next_hop == next_hop => group.prefixes.push(prefix),
                _ => {
                    self.bytes += GROUP;
                    self.add.push(api::RouteGroup { next_hop, prefixes: vec![prefix] });
                }
            },
        }
    }

    pub(super) fn request(&self, instance: &str) -> api::RouteChanges {
        let (delete_prefixes, add) = (self.delete.clone(), self.add.clone());
        api::RouteChanges { routing_instance: instance.to_owned(), delete_prefixes, add }
    }

    /// What the daemon has refused of it.
    pub(super) fn refused(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Refused(error) => {
                let (first, last) = self.lines;
                let reason = format!("lines {first} to {last} are not carried out, those before are: {}", error.reason);
                Failure::Refused(api::RequestError { reason, ..error })
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_groups() {
        let text = "# routes\n\n10.1.0.0/16 dev tap0\n10.2.0.0/16 dev tap0 # the same\n10.3.0.0/16 via 10.0.0.1 dev tap0\n\
                    10.4.0.0/16 dev tap0 via 10.0.0.1\n2001:db8::/32 discard\n10.5.0.0/16 unreachable\n";
        let parts = parts(text).unwrap();
        let [part] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!(part.lines, (3, 8));
        let request = part.request("a");
        let sizes: Vec<usize> = request.add.iter().map(|group| group.prefixes.len()).collect();
        assert_eq!(sizes, [2, 2, 1, 1]);
        assert_eq!(request.add[1].next_hop.hops.as_ref().unwrap()[0].gateway.as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn the_last_line_for_a_prefix_decides() {
        let parts = parts("10.1.0.0/16 delete\n10.1.0.0/16 discard\n10.1.0.0/16 delete\n").unwrap();
        let shape: Vec<_> = parts.iter().map(|part| (part.delete.len(), part.add.len(), part.lines)).collect();
        assert_eq!(shape, [(1, 1, (1, 2)), (1, 0, (3, 3))]);
    }

    #[test]
    fn many_lines_are_several_requests() {
        let line = |number: u32| format!("{} discard\n", std::net::Ipv4Addr::from_bits(number << 8));
        let text: String = (0..40_000).map(line).collect();
        let counts: Vec<usize> = parts(&text).unwrap().iter().map(|part| part.count).collect();
        assert_eq!(counts, [PART, PART, 40_000 - 2 * PART]);
    }

    #[test]
    fn a_request_has_room_for_its_lines() {
        let line = |number: u32| {
            let prefix = std::net::Ipv6Addr::from_bits(u128::MAX - u128::from(number));
            format!("{prefix} via {prefix} dev fifteen-bytes-{}\n", number % 2)
        };
        let text: String = (0..40_000).map(line).collect();
        let parts = parts(&text).unwrap();
        assert_eq!(parts.iter().map(|part| part.count).sum::<usize>(), 40_000);
        for part in &parts {
            let mut bytes = Vec::new();
            let mut wire = thrift::protocol::TBinaryOutputProtocol::new(&mut bytes, true);
            thrift::protocol::TSerializable::write_to_out_protocol(&part.request(&"x".repeat(255)), &mut wire).unwrap();
            assert!(bytes.len() < (1 << 20) - 256, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (line, wanted) in [
            ("10.0.0.0/8", "line 2: it says"),
            ("10.0.0.0/33 discard", "line 2: "),
            ("10.0.0.1/8 discard", "line 2: "),
            ("10.0.0.0/8 dev a/b", "line 2: 'a/b'"),
            ("10.0.0.0/8 via x dev tap0", "line 2: 'x' is not an address"),
            ("10.0.0.0/8 dev tap0 metric 5", "line 2: 'dev tap0 metric 5' is no next hop"),
        ] {
            let Err(Failure::Usage { reason, .. }) = parts(&format!("\n{line}\n")) else { panic!("{line}") };
            assert!(reason.starts_with(wanted), "{reason}");
        }
    }
}
