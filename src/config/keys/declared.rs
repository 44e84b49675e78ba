//! What the file declares: gateways, ports, uplinks, routes and networks.

use super::{Key, Section, may, must, or};

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

pub(super) const GATEWAY: Section = Section {
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
        must("subnets", "list of prefixes", "The network's subnets, at least one: the host routes them to the tap."),
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
        may("weight", "1 to 256", "1", "Its share of the flows beside other gateways with the same subnet or route."),
    ],
};

pub(super) const PORT: Section = Section {
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
};

pub(super) const PORT_DHCP: Section = Section {
    path: "port.dhcp",
    header: "[port.dhcp]",
    at_start: false,
    meaning: "What the guest of the port above is told by DHCP: the port's one IPv4 address, its first IPv4 gateway as router, its MTU. An empty table is enough.",
    keys: DHCP,
};

pub(super) const PORT_ROUTER_ADVERTISEMENTS: Section = Section {
    path: "port.router_advertisements",
    header: "[port.router_advertisements]",
    at_start: false,
    meaning: "The guest of the port above learns its IPv6 router, the network on the link and the MTU by router advertisements. An empty table is enough.",
    keys: ROUTER_ADVERTISEMENTS,
};

pub(super) const UPLINK: Section = Section {
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
};

pub(super) const ROUTE: Section = Section {
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
};

pub(super) const ROUTE_VIA: Section = Section {
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
};

pub(super) const NETWORK: Section = Section {
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
};

pub(super) const NETWORK_DHCP: Section = Section {
    path: "network.dhcp",
    header: "[network.dhcp]",
    at_start: false,
    meaning: "What the guests of the network above are told by DHCP, each its port's one IPv4 address; their host name is that of their AddPort. An empty table is enough.",
    keys: DHCP,
};

pub(super) const NETWORK_ROUTER_ADVERTISEMENTS: Section = Section {
    path: "network.router_advertisements",
    header: "[network.router_advertisements]",
    at_start: false,
    meaning: "The guests of the network above learn their IPv6 router, the network on the link and the MTU by router advertisements. An empty table is enough.",
    keys: ROUTER_ADVERTISEMENTS,
};
