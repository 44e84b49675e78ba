//! The keys of the configuration, as their manual has them: vgwd.toml(5) is made from this table. What
//! is accepted is said in [`super::shape`]; a test holds both together.

/// A table of the file.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// The keys that lead to it, with dots between them.
    pub path: &'static str,
    /// How it is written.
    pub header: &'static str,
    /// Its keys are read at start only; [`super::AtStart`] has their values.
    pub at_start: bool,
    /// What it is for.
    pub meaning: &'static str,
    /// Its keys, in the order of explanation.
    pub keys: &'static [Key],
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: &'static str,
    /// What holds without it.
    pub absent: Absent,
    /// What it says.
    pub meaning: &'static str,
}

/// What holds without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// It must be there.
    Refused,
    /// It must be there unless this one is.
    Instead(&'static str),
    /// This value.
    Default(&'static str),
}

/// A key that must be there.
const fn must(name: &'static str, form: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Refused, meaning }
}

/// A key that must be there unless another is.
const fn or(name: &'static str, other: &'static str, form: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Instead(other), meaning }
}

/// A key with a default.
const fn may(name: &'static str, form: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { name, form, absent: Absent::Default(default), meaning }
}

/// What guests are told by DHCP, by port or by network.
const DHCP: &[Key] = &[
    may(
        "prefix_length",
        "1 to 32",
        "that of the subnet of a gateway of the instance",
        "The length of the guest's network.",
    ),
    may("dns", "list of IPv4 addresses", "none", "Name servers."),
    may(
        "host_name",
        "domain name",
        "none",
        "The guest's own name. For a port alone: a guest of a network has that of its AddPort.",
    ),
    may("domain", "domain name", "none", "The domain that the guest looks names up in."),
    may("lease_time", "seconds, from 60", "3600", "How long the address is lent."),
];

/// What guests are told by router advertisements, by port or by network.
const ROUTER_ADVERTISEMENTS: &[Key] = &[may("dns", "list of IPv6 addresses", "none", "Name servers.")];

/// Every table of the file.
pub const SECTIONS: &[Section] = &[
    Section {
        path: "gateway",
        header: "[[gateway]]",
        at_start: false,
        meaning: "A virtual gateway: a tap by which a routing instance reaches the host's IP stack. Static: no call changes or removes it, and no audit does. As every element in double brackets it may stand any number of times.",
        keys: &[
            must("interface", "interface name", "The tap, by which the gateway is known."),
            must(
                "routing_instance",
                "text",
                "The virtual network's routing instance, as OpenContrail names it: domain:project:network:instance.",
            ),
            must(
                "subnets",
                "list of prefixes",
                "The network's subnets, at least one: the host routes them to the tap.",
            ),
            may("routes", "list of prefixes", "the default route", "What the network reaches through the gateway."),
            may(
                "uplink",
                "uplink name",
                "the host's main table decides",
                "The uplink that the network's traffic leaves by.",
            ),
            may(
                "masquerade",
                "boolean",
                "false",
                "The network's packets leave the host under the uplink's address, or that of the device they leave by. Needs the program nft.",
            ),
            may(
                "weight",
                "1 to 256",
                "1",
                "Its share of the flows beside other gateways with the same subnet or route.",
            ),
        ],
    },
    Section {
        path: "port",
        header: "[[port]]",
        at_start: false,
        meaning: "A guest's port.",
        keys: &[
            must("name", "interface name", "The interface on the host, by which the port is known."),
            must("routing_instance", "text", "The routing instance."),
            must(
                "addresses",
                "list of prefixes",
                "What is behind the port, at least one: routes of the instance, and the only sources allowed.",
            ),
            may(
                "gateways",
                "list of addresses",
                "none",
                "The addresses by which the guest knows its gateway; vgwd answers for them.",
            ),
            may("mac", "MAC address", "learned", "The guest's MAC. No other is a source then."),
            may("mtu", "68 to 65521", "1500, or the interface's own", "The largest IP packet, bytes."),
            may(
                "attach",
                "boolean",
                "false",
                "Serves an interface that exists already, a hypervisor's tap or a veth, instead of a new tap.",
            ),
            may(
                "netns",
                "name or path",
                "none",
                "The network namespace to place the tap in: a name under /run/netns, or an absolute path. Needs CAP_SYS_ADMIN.",
            ),
            may("guest_name", "interface name", "the port's own", "The tap's name in that namespace."),
            may(
                "guest_addresses",
                "list of addresses with length",
                "none",
                "Addresses that the tap gets in that namespace.",
            ),
            may("weight", "1 to 256", "1", "Its share of the flows beside other ports with the same address."),
            may("dhcp", "table", "requests are not answered", "What the guest is told by DHCP, see [port.dhcp]."),
            may(
                "router_advertisements",
                "table",
                "solicitations are not answered",
                "What the guest is told by router advertisements, see [port.router_advertisements].",
            ),
        ],
    },
    Section {
        path: "port.dhcp",
        header: "[port.dhcp]",
        at_start: false,
        meaning: "What the guest of the port above is told by DHCP: the port's one IPv4 address, its first IPv4 gateway as router, its MTU. An empty table is enough.",
        keys: DHCP,
    },
    Section {
        path: "port.router_advertisements",
        header: "[port.router_advertisements]",
        at_start: false,
        meaning: "The guest of the port above learns its IPv6 router, the network on the link and the MTU by router advertisements. An empty table is enough.",
        keys: ROUTER_ADVERTISEMENTS,
    },
    Section {
        path: "uplink",
        header: "[[uplink]]",
        at_start: false,
        meaning: "An uplink: a device of the host with its address and router, and a routing table of its own.",
        keys: &[
            must("name", "uplink name", "Its name."),
            must("device", "interface name", "The host's device."),
            or("address", "lease", "address with length", "The host's address on the device; vgwd does not add it."),
            or("via", "lease", "address", "The router on that link."),
            may(
                "lease",
                "ipv4 or ipv6",
                "none",
                "In place of address and via: a DHCP client leases them, and tells by a hook. Without a lease the uplink leads nowhere.",
            ),
            may(
                "table",
                "1 to 4294967295",
                "the one it had before, or a free one from host.table_base on",
                "The routing table.",
            ),
        ],
    },
    Section {
        path: "route",
        header: "[[route]]",
        at_start: false,
        meaning: "A static route of a routing instance. It has either via or action.",
        keys: &[
            must("routing_instance", "text", "The routing instance."),
            must("prefix", "prefix", "The destination."),
            or("via", "action", "list of tables", "The ports that it leads over, see via; several share the flows."),
            or(
                "action",
                "via",
                "discard or unreachable",
                "Drops what matches: in silence, or with an ICMP error for the sender.",
            ),
        ],
    },
    Section {
        path: "route.via",
        header: "via = [{ ... }]",
        at_start: false,
        meaning: "A hop of a static route.",
        keys: &[
            must("port", "interface name", "The port, or a gateway's tap."),
            may(
                "gateway",
                "address",
                "the destination itself is asked for",
                "The neighbour behind the port that takes the packets on.",
            ),
            may("weight", "1 to 256", "1", "Its share of the flows."),
        ],
    },
    Section {
        path: "network",
        header: "[[network]]",
        at_start: false,
        meaning: "A network of a compute service, which adds its guests' ports by AddPort: where they belong.",
        keys: &[
            must("id", "UUID", "The network's UUID, the vn_id of its ports."),
            must("routing_instance", "text", "The routing instance of its ports."),
            may("gateways", "list of addresses", "none", "The addresses by which its guests know their gateway."),
            may("dhcp", "table", "requests are not answered", "What its guests are told by DHCP, see [network.dhcp]."),
            may(
                "router_advertisements",
                "table",
                "solicitations are not answered",
                "What its guests are told by router advertisements, see [network.router_advertisements].",
            ),
        ],
    },
    Section {
        path: "network.dhcp",
        header: "[network.dhcp]",
        at_start: false,
        meaning: "What the guests of the network above are told by DHCP, each its port's one IPv4 address; their host name is that of their AddPort. An empty table is enough.",
        keys: DHCP,
    },
    Section {
        path: "network.router_advertisements",
        header: "[network.router_advertisements]",
        at_start: false,
        meaning: "The guests of the network above learn their IPv6 router, the network on the link and the MTU by router advertisements. An empty table is enough.",
        keys: ROUTER_ADVERTISEMENTS,
    },
    Section {
        path: "audit",
        header: "[audit]",
        at_start: false,
        meaning: "The audit that deletes what a returning controller does not confirm.",
        keys: &[may(
            "timeout",
            "time, or off",
            "60s",
            "How long a controller has after it connected to add its gateways again, and a compute service its ports: seconds, or text such as 500ms, 60s, 5m.",
        )],
    },
    Section {
        path: "api",
        header: "[api]",
        at_start: true,
        meaning: "Where calls come in. Read at start only.",
        keys: &[
            may(
                "thrift_listen",
                "address:port, or none",
                "127.0.0.1:9090",
                "The OpenContrail-compatible Thrift service. Local callers are served if they are root, vgwd's own user or of allow_users. As the packaged unit runs it, vgwd is reached by this host alone: another address needs IPAddressAllow= in a drop-in of the unit.",
            ),
            may(
                "allow_users",
                "list of users",
                "none",
                "Users of this host that may call it and its REST form, by name or number, beside root and vgwd's own.",
            ),
            may(
                "allow_remote",
                "true or false",
                "false",
                "Both may listen on addresses that other hosts reach. Whoever calls from there is served.",
            ),
            may(
                "socket",
                "path",
                "/run/vgw/vgwd.sock",
                "The own service, which vgw(1) speaks. Open to the daemon's user and group.",
            ),
        ],
    },
    Section {
        path: "rest",
        header: "[rest]",
        at_start: true,
        meaning: "The REST form of the gateway calls. Read at start only.",
        keys: &[may(
            "listen",
            "address:port, or none",
            "none",
            "Where it listens. Who may call is said by api.allow_users.",
        )],
    },
    Section {
        path: "metrics",
        header: "[metrics]",
        at_start: true,
        meaning: "Numbers for Prometheus, by GET /metrics. They tell nothing of packets' contents, but the names and numbers of networks. Read at start only.",
        keys: &[
            may(
                "socket",
                "absolute path, or none",
                "none",
                "A Unix socket such as /run/vgw/metrics.sock. Open to the daemon's user and group.",
            ),
            may(
                "listen",
                "loopback address:port, or none",
                "none",
                "Such as 127.0.0.1:9469. Open to every user of this host.",
            ),
            may(
                "interfaces",
                "number to 1000000",
                "1000",
                "How many gateways and ports have numbers of their own. The rest are in the sums only, and vgw_interfaces_without_series says how many.",
            ),
        ],
    },
    Section {
        path: "fabric",
        header: "[fabric]",
        at_start: true,
        meaning: "The host's own network card, taken in front of the host as OpenContrail's vRouter does. Without this section it stays the host's. Read at start only.",
        keys: &[
            must(
                "device",
                "interface name",
                "The card: eth0. Its addresses and routes are moved to the interface, and back when vgwd stops.",
            ),
            may("interface", "interface name", "vhost0", "The host's interface in its place, a tap."),
        ],
    },
    Section {
        path: "limits",
        header: "[limits]",
        at_start: false,
        meaning: "How much may stand at once, static things included: 0 to 1000000 each.",
        keys: &[
            may("gateways", "number", "4096", "Gateways."),
            may("ports", "number", "4096", "Ports."),
            may("uplinks", "number", "256", "Uplinks."),
            may("routes", "number", "4096", "Static routes."),
            may("networks", "number", "4096", "Networks of compute services."),
        ],
    },
    Section {
        path: "host",
        header: "[host]",
        at_start: true,
        meaning: "The numbers by which vgwd knows its own things in the kernel. Read at start only; change them before the first start, or stop vgwd first: under other numbers it does not find what it left behind.",
        keys: &[
            may(
                "route_protocol",
                "number to 255",
                "201",
                "Protocol of routes and rules; not one of 0-18, 42, 80, 84, 99, 186-198, which others use.",
            ),
            may("rule_priority", "1 to 30766", "20100", "First of 2000 rule priorities."),
            may("table_base", "number from 256", "20100", "First of 1000 routing tables."),
            may(
                "rt_tables",
                "absolute path, or none",
                "/etc/iproute2/rt_tables.d",
                "Folder for a file with the names of the uplinks' tables, for ip route show table vgw-NAME. Nothing is written if there is no such folder at the start.",
            ),
            may("link_group", "number from 1", "20100", "Group of the taps."),
            may(
                "check",
                "time from 1s, or off",
                "60s",
                "How often everything is checked. What others change is repaired at once if the kernel tells of it; of some things it does not.",
            ),
            may(
                "on_stop",
                "remove or keep",
                "remove",
                "What becomes of taps, routes and rules when vgwd is stopped: removed, or left for its next start, with which packets wait in between. SIGUSR1 always leaves them.",
            ),
        ],
    },
    Section {
        path: "dataplane",
        header: "[dataplane]",
        at_start: true,
        meaning: "The packet path. Read at start only.",
        keys: &[
            may("workers", "1 to 64", "1", "Threads that forward, each with its own queue of every port."),
            may(
                "io_uring",
                "on, off or auto",
                "auto",
                "Whether small packets that queue up are moved many at a time; auto measures at start whether that is faster here.",
            ),
            may(
                "spin",
                "time in us to 1000us, or off",
                "off",
                "How long a worker looks for more packets before it sleeps, while they come one after the other. 50us nearly halves round trips and takes up to one processor for each worker meanwhile.",
            ),
            may(
                "queue_length",
                "1 to 500000",
                "1000",
                "Packets that each queue of a tap holds while its worker is busy, or while vgwd is restarted: packets a second times seconds. Each costs 8 bytes all the time, and its own size while it waits.",
            ),
        ],
    },
    Section {
        path: "compat",
        header: "[compat]",
        at_start: false,
        meaning: "For a host that OpenContrail's vRouter agent served before.",
        keys: &[may(
            "agent_conf",
            "absolute path, or none",
            "none",
            "The agent's configuration: the gateways of its sections [GATEWAY-n] are static ones beside those of this file. vgw import turns them into this file's form. In another folder than at the start it takes a restart.",
        )],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::document::Document;
    use super::super::source::Source;
    use super::*;

    /// The keys that are accepted in a place, as the reader names them when it meets another.
    fn accepted(text: &str) -> BTreeSet<String> {
        let source = Source { path: "vgwd.toml".into(), text: text.to_owned() };
        let mut errors = Vec::new();
        Document::parse(&source, &mut errors);
        let complaint = errors.first().expect("a key that nobody has").to_string();
        let (_, expected) = complaint.split_once("`nonsense`, expected ").expect(&complaint);
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_is_in_the_manual_and_none_more() {
        let mut tables: BTreeSet<String> = BTreeSet::new();
        for Section { path, keys, .. } in SECTIONS {
            let text = match *path {
                "gateway" | "port" | "uplink" | "route" | "network" => format!("[[{path}]]\nnonsense = 1\n"),
                "route.via" => "[[route]]\nvia = [{ nonsense = 1 }]\n".to_owned(),
                nested if nested.contains('.') => {
                    let outer = nested.split('.').next().unwrap_or_default();
                    format!("[[{outer}]]\n[{nested}]\nnonsense = 1\n")
                }
                _ => format!("[{path}]\nnonsense = 1\n"),
            };
            let written: BTreeSet<String> = keys.iter().map(|key| key.name.to_owned()).collect();
            assert_eq!(written.len(), keys.len(), "{path}");
            assert_eq!(written, accepted(&text), "{path}");
            tables.extend(path.split('.').next().map(str::to_owned));
        }
        assert_eq!(tables, accepted("nonsense = 1\n"));
    }

    #[test]
    fn the_manual_says_what_is_read_at_start_only() {
        for section in SECTIONS {
            assert_eq!(section.at_start, section.meaning.contains("Read at start only"), "{}", section.path);
        }
    }

    #[test]
    fn every_key_is_in_the_packaged_example() {
        let example = include_str!("../../packaging/vgwd.toml");
        let words: BTreeSet<&str> = example.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
        for Section { path, keys, .. } in SECTIONS {
            for key in *keys {
                assert!(words.contains(key.name), "{path}.{}", key.name);
            }
        }
    }
}
