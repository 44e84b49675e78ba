/**
 * The API that OpenContrail's virtual-gateway clients speak, compatible on the wire.
 *
 * Transport: TCP, by default 127.0.0.1:9090, every message in a frame (4 bytes of length, big
 * endian, then the message), TBinaryProtocol. Message headers without the version word are
 * accepted. There is neither encryption nor authentication: whoever reaches the port may call.
 *
 * Calls on one connection are served one after the other, and the replies come in that order, so
 * calls may be sent ahead of replies. State belongs to the daemon and not to a connection:
 * closing a connection changes nothing.
 *
 * Limits: a message has at most 1 MiB, a list at most 4,096 elements, a string at most 64 KiB. A
 * message that cannot be decoded is answered by an exception where its header can be read, else
 * by closing the connection. An unknown method is answered by UNKNOWN_METHOD.
 *
 * Every method answers a bool. For the methods of gateways and ports `true` means that the request has been
 * carried out: the taps exist, the routes are in the kernel and in the forwarding tables. `false`
 * means that at least one element was refused, and the daemon's log has a line for each that names
 * its index, the field and the reason.
 *
 * The methods marked "not served" answer an application exception (INTERNAL_ERROR); the connection
 * lives on.
 */

namespace java net.juniper.contrail.contrail_vrouter_api

/** A UUID: its 16 bytes, first byte first. Only the low 8 bits of each element count. */
typedef list<i16> tuuid

/** What Port.port_type says. */
enum PortTypes {
  NovaVMPort = 0,
  NameSpacePort = 1
}

/** A guest's interface, as a compute service describes it. */
struct Port {
  /** The port's identity. */
  1: required tuuid port_id,
  2: required tuuid instance_id,
  /** The interface on this host that the hypervisor makes for the guest. */
  3: required string tap_name,
  /** The guest's IPv4 address; empty or 0.0.0.0 is none. */
  4: required string ip_address,
  /** The network, which configuration maps to a routing instance. */
  5: required tuuid vn_id,
  /** The guest's MAC; learned if empty. */
  6: required string mac_address,
  7: optional string display_name,
  8: optional string hostname,
  9: optional string host,
  10: optional tuuid vm_project_id,
  /** Not served unless it is none: 0 or -1. */
  11: optional i16 vlan_id,
  /** One of PortTypes; absent is NovaVMPort. */
  12: optional i16 port_type,
  /** The guest's IPv6 address; empty or `::` is none. */
  13: optional string ip6_address,
  /** As vlan_id. */
  14: optional i16 isolated_vlan_id
}

typedef list<Port> PortList

/** A network. Bits of the address behind the length are cleared, with a warning in the log. */
struct Subnet {
  /** An IPv4 address, or an IPv6 address, which OpenContrail does not accept. */
  1: required string prefix,
  /** Network bits: 1 to 32 (IPv6: 128) for a subnet; a route may also have 0. */
  2: required i16 plen
}

typedef list<Subnet> SubnetList

/** A virtual gateway as it shall be. */
struct VirtualGatewayRequest {
  /**
   * The gateway's tap and its identity: 1 to 15 printable ASCII characters, as the kernel takes
   * interface names.
   */
  1: required string interface_name,
  /** The routing instance that it serves, `domain:project:network:instance`. */
  2: required string routing_instance,
  /** The network's own subnets, at least one. The host gets a route to each by the tap. */
  3: required SubnetList subnets,
  /**
   * What the routing instance reaches through the gateway. Absent or empty is the default route of
   * each address family in `subnets`; anything else replaces the default.
   */
  4: optional SubnetList routes
}

typedef list<VirtualGatewayRequest> VirtualGatewayRequestList

service InstanceService {
  /**
   * Adds guests' ports on interfaces that exist, or changes or confirms those that stand. Each element is
   * judged by itself, as with AddVirtualGateway.
   *
   * A port whose interface is not there yet is accepted, and attached when the interface appears; until
   * then the status has a problem that names it.
   *
   * Refused are: a port_id, instance_id or vn_id that has not 16 elements; a vn_id that is not mapped to a
   * routing instance; an address or MAC that is none, no address at all; a VLAN; a tap_name that is
   * unusable, a port's that another call or the configuration file has made, or a gateway's.
   *
   * A port named by an element counts as confirmed for the audit of ports, even if that element is
   * refused.
   */
  bool AddPort(1: required PortList port_list),

  /** A sign of life: always true. */
  bool KeepAliveCheck(),

  /**
   * A compute service has (re)connected and will now send every port that it has. Starts an audit of
   * ports: when its time is over, each port of AddPort that was not added or confirmed since is deleted,
   * but no NameSpacePort. Always true.
   */
  bool Connect(),

  /** Deletes a port of AddPort. One that is not known is true: it is gone. */
  bool DeletePort(1: required tuuid port_id),

  /**
   * Adds gateways, or changes those that exist into what the request says.
   *
   * Each element is judged by itself: one that is refused is left out and makes the answer false,
   * the others are applied. What already stands as asked for is not touched. An element that the
   * kernel refuses leaves no trace. An empty list is true.
   *
   * Refused are: an empty or unusable interface name or routing instance, no subnet, an address
   * that is none, a length out of range; another routing instance for a gateway that exists (delete
   * it first); a gateway that is defined in the configuration file; a subnet that another
   * instance's gateway announces, or that the host has a foreign route to; an interface name that
   * is taken.
   *
   * A gateway named by an element counts as confirmed for the audit, even if that element is
   * refused.
   */
  bool AddVirtualGateway(1: required VirtualGatewayRequestList vgw_list),

  /**
   * Deletes gateways by interface name. A name that is not known is true: it is gone. False if a
   * name is empty, if the gateway is defined in the configuration file, or if the kernel refuses;
   * the others are deleted all the same.
   */
  bool DeleteVirtualGateway(1: required list<string> vgw_list),

  /**
   * A controller has (re)connected and will now send every gateway it wants. Starts an audit: when
   * its time is over, each gateway that no call has added or confirmed since is deleted. Every call
   * starts an audit of its own. Gateways of the configuration file are exempt. Always true.
   */
  bool ConnectForVirtualGateway(),

  /**
   * Sets the time, in milliseconds, of audits that later calls of ConnectForVirtualGateway start;
   * 60,000 unless set. Running audits keep theirs. 0 ends an audit at once; a negative value
   * switches audits off. Always true.
   */
  bool AuditTimerForVirtualGateway(1: required i32 timeout),

  /** Not served: there are no tunnels to other nodes. */
  bool TunnelNHEntryAdd(1: required string src_ip, 2: required string dst_ip, 3: string vrf_name),

  /** Always true: none can stand. */
  bool TunnelNHEntryDelete(1: required string src_ip, 2: required string dst_ip, 3: string vrf_name),

  /** Not served: there are no tunnels to other nodes. */
  bool RouteEntryAdd(
    1: required string ip_address,
    2: required string gw_ip,
    3: string vrf_name,
    4: string label),

  /** Always true: none of this service can stand. Routes of the own API are not its. */
  bool RouteEntryDelete(1: required string ip_address, 2: required string vrf_name),

  /** Not served: the host's own routing leads to its addresses. */
  bool AddHostRoute(1: required string ip_address, 2: string vrf_name),

  /** Not served: a port's addresses are those of its AddPort. */
  bool AddLocalVmRoute(
    1: required string ip_address,
    2: required string intf_uuid,
    3: string vrf_name,
    4: string label),

  /** Not served: there are no tunnels to other nodes. */
  bool AddRemoteVmRoute(
    1: required string ip_address,
    2: required string gw_ip,
    3: string vrf_name,
    4: string label),

  /** True if a routing instance can have this name: it comes to be with what is first in it. */
  bool CreateVrf(1: required string vrf_name)
}
