//! What the file sets for the daemon as a whole.

use super::{Section, may, must};

pub(super) const AUDIT: Section = Section {
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
};

pub(super) const API: Section = Section {
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
};

pub(super) const REST: Section = Section {
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
};

pub(super) const METRICS: Section = Section {
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
};

pub(super) const FABRIC: Section = Section {
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
};

pub(super) const LIMITS: Section = Section {
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
};

pub(super) const HOST: Section = Section {
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
};

pub(super) const DATAPLANE: Section = Section {
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
};

pub(super) const COMPAT: Section = Section {
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
};
