//! Why packets are dropped.

use crate::packet::dhcp::DhcpError;
use crate::packet::nd::NdError;
use crate::packet::{FrameError, ReceiveError};

/// Defines the reasons once: variant, name, meaning and cure stay together.
macro_rules! reasons {
    ($($variant:ident $name:literal $meaning:literal $cure:literal,)+) => {
        /// Why a packet was dropped; every drop has exactly one. Names are those of the kernel's
        /// `SKB_DROP_REASON_*` where it has the same case (include/net/dropreason-core.h), so that
        /// one vocabulary serves for both halves of a packet's way.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DropReason {
            $(#[doc = $meaning] $variant,)+
        }

        impl DropReason {
            /// Every reason, in the order of [`DropReason::index`].
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name that people see, such as `IP_RPFILTER`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means, one sentence without a full stop.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// What to do about it, as [`DropReason::meaning`] is written.
            #[must_use]
            pub fn cure(self) -> &'static str {
                match self { $(Self::$variant => $cure,)+ }
            }
        }
    };
}

reasons! {
    DevHdr "DEV_HDR" "the offload header is cut short or asks for what was never offered"
        "report it: only a hypervisor that writes to the tap, or the kernel, can cause it",
    OffloadMismatch "OFFLOAD_MISMATCH" "the offload header contradicts the frame behind it"
        "switch off the guest's transmit offloads (ethtool -K eth0 tx off tso off), and update its driver",
    PktTooSmall "PKT_TOO_SMALL" "fewer bytes than the headers say"
        "capture on the port and find what the guest sends: a broken driver or a crafted packet",
    VlanTagged "VLAN_TAGGED" "the frame carries a VLAN tag; ports carry untagged frames"
        "take the VLAN off in the guest; a port belongs to one routing instance",
    UnhandledProto "UNHANDLED_PROTO" "the frame carries neither IPv4, IPv6 nor ARP"
        "none if it is LLDP, STP or the like, which end at the port; otherwise let the guest speak IP",
    MacInvalidSource "MAC_INVALID_SOURCE" "the source MAC is zero or a group address"
        "give the guest's interface a unicast MAC",
    MacSpoofed "MAC_SPOOFED" "the source MAC is not the one configured for the guest, or is our own"
        "correct the port's mac, or leave it out to have it learned; otherwise look after the guest",
    Otherhost "OTHERHOST" "the destination MAC is another station's"
        "find the guest's stale neighbour entry (ip neigh): its gateway has another MAC than it believes",
    UnicastInL2Multicast "UNICAST_IN_L2_MULTICAST" "a unicast IP packet in a broadcast or multicast frame"
        "look after the guest: no IP stack sends so",
    ArpInvalid "ARP_INVALID" "the ARP message is cut short or not IPv4 over Ethernet, request or reply"
        "capture on the port and find what the guest sends",
    ArpSpoofed "ARP_SPOOFED" "the ARP sender is not an address of the port, or not the frame's source"
        "add the address to the port's addresses if the guest may have it",
    ArpOtherhost "ARP_OTHERHOST" "the ARP request asks for an address that is not ours to answer for"
        "none in general, the guest looks for a neighbour that is not there; if it is its gateway, add it to the port's gateways",
    IpInhdr "IP_INHDR" "the IP header's version, lengths or options are wrong"
        "capture on the port and find what the guest sends",
    IpCsum "IP_CSUM" "the IPv4 header checksum is wrong"
        "update the guest's driver, or switch off its transmit checksum offload",
    IpSourceRoute "IP_SOURCE_ROUTE" "a source route: LSRR or SSRR option, or routing header type 0"
        "let the sender do without source routes; they are never followed",
    Ipv6BadExthdr "IPV6_BAD_EXTHDR" "an IPv6 extension header is cut short, out of place, or one too many"
        "capture on the port and find what the guest sends",
    IpInvalidSource "IP_INVALID_SOURCE" "the source address is unspecified, multicast, broadcast or reserved"
        "look after the guest's address; packets without one have no way back",
    IpLocalnet "IP_LOCALNET" "a loopback address as source or destination"
        "bind the guest's program to another address than loopback",
    IpInvalidDest "IP_INVALID_DEST" "the destination address is unspecified or reserved"
        "correct the destination in the guest",
    IpLand "IP_LAND" "source and destination are the same address"
        "look after the guest: a packet from an address to itself never leaves a host",
    IpMulticast "IP_MULTICAST" "the destination is multicast or broadcast, which is not routed"
        "none, multicast is not routed; let the guests reach each other by unicast",
    IpLinkLocal "IP_LINK_LOCAL" "a link-local address as source or destination of a packet to be routed"
        "let the guest use an address of the network; link-local ones end at the link",
    IpRpfilter "IP_RPFILTER" "the source address is not one of the port's addresses"
        "add the address to the port's addresses if the guest may have it (vgw port add)",
    IpTtl "IP_TTL" "the TTL or hop limit is used up"
        "look for a routing loop between instance and host (vgw route lookup, ip route get); traceroute causes it by design",
    IpInnoroutes "IP_INNOROUTES" "no route matches the destination"
        "does the instance have a gateway or a route there? vgw route list, vgw route lookup",
    RouteUnreachable "ROUTE_UNREACHABLE" "the route says unreachable"
        "add the port that has this address of the subnet, or change the static route",
    RouteDiscard "ROUTE_DISCARD" "the route says discard"
        "delete the static route that says discard, if that is not meant",
    RoutePort "ROUTE_PORT" "the route leads to a port that is not in this routing instance"
        "add the port to the instance, or change the static route that leads to it",
    RouteHairpin "ROUTE_HAIRPIN" "the route leads back to the port that the packet came from"
        "let the guest send to its neighbour directly, or correct the route that leads back",
    RouteHostLoop "ROUTE_HOST_LOOP" "the route leads back to the host that the packet came from"
        "the host routes into the instance what is not there: narrow the gateway's subnets, or add the port",
    PktTooBig "PKT_TOO_BIG" "larger than the next port's MTU and not to be fragmented"
        "raise the next port's mtu, or let path MTU discovery through: the sender was told",
    FragQueuefull "FRAG_QUEUEFULL" "more segments or fragments than can wait to be sent"
        "let the sender send less at once, or segments that fit the MTU",
    NeighCreatefail "NEIGH_CREATEFAIL" "the port's neighbour table is full"
        "too many stations behind one port: give them ports of their own, or a next hop",
    NeighQueuefull "NEIGH_QUEUEFULL" "too many packets wait for a neighbour's MAC"
        "wait for the neighbour's answer, or configure the port's mac",
    NeighFailed "NEIGH_FAILED" "the neighbour did not answer ARP or neighbour solicitations"
        "is the guest up, does it have the address, does it answer ARP? Otherwise configure the port's mac",
    IpLocalFragment "IP_LOCAL_FRAGMENT" "a fragment for one of our own addresses, which take whole packets only"
        "let the guest send smaller packets to its gateway: ping with a size below the MTU",
    IcmpCsum "ICMP_CSUM" "the checksum of an ICMP message for us is wrong"
        "update the guest's driver, or switch off its transmit checksum offload",
    UdpCsum "UDP_CSUM" "the checksum of a UDP datagram for us is wrong"
        "update the guest's driver, or switch off its transmit checksum offload",
    DhcpInvalid "DHCP_INVALID" "a DHCP message that is cut short, has malformed options or is none that a client sends"
        "use a DHCP client that follows RFC 2131",
    DhcpSpoofed "DHCP_SPOOFED" "the DHCP client's MAC is not the frame's source"
        "let the client use the MAC of the interface that it asks on",
    DhcpRelay "DHCP_RELAY" "a DHCP message that claims to come by a relay"
        "let the guest ask on the port itself; relays are not served",
    DhcpOtherhost "DHCP_OTHERHOST" "a DHCP client's message to an address that is not ours"
        "none, the guest renews with another server; it asks everybody when that fails",
    DhcpServer "DHCP_SERVER" "a guest plays a DHCP server: a DHCP message, or anything at all, to a client's port"
        "switch off the DHCP server in the guest; addresses are the port's to give",
    NoSocket "NO_SOCKET" "TCP or UDP to one of our own addresses, where nothing listens"
        "none, a gateway has no services; it answers ping, ARP and DHCP",
    IpNoproto "IP_NOPROTO" "a protocol that our own addresses do not speak"
        "none, a gateway has no services; it answers ping, ARP and DHCP",
    Ipv6NdiscHopLimit "IPV6_NDISC_HOP_LIMIT" "neighbour discovery with a hop limit other than 255"
        "look after the sender: such a message has crossed a router or is forged",
    Ipv6NdiscFrag "IPV6_NDISC_FRAG" "neighbour discovery in fragments"
        "look after the guest: neighbour discovery is never fragmented (RFC 6980)",
    Ipv6NdiscBadCode "IPV6_NDISC_BAD_CODE" "neighbour discovery with a code other than 0"
        "capture on the port and find what the guest sends",
    Ipv6NdiscBadOptions "IPV6_NDISC_BAD_OPTIONS" "neighbour discovery that is cut short or has malformed options"
        "capture on the port and find what the guest sends",
    Ipv6NdiscSpoofed "IPV6_NDISC_SPOOFED" "the neighbour discovery sender or target is not an address of the port"
        "add the address to the port's addresses if the guest may have it",
    Ipv6NdiscNsOtherhost "IPV6_NDISC_NS_OTHERHOST" "the solicitation asks for an address that is not ours to answer for"
        "none in general, the guest looks for a neighbour that is not there; if it is its gateway, add it to the port's gateways",
    Ipv6NdiscRouter "IPV6_NDISC_ROUTER" "a router solicitation where none are answered, or a router advertisement or redirect of a guest's"
        "switch on the port's router advertisements, or switch them off in the guest that sends its own",
    DevReady "DEV_READY" "the port is down or gone"
        "is the interface up on the host, and still there? vgw status names what is missing",
    FullRing "FULL_RING" "the port's queue is full"
        "does the other side read its queue? Look for a stuck guest, or give vgwd more workers",
    TxRefused "TX_REFUSED" "the kernel refused the frame"
        "look at the interface's errors (ip -s link) and the log with -v",
    QueuePurge "QUEUE_PURGE" "the packet waited for a neighbour of a port that was removed"
        "none, the port was removed while packets waited",
}

impl DropReason {
    /// The reason as an array index: 0 up to the length of [`DropReason::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl From<ReceiveError> for DropReason {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Short | ReceiveError::Offload(_) => Self::DevHdr,
        }
    }
}

impl From<FrameError> for DropReason {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Short => Self::PktTooSmall,
            FrameError::Vlan => Self::VlanTagged,
            FrameError::EtherType(_) => Self::UnhandledProto,
            FrameError::Version | FrameError::HeaderLength | FrameError::Option => Self::IpInhdr,
            FrameError::Checksum => Self::IpCsum,
            FrameError::SourceRoute => Self::IpSourceRoute,
            FrameError::ExtensionHeader => Self::Ipv6BadExthdr,
        }
    }
}

impl From<NdError> for DropReason {
    fn from(error: NdError) -> Self {
        match error {
            NdError::HopLimit => Self::Ipv6NdiscHopLimit,
            NdError::Fragmented => Self::Ipv6NdiscFrag,
            NdError::Code => Self::Ipv6NdiscBadCode,
            NdError::Checksum => Self::IcmpCsum,
            NdError::Malformed => Self::Ipv6NdiscBadOptions,
        }
    }
}

impl From<DhcpError> for DropReason {
    fn from(error: DhcpError) -> Self {
        match error {
            DhcpError::Checksum => Self::UdpCsum,
            DhcpError::Malformed => Self::DhcpInvalid,
            DhcpError::Relayed => Self::DhcpRelay,
            DhcpError::Server => Self::DhcpServer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_indices_are_positions() {
        let names: BTreeSet<_> = DropReason::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), DropReason::ALL.len());
        for (position, reason) in DropReason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), position);
            for text in [reason.meaning(), reason.cure()] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{reason:?}");
            }
        }
    }
}
