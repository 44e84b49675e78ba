/**
 * The daemon's own API: everything that the command line does.
 *
 * Transport: a Unix stream socket, by default /run/vgw/vgwd.sock, framed and binary as
 * instance_service.thrift describes, with the same limits for requests. Who may call is decided by
 * the socket's owner and mode; the caller's user and process are logged with each change.
 *
 * A method that changes something answers when the change is in the kernel and in the forwarding
 * tables, or throws, and then nothing has changed.
 *
 * Text: an address is `192.168.1.253` or `2001:db8::1`; a prefix is `192.168.1.0/24`, or an address
 * alone for its host prefix; an interface address is `20.0.0.5/24` with its host bits kept; a MAC is
 * `00:00:5e:00:01:00`. Times are in milliseconds.
 */

/** The kind of an error, for programs. */
enum ErrorKind {
  /** The request makes no sense by itself. */
  INVALID = 1,
  /** It does not fit beside what stands. */
  CONFLICT = 2,
  /** The object is defined in the configuration file and changes only there. */
  STATIC = 3,
  /** There is no such object. */
  NOT_FOUND = 4,
  /** The kernel refused a step; everything is as before. */
  KERNEL = 5,
  /** The caller, or the daemon before the kernel, lacks a right. */
  NOT_PERMITTED = 6,
  /** The daemon is stopping. */
  STOPPING = 7
}

/** Why a request was not carried out. */
exception RequestError {
  1: required ErrorKind kind,
  /** The field of the request that is at fault, as it is spelled here; empty if it is none. */
  2: required string field,
  /** A sentence for people, without a full stop. */
  3: required string reason
}

/** What an accepted request did. */
enum Outcome {
  /** It is new. */
  ADDED = 1,
  /** It existed and was changed into what the request says. */
  CHANGED = 2,
  /** It existed exactly so. */
  UNCHANGED = 3,
  /** It is gone. */
  DELETED = 4,
  /** There was nothing to delete. */
  ABSENT = 5
}

/** A virtual gateway as it shall be. */
struct Gateway {
  /** Its tap and its identity. */
  1: required string interface_name,
  /** The routing instance that it serves. */
  2: required string routing_instance,
  /** The network's subnets, at least one; the host gets a route to each by the tap. */
  3: required list<string> subnets,
  /** What the instance reaches through it; empty is the default route of each family in `subnets`. */
  4: optional list<string> routes,
  /** The uplink that the network's traffic leaves by; without one the host's main table decides. */
  5: optional string uplink,
  /** Packets of the subnets leave the host under the uplink's address, or that of the device they leave by. */
  6: optional bool masquerade,
  /** Its share of the flows beside other gateways with the same subnet or route, 1 to 256; absent is 1. */
  7: optional i32 weight
}

/** A tap's place in a guest's network namespace. */
struct Guest {
  /** A name under /run/netns, or the path of a namespace file. */
  1: required string netns,
  /** The interface's name in there. */
  2: required string name,
  /** Interface addresses that it gets in there. */
  3: optional list<string> addresses
}

/**
 * DHCP for the guest of a port, or for those of a network: a guest gets its port's one IPv4 address of
 * length 32, the port's first IPv4 gateway as router, and the port's MTU.
 */
struct Dhcp {
  /**
   * The length of the guest's network, 1 to 32; absent is that of the instance's narrowest subnet that
   * has the address, or else 32.
   */
  1: optional i32 prefix_length,
  /** Name servers in order, IPv4, at most 8. */
  2: optional list<string> dns,
  /** The guest's own name; not for a network. */
  3: optional string host_name,
  /** The domain that names are looked up in. */
  4: optional string domain,
  /** How long the address is lent, seconds: 60 to 4294967295, which is for ever; absent is 3600. */
  5: optional i64 lease_time
}

/**
 * Router advertisements for the guest of a port: a default router, the port's MTU, and the instance's
 * narrowest subnet that has the port's first IPv6 address as the network on the link. The guest forms
 * addresses of its own only if the port has all of that subnet, and it is a /64.
 */
struct RouterAdvertisements {
  /** Name servers in order, IPv6, at most 8. */
  1: optional list<string> dns
}

/** A guest's port as it shall be. */
struct Port {
  /** The interface on the host's side and the port's identity. */
  1: required string name,
  /** The routing instance that it belongs to. */
  2: required string routing_instance,
  /** Prefixes behind the port, at least one: routes of the instance, and the only allowed sources. */
  3: required list<string> addresses,
  /** The guest's MAC; learned if absent. */
  4: optional string mac,
  /** The addresses by which the guest knows its gateway. */
  5: optional list<string> gateways,
  /** Largest IP packet, bytes; absent is 1500 for a tap, the interface's own if attached. */
  6: optional i32 mtu,
  /** True to serve an interface that exists already; else the daemon makes a tap. */
  7: optional bool attach,
  /** Where to put the tap; not with `attach`. */
  8: optional Guest guest,
  /** Its share of the flows beside other ports with the same address, 1 to 256; absent is 1. */
  9: optional i32 weight,
  /** The guest is served by DHCP; absent leaves its requests unanswered. */
  10: optional Dhcp dhcp,
  /** The guest is sent router advertisements; absent sends none. */
  11: optional RouterAdvertisements router_advertisements
}

/** An uplink as it shall be: a device of the host with its router and a routing table of its own. */
struct Uplink {
  /** Its name and identity: 1 to 32 of letters, digits, `-`, `_` and `.`. */
  1: required string name,
  /** The host's device. */
  2: required string device,
  /** The host's interface address on it; with `via`, and not with `lease`. */
  3: optional string address,
  /** The router. */
  4: optional string via,
  /** The routing table; absent takes a free one. */
  5: optional i64 table,
  /** `ipv4` or `ipv6`: a DHCP client leases address and router. */
  6: optional string lease
}

/** What a compute service's network is here: where a port of InstanceService.AddPort belongs. */
struct Network {
  /** Its UUID, `9f2c1d34-0a1b-4c5d-8e6f-0123456789ab`: a port's vn_id. */
  1: required string id,
  /** The routing instance that its ports belong to. */
  2: required string routing_instance,
  /** The addresses by which its guests know their gateway. */
  3: optional list<string> gateways,
  /** Guests are served by DHCP, those whose port has exactly one IPv4 address; absent leaves them unanswered. */
  4: optional Dhcp dhcp,
  /** Guests are sent router advertisements, those whose port has an IPv6 address; absent sends none. */
  5: optional RouterAdvertisements router_advertisements
}

/** What happens to a packet that a route matches. */
enum NextHopKind {
  /** Out by one of `hops`, chosen by the flow. */
  FORWARD = 1,
  /** To the gateway itself; not for requests. */
  LOCAL = 2,
  /** Dropped in silence. */
  DISCARD = 3,
  /** Dropped; the sender is told that the host is unreachable. */
  UNREACHABLE = 4,
  /** No route matched: dropped; the sender is told that the network is unreachable. Only in answers. */
  NO_ROUTE = 5
}

/** One way out. */
struct Hop {
  /** A port or a gateway's tap. */
  1: required string port,
  /** The neighbour that takes the packet on; absent if the destination itself is on the link. */
  2: optional string gateway,
  /** Its share of the flows beside the other hops, 1 to 256; absent is 1. */
  3: optional i32 weight
}

/** Where a route leads. */
struct NextHop {
  1: required NextHopKind kind,
  /** At least one for FORWARD, else none. */
  2: optional list<Hop> hops
}

/** A static route as it shall be. */
struct Route {
  1: required string routing_instance,
  2: required string prefix,
  3: required NextHop next_hop
}

/** Static routes that lead the same way. */
struct RouteGroup {
  1: required NextHop next_hop,
  2: required list<string> prefixes
}

/** Changes of an instance's static routes, carried out at once and all or none. */
struct RouteChanges {
  1: required string routing_instance,
  /** Deleted, before anything is added; a route that is not there is no error. */
  2: required list<string> delete_prefixes,
  /** Added, or made to lead there. */
  3: required list<RouteGroup> add
}

/** How many routes of a request came to what. */
struct RouteOutcomes {
  1: required i64 added,
  2: required i64 changed,
  3: required i64 unchanged,
  4: required i64 deleted,
  5: required i64 absent
}

/**
 * What went through a port, since it came to be. Always:
 * received = sent + answered + held + the sum of dropped.
 */
struct Counters {
  /** Packets that came in by the port; a packet that the kernel will segment is one. */
  1: required i64 received,
  /** Bytes of those frames. */
  2: required i64 received_bytes,
  /** Of the received: went out by some port. */
  3: required i64 sent,
  /** Of the received: were for the gateway itself, and answered or taken in. */
  4: required i64 answered,
  /** Of the received: wait for a neighbour's MAC right now. */
  5: required i64 held,
  /** Of the received: dropped, by reason; only reasons that occurred. */
  6: required map<string, i64> dropped,
  /** Frames that went out by this port, wherever they came in. */
  7: required i64 transmitted,
  /** Bytes of those frames. */
  8: required i64 transmitted_bytes
}

/** Packets and their bytes. */
struct Traffic {
  1: required i64 packets,
  2: required i64 bytes
}

/** Traffic during a time, of all interfaces or of one. A super-packet is one; what is dropped was received before. */
struct Rates {
  /** The time up to now. */
  1: required i64 over_ms,
  /** Packets received. */
  2: required i64 packets,
  3: required i64 bytes,
  4: required i64 drops,
  /** Packets sent. */
  5: optional i64 transmitted,
  6: optional i64 transmitted_bytes
}

/** How far one means holds the daemon's threads to what they need. */
struct Confinement {
  /** `landlock`, `seccomp` or `capabilities`. */
  1: required string means,
  /** `all`, `part` or `none` of what the daemon asks for is in force. */
  2: required string extent,
  /** Why not all. */
  3: optional string reason
}

/** A gateway as it stands. */
struct GatewayState {
  1: required string interface_name,
  2: required string routing_instance,
  3: required list<string> subnets,
  /** The implied default route included. */
  4: required list<string> routes,
  5: optional string uplink,
  /** Defined in the configuration file: exempt from audit and API. */
  6: required bool is_static,
  /** The connect version in which it was last confirmed; 0 if static. */
  7: required i64 version,
  /** Time until a running audit deletes it, unless it is added again. */
  8: optional i64 deleted_in_ms,
  /** Traffic of its tap: received is what the host sent. */
  9: required Counters counters,
  10: optional bool masquerade,
  11: optional i32 weight,
  /**
   * What has left under another address, of all gateways that share a subnet; absent if nothing is
   * masqueraded, or the host cannot say.
   */
  12: optional Traffic masqueraded,
  /** Its traffic since anybody last asked, a second ago or more. */
  13: optional Rates rates
}

/** What a guest is told by DHCP. */
struct DhcpState {
  /** Its address with the length of its network. */
  1: required string address,
  2: required string router,
  3: required list<string> dns,
  4: optional string host_name,
  5: optional string domain,
  /** Seconds. */
  6: required i64 lease_time
}

/** What a guest is told by router advertisements. */
struct RouterAdvertisementState {
  /** The network on the link; absent if the instance has no such subnet. */
  1: optional string network,
  /** True if the guest may form addresses in it. */
  2: required bool autonomous,
  3: required list<string> dns
}

/** A guest's port as it stands. */
struct PortState {
  1: required string name,
  2: required string routing_instance,
  3: required bool attached,
  /** Where the tap was placed: namespace and name; the addresses are not repeated here. */
  4: optional Guest guest,
  5: required list<string> addresses,
  6: required list<string> gateways,
  /** The guest's MAC, configured or learned. */
  7: optional string mac,
  8: required i64 mtu,
  9: required bool is_static,
  /** Received is what the guest sent. */
  10: required Counters counters,
  11: optional i32 weight,
  /** The UUID by which the compute service that added it knows it; absent for any other port. */
  12: optional string compute_id,
  /** The compute service's network. */
  13: optional string network,
  /** Time until a running audit of ports deletes it, unless it is added again. */
  14: optional i64 deleted_in_ms,
  /** What the guest is told by DHCP. */
  15: optional DhcpState dhcp,
  /** What the guest is told by router advertisements. */
  16: optional RouterAdvertisementState router_advertisements,
  /** Its traffic since anybody last asked, a second ago or more. */
  17: optional Rates rates
}

/** A network as it stands. */
struct NetworkState {
  1: required string id,
  2: required string routing_instance,
  3: required list<string> gateways,
  4: required bool is_static,
  /** What its guests are told by DHCP. */
  5: optional Dhcp dhcp,
  /** What its guests are told by router advertisements. */
  6: optional RouterAdvertisements router_advertisements
}

/** An uplink as it stands. */
struct UplinkState {
  1: required string name,
  2: required string device,
  /** Absent without a lease, and then the uplink leads nowhere. */
  3: optional string address,
  4: optional string via,
  5: required i64 table,
  /** The gateways that use it. */
  6: required list<string> gateways,
  7: required bool is_static,
  /** `ipv4` or `ipv6`, if a DHCP client leases address and router. */
  8: optional string lease
}

/** A routing instance. */
struct InstanceState {
  1: required string name,
  /** Number of routes, IPv4 and IPv6. */
  2: required i64 routes_v4,
  3: required i64 routes_v6,
  4: required list<string> gateways,
  5: required list<string> ports
}

/** A route as it stands. */
struct RouteState {
  1: required string prefix,
  2: required NextHop next_hop,
  /** What put it there: `gateway`, `port`, `subnet`, `static` or `local`. */
  3: required string origin
}

/** Where an address goes. */
struct Lookup {
  /** The route that matched; absent if none did. */
  1: optional string matched,
  2: required NextHop next_hop
}

/** A running audit. */
struct RunningAudit {
  1: required i64 remaining_ms,
  /** The gateways that it would delete if it ended now. */
  2: required list<string> gateways
}

/** The audit. */
struct AuditState {
  /** How often a controller has connected. */
  1: required i64 version,
  /** The time of the next audit; absent if audits are switched off. */
  2: optional i64 timeout_ms,
  /** Soonest first. */
  3: required list<RunningAudit> running
}

/** What was put right of one kind, on one occasion. */
struct RepairCount {
  /** `link`, `address`, `route`, `rule` or `setting`. */
  1: required string kind,
  /** What led to it: a `notice` of the kernel's, the periodic `check`, or a `request` for something else. */
  2: required string occasion,
  3: required i64 count
}

/** What others have undone and was put right since the daemon has started. */
struct Repairs {
  1: required list<RepairCount> counts,
  /** Time since the last one; absent if there was none. */
  2: optional i64 last_ms
}

/** Something that is wrong and needs somebody's eye. */
struct Problem {
  /** Its kind, which stays the same from version to version: `VGW-PORT-LOST`; docs/operations.md has them all. */
  1: required string id,
  /** What is wrong. */
  2: required string sentence,
  /** The command that cures it, or leads to who can; words in capitals are to be filled in. */
  3: required string cure
}

/** Everything at a glance, taken at one moment. */
struct Status {
  /** The daemon's version. */
  1: required string version,
  2: required i64 uptime_ms,
  3: required i32 workers,
  4: required list<GatewayState> gateways,
  5: required list<PortState> ports,
  6: required list<UplinkState> uplinks,
  7: required list<InstanceState> instances,
  8: required AuditState audit,
  /** What is wrong and needs somebody's eye, one sentence each. */
  9: required list<string> problems,
  /** Absent from daemons that do not tell. */
  10: optional Repairs repairs,
  /** Time until the configuration on trial is taken back; absent if none is. */
  11: optional i64 trial_ends_in_ms,
  /** The problems once more, in the same order, for programs. */
  12: optional list<Problem> problem_details,
  /** The traffic since it was last asked for, a second ago or more. */
  13: optional Rates rates,
  /** The sandbox that the daemon runs in, each means once. */
  14: optional list<Confinement> sandbox
}

/** Something that has happened. */
struct Event {
  /** From 1 on, one by one, since the daemon has started. */
  1: required i64 sequence,
  /** When, by the host's clock: microseconds since 1970-01-01 00:00 UTC. */
  2: required i64 time_us,
  /**
   * What it happened to: `gateway`, `port`, `uplink`, `route`, `network`, `limits`, `lease`, `audit`,
   * `configuration`, `fabric`, `host` (something of ours in the kernel), `problem` or `daemon`.
   */
  3: required string object,
  /** Its name; empty if it has none. */
  4: required string name,
  /**
   * What happened: `added`, `changed`, `deleted`, `started`, `ended`, `set`, `repaired`, `disputed`,
   * `applied`, `confirmed`, `rolled back`, `taken`, `given back`, `lost`, `back`, `began` or `over`.
   */
  5: required string deed,
  /**
   * Who asked for it, `uid 0 pid 4711` or `thrift 192.0.2.1:4711`, or what led to it: `configuration`,
   * `audit`, `repair (notice)` and the like with its occasion, `trial`, `kernel` or `daemon`.
   */
  6: required string cause,
  7: optional string routing_instance,
  /** More of it, for people. */
  8: optional string detail
}

/** What has happened after some event. */
struct Events {
  /** Oldest first. */
  1: required list<Event> events,
  /** The number of the last event that has happened; 0 if nothing has. */
  2: required i64 newest,
  /** How many of those asked for are no longer kept. */
  3: required i64 lost
}

/** A static route by its identity. */
struct RouteName {
  1: required string routing_instance,
  2: required string prefix
}

/** A change of one thing, as the method of that name would make it. */
union Change {
  1: Gateway add_gateway,
  2: string delete_gateway,
  3: Port add_port,
  4: string delete_port,
  5: Uplink add_uplink,
  6: string delete_uplink,
  7: Route add_route,
  8: RouteName delete_route,
  9: Network add_network,
  10: string delete_network
}

/** A change of the kernel that is to be made. */
struct HostStep {
  /** The command that would do it: of `ip` without that word, or one that begins with `sysctl`. */
  1: required string command,
  /** For whom: `gateway vgw1`, `port tap0`, `uplink display`. */
  2: required list<string> owners
}

/** What a change would come to. */
struct Rehearsal {
  1: required Outcome outcome,
  /** What would be done, in order. */
  2: required list<HostStep> steps
}

/** How an object stands in the kernel. */
enum ObjectState {
  IN_PLACE = 1,
  /** It should be there, and is not. */
  MISSING = 2,
  /** It is there, but not as it should be. */
  DIFFERS = 3,
  /** It bears the daemon's mark, and nothing calls for it. */
  LEFT_OVER = 4
}

/** Something of the daemon's in the kernel, or that should be there. */
struct HostObject {
  /** What it is, as `ip` lists it. */
  1: required string object,
  /** Why it is there. */
  2: required string purpose,
  /** For whom, as in HostStep. */
  3: required list<string> owners,
  4: required ObjectState state
}

/** An uplink that somebody else has set up. */
struct ForeignUplink {
  /** How: `vdsm (table by address)`, `vdsm (table by device name)` or `rt_tables`. */
  1: required string layout,
  /** The uplink that does the same; its own table is chosen when it is taken over. */
  2: required Uplink uplink,
  /** The table that it has, or had. */
  3: required i64 foreign_table,
  /** What was done, or would be; nothing if it cannot be taken over. */
  4: required list<HostStep> steps,
  /** Why it was not, or cannot be taken over; absent if it was or can. */
  5: optional string hindrance
}

/** A part of a configuration: a file's text. */
struct ConfigurationFile {
  /** Its path, for errors; the daemon does not read it. */
  1: required string path,
  2: required string text
}

/** A key of an element that two configurations have differently. */
struct FieldDifference {
  /** As the configuration file spells it. */
  1: required string key,
  /** Absent if it is not given, or means nothing. */
  2: optional string before,
  3: optional string after
}

/** An element that only one of two configurations has, or that they have differently. */
struct Difference {
  /**
   * `gateway`, `port`, `uplink`, `route`, `network` or `limits`; `start` for keys that are read at start only
   * and take effect at the next start of the daemon.
   */
  1: required string kind,
  /** Its name; empty for `limits` and `start`. */
  2: required string name,
  /** ADDED, CHANGED or DELETED. */
  3: required Outcome deed,
  4: required list<FieldDifference> fields
}

/** What another configuration would come to. */
struct Comparison {
  1: required list<Difference> differences,
  /** What would be done, in order. */
  2: required list<HostStep> steps
}

/** How a take-over of one of the host's devices stands. */
enum FabricPhase {
  /** None is taken. */
  ABSENT = 1,
  /** One is taken, and given back unless that is confirmed in time. */
  UNCONFIRMED = 2,
  /** One is taken for good. */
  HELD = 3,
  /** One could not be given back whole; that is tried again. */
  GIVING_BACK = 4
}

/** The host's device that is taken in front of the host, if one is. */
struct FabricState {
  1: required FabricPhase phase,
  2: optional string device,
  /** The host's tap in its place. */
  3: optional string interface_name,
  4: optional string mac,
  /** Milliseconds until it is given back unless it is confirmed. */
  5: optional i64 left_ms,
  /** What was moved, as `ip` shows it. */
  6: required list<string> addresses,
  7: required list<string> routes,
  8: required list<string> neighbours
}

/** A device of the host's to be taken in front of the host. */
struct FabricRequest {
  1: required string device,
  /** The host's new tap that gets the device's addresses and routes; `vhost0` if absent. */
  2: optional string interface_name,
  /** It is given back after this time unless it is confirmed; taken for good if absent. */
  3: optional i64 confirm_ms
}

/** What was done to a device of the host, or would be. */
struct FabricDeed {
  /** In order. */
  1: required list<string> steps,
  /** What names the device and does not follow, a sentence each. */
  2: required list<string> warnings,
  3: required FabricState fabric
}

/** An IP packet that nobody has sent. */
struct TracePacket {
  1: required string source,
  2: required string destination,
  /** The transport protocol's number; absent is ICMP, an echo request. 6 is a TCP segment with SYN. */
  3: optional i32 protocol,
  /** Ports of TCP and UDP, 0 to 65535; absent are 32768 and 80 (TCP) or 33434 (UDP). */
  4: optional i32 source_port,
  5: optional i32 destination_port,
  /** TTL or hop limit, 0 to 255; absent is 64. */
  6: optional i32 hop_limit,
  /** Bytes of the IP packet; absent is as few as it takes. */
  7: optional i32 length,
  /** IPv4: routers may fragment it; absent is false. */
  8: optional bool may_fragment
}

/** What is to be traced: a packet or a frame, and where it comes in. */
struct TraceRequest {
  /** A port, or a gateway's interface, that it comes in by from who is behind it. */
  1: optional string port,
  /** Instead: a device of the host that the packet comes in by from outside. */
  2: optional string device,
  3: optional TracePacket packet,
  /** Instead: an Ethernet frame, as the port would receive it. */
  4: optional binary frame,
  /** The answer to it is traced too, from where it arrives. */
  5: optional bool both_ways
}

/** One step of a packet. */
struct TraceStep {
  /** The kind of place: `guest`, `instance`, `tap`, `host` or `uplink`. */
  1: required string place,
  /** The place's name: a port, a routing instance, a device. */
  2: required string at,
  /** What happens: `received`, `packet`, `service`, `source`, `own`, `route`, `next_hop`, `hop_limit`, `size`,
      `neighbour`, `leaves`; in the host `input`, `rule`, `route`, `hop_limit`, `size`, `masquerade`. */
  3: required string kind,
  /** The same for people, one line. */
  4: required string text,
  /** What is known of it, by name. More may come. */
  5: required map<string, string> facts,
  /** True for the step that decided what became of the packet. */
  6: required bool decides
}

/** What becomes of a packet. */
enum TraceEnd {
  /** It leaves, to a guest or to the outside. */
  FORWARDED = 1,
  /** The gateway itself answers it or takes it in. */
  ANSWERED = 2,
  /** It is for the host itself. */
  DELIVERED = 3,
  /** It waits for a neighbour to answer, and is dropped if none does. */
  HELD = 4,
  DROPPED = 5
}

/** How a packet's way ends. */
struct TraceVerdict {
  1: required TraceEnd outcome,
  /** The port or device that it leaves by, or where it was stopped. */
  2: required string at,
  /** The reason's name if it does not arrive, as in Counters.dropped; in the host also `FORWARDING_OFF`,
      `ROUTE_PROHIBIT` and `KERNEL_REFUSED`. */
  3: optional string reason,
  /** What that means, a sentence without a full stop. */
  4: required string meaning,
  /** What can be done about it. */
  5: optional string cure
}

/** The way of one packet. */
struct TraceWay {
  /** The packet in words. */
  1: required string packet,
  2: required list<TraceStep> steps,
  3: required TraceVerdict verdict
}

/** Which dropped packets are asked for: those that meet every condition that is there. */
struct DropQuery {
  /** Came in by this port or gateway's tap. */
  1: optional string port,
  /** Came in by a port of this routing instance. */
  2: optional string routing_instance,
  /** Were dropped for this reason, such as `IP_RPFILTER`. */
  3: optional string reason
}

/** How many packets a port has dropped for a reason. */
struct DropCount {
  /** The port that they came in by. */
  1: required string port,
  /** Its routing instance. */
  2: required string routing_instance,
  3: required string reason,
  /** What the reason means, without a full stop. */
  4: required string meaning,
  5: required i64 packets
}

/** A packet that was dropped. */
struct DroppedPacket {
  /** When, nanoseconds since 1970-01-01 00:00 UTC. */
  1: required i64 time_ns,
  /** The port that it came in by. */
  2: required string port,
  /** The port's routing instance; absent if the port is gone. */
  3: optional string routing_instance,
  4: required string reason,
  /** Bytes of the frame. */
  5: required i64 length,
  /** The frame's first bytes, as it came in or waited; of an answer that could not be sent, the answer's. */
  6: required binary head
}

/** The last packets that were dropped, as far as the workers remember them. */
struct LastDrops {
  /** Oldest first. */
  1: required list<DroppedPacket> packets,
  /** Dropped packets, of whatever kind, that were forgotten since the last question. */
  2: required i64 missed,
  /** Where each worker stands, for the next question. */
  3: required list<i64> positions
}

/** Which packets are to be captured, and how much of each. At most one of the first three. */
struct CaptureRequest {
  /** At this port or gateway's tap only. */
  1: optional string port,
  /** At this gateway's tap only. */
  2: optional string gateway,
  /** At the ports of this routing instance only, those that come later included. */
  3: optional string routing_instance,
  /** Only packets that are dropped. */
  4: required bool drops_only,
  /** Only packets that it matches; docs/capture.md has the language. Empty matches everything. */
  5: required string filter,
  /** Bytes of each packet that are kept, 1 to 262144; absent keeps all. */
  6: optional i32 snap_length
}

/** A port that packets are captured at. */
struct CapturePort {
  1: required string name,
  2: required string routing_instance
}

/** What is seen of a packet at a port. */
enum Sight {
  /** It came in. With a reason, it was dropped. */
  RECEIVED = 1,
  /** It went out, as edited. */
  SENT = 2,
  /** It came in earlier, has waited, and is dropped now. */
  DROPPED = 3
}

/** A packet as it was seen at a port. */
struct CapturedPacket {
  /** When, nanoseconds since 1970-01-01 00:00 UTC. */
  1: required i64 time_ns,
  2: required string port,
  3: required Sight sight,
  /** Why it was dropped. */
  4: optional string reason,
  /** What the reason means, without a full stop. */
  5: optional string meaning,
  /** Bytes of the frame. */
  6: required i64 length,
  /** Those that were kept. */
  7: required binary data
}

/** What a capture has come to since the last question. */
struct CapturedPackets {
  /** By time, as far as they are here. */
  1: required list<CapturedPacket> packets,
  /** Packets that were not kept since the capture began: there were too many, or the client is too slow. */
  2: required i64 lost
}

service VirtualGateway {
  /** Adds a gateway, or changes the one of that interface. */
  Outcome add_gateway(1: required Gateway gateway) throws (1: RequestError error),
  /** Deletes a gateway; ABSENT if there is none. */
  Outcome delete_gateway(1: required string interface_name) throws (1: RequestError error),
  /** The gateways, by interface name. */
  list<GatewayState> list_gateways() throws (1: RequestError error),

  /** Adds a port, or changes the one of that name. */
  Outcome add_port(1: required Port port) throws (1: RequestError error),
  /** Deletes a port. */
  Outcome delete_port(1: required string name) throws (1: RequestError error),
  /** The ports, by name. */
  list<PortState> list_ports() throws (1: RequestError error),

  /** Adds an uplink, or changes the one of that name. */
  Outcome add_uplink(1: required Uplink uplink) throws (1: RequestError error),
  /** Deletes an uplink that no gateway uses. */
  Outcome delete_uplink(1: required string name) throws (1: RequestError error),
  /**
   * Takes over uplinks that other programs have set up, those of `devices` or, if that is empty, all:
   * adds the uplink, then deletes the rules and routes that did the same. With `dry_run` only tells
   * what would be done.
   */
  list<ForeignUplink> import_uplinks(1: required list<string> devices, 2: required bool dry_run)
    throws (1: RequestError error),
  /**
   * A DHCP client's hook has written or removed the file `leases/DEVICE.FAMILY` beside the socket, as
   * docs/uplinks.md describes it: the daemon looks at all leases, and tells what has become of this
   * one (ADDED, CHANGED, UNCHANGED, DELETED or ABSENT). If the kernel refuses what follows from it, the
   * lease is known all the same, and its uplink leads nowhere until that can be done.
   */
  Outcome read_lease(1: required string device, 2: required string family) throws (1: RequestError error),
  /** The uplinks, by name. */
  list<UplinkState> list_uplinks() throws (1: RequestError error),

  /** The routing instances, by name. They come and go with their gateways and ports. */
  list<InstanceState> list_instances() throws (1: RequestError error),

  /** Adds a static route, or changes where it leads. */
  Outcome add_route(1: required Route route) throws (1: RequestError error),
  /** Deletes a static route. */
  Outcome delete_route(1: required string routing_instance, 2: required string prefix)
    throws (1: RequestError error),
  /**
   * Changes many static routes of an instance. A request holds at most 1 MiB and 65536 prefixes in a list; what is
   * more takes several.
   */
  RouteOutcomes change_routes(1: required RouteChanges changes) throws (1: RequestError error),
  /** The routes of an instance, by prefix, all in one answer; list_routes_after gives them in parts. */
  list<RouteState> list_routes(1: required string routing_instance) throws (1: RequestError error),
  /**
   * The routes of an instance whose prefix comes after this one, by prefix: IPv4 before IPv6, then by
   * address and length; an empty prefix begins. At most `max` (1 to 65536); fewer are the last. What changes
   * between two calls may be in the one, the other or neither.
   */
  list<RouteState> list_routes_after(1: required string routing_instance, 2: required string prefix, 3: required i32 max)
    throws (1: RequestError error),
  /** Where an address goes. */
  Lookup lookup_route(1: required string routing_instance, 2: required string address)
    throws (1: RequestError error),

  /**
   * Says which routing instance a compute service's network is, by which addresses its guests know
   * their gateway, and what they are told; ports that stand get this at once. A network with ports stays in its instance.
   */
  Outcome add_network(1: required Network network) throws (1: RequestError error),
  /** Forgets a network that has no ports. */
  Outcome delete_network(1: required string id) throws (1: RequestError error),
  /** The networks, by UUID. */
  list<NetworkState> list_networks() throws (1: RequestError error),

  /** Tries a change out: tells what would be answered and done, and does nothing. */
  Rehearsal rehearse(1: required Change change) throws (1: RequestError error),
  /** Everything in the kernel that is the daemon's or should be, after a fresh look. */
  list<HostObject> list_host_objects() throws (1: RequestError error),
  /** What is to be done so that the kernel is as it should be, after a fresh look. */
  list<HostStep> diff_host() throws (1: RequestError error),

  /** What another configuration would change beside the one that stands; nothing is done. */
  Comparison compare_configuration(1: required list<ConfigurationFile> files) throws (1: RequestError error),
  /**
   * Applies another configuration, all or nothing, until the daemon reads its own again or is started
   * anew. With a `confirm_ms` other than 0, what stood before comes back after that time unless
   * confirm_configuration is called. Tells what has changed, and what will at the next start only.
   */
  list<Difference> apply_configuration(1: required list<ConfigurationFile> files, 2: required i64 confirm_ms)
    throws (1: RequestError error),
  /** Keeps the configuration on trial; NOT_FOUND if there is none. */
  void confirm_configuration() throws (1: RequestError error),
  /** Takes the configuration on trial back; NOT_FOUND if there is none. */
  void roll_back_configuration() throws (1: RequestError error),
  /**
   * What would become of a packet, and why: the forwarder's own code is run on it, in a copy of what it
   * can meet, and the kernel is asked for the host's part. Nothing is sent, counted or learned. The
   * host's firewall is not asked. The second way is that of the answer.
   */
  list<TraceWay> trace(1: required TraceRequest request) throws (1: RequestError error),
  /** How many packets were dropped, by port and reason; most first, only what occurred. */
  list<DropCount> list_drops(1: required DropQuery query) throws (1: RequestError error),
  /**
   * The last packets that were dropped since the call that answered with these `positions`; all that are
   * remembered if there are none.
   */
  LastDrops last_drops(1: required DropQuery query, 2: required list<i64> positions) throws (1: RequestError error),

  /**
   * Begins to capture packets. The answer names the ports that are there; others may come. A connection
   * has one capture, which ends with the connection, or when another begins.
   */
  list<CapturePort> start_capture(1: required CaptureRequest request) throws (1: RequestError error),
  /**
   * The packets that this connection's capture has seen. Answers when there are some, and after
   * `wait_ms` milliseconds (at most 500) even if there are none.
   */
  CapturedPackets next_packets(1: required i32 wait_ms) throws (1: RequestError error),

  /**
   * What has happened after the event of the number `after`, at most `max` events (1 to 500); a negative
   * `after` asks for the last -`after`. If there is nothing yet, the answer waits for something, at most
   * `wait_ms` (up to 60000). A number that has not been reached is an earlier daemon's: then everything
   * that is kept is told.
   */
  Events events(1: required i64 after, 2: required i32 max, 3: required i32 wait_ms)
    throws (1: RequestError error),

  /** Everything at a glance. */
  Status status() throws (1: RequestError error),

  /** Does what a controller's ConnectForVirtualGateway does: raises the version, starts an audit. */
  void connect() throws (1: RequestError error),
  /** Sets the time of later audits: 0 ends them at once, a negative value switches them off. */
  void set_audit_timeout(1: required i32 timeout_ms) throws (1: RequestError error),
  /** The audit as it stands. */
  AuditState audit() throws (1: RequestError error),

  /** Takes a device in front of the host. With `dry_run` only tells what would be done. */
  FabricDeed take_fabric(1: required FabricRequest request, 2: required bool dry_run)
    throws (1: RequestError error),
  /** Makes it last that a device is taken. */
  FabricState confirm_fabric() throws (1: RequestError error),
  /** Gives the device that is taken back to the host. With `dry_run` only tells what would be done. */
  FabricDeed give_back_fabric(1: required bool dry_run) throws (1: RequestError error),
  /** The device that is taken, if one is. */
  FabricState fabric() throws (1: RequestError error)
}
