//! Why packets are dropped.

use crate::packet::dhcp::DhcpError;
use crate::packet::nd::NdError;
use crate::packet::{FrameError, ReceiveError};

/// Defines the reasons once: variant, name and meaning stay together.
macro_rules! reasons {
    ($($variant:ident $name:literal $meaning:literal,)+) => {
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
        }
    };
}

reasons! {
    DevHdr "DEV_HDR" "the offload header is cut short or asks for what was never offered",
    OffloadMismatch "OFFLOAD_MISMATCH" "the offload header contradicts the frame behind it",
    PktTooSmall "PKT_TOO_SMALL" "fewer bytes than the headers say",
    VlanTagged "VLAN_TAGGED" "the frame carries a VLAN tag; ports carry untagged frames",
    UnhandledProto "UNHANDLED_PROTO" "the frame carries neither IPv4, IPv6 nor ARP",
    MacInvalidSource "MAC_INVALID_SOURCE" "the source MAC is zero or a group address",
    MacSpoofed "MAC_SPOOFED" "the source MAC is not the one configured for the guest, or is our own",
    Otherhost "OTHERHOST" "the destination MAC is another station's",
    UnicastInL2Multicast "UNICAST_IN_L2_MULTICAST" "a unicast IP packet in a broadcast or multicast frame",
    ArpInvalid "ARP_INVALID" "the ARP message is cut short or not IPv4 over Ethernet, request or reply",
    ArpSpoofed "ARP_SPOOFED" "the ARP sender is not an address of the port, or not the frame's source",
    ArpOtherhost "ARP_OTHERHOST" "the ARP request asks for an address that is not ours to answer for",
    IpInhdr "IP_INHDR" "the IP header's version, lengths or options are wrong",
    IpCsum "IP_CSUM" "the IPv4 header checksum is wrong",
    IpSourceRoute "IP_SOURCE_ROUTE" "a source route: LSRR or SSRR option, or routing header type 0",
    Ipv6BadExthdr "IPV6_BAD_EXTHDR" "an IPv6 extension header is cut short, out of place, or one too many",
    IpInvalidSource "IP_INVALID_SOURCE" "the source address is unspecified, multicast, broadcast or reserved",
    IpLocalnet "IP_LOCALNET" "a loopback address as source or destination",
    IpInvalidDest "IP_INVALID_DEST" "the destination address is unspecified or reserved",
    IpLand "IP_LAND" "source and destination are the same address",
    IpMulticast "IP_MULTICAST" "the destination is multicast or broadcast, which is not routed",
    IpLinkLocal "IP_LINK_LOCAL" "a link-local address as source or destination of a packet to be routed",
    IpRpfilter "IP_RPFILTER" "the source address is not one of the port's addresses",
    IpTtl "IP_TTL" "the TTL or hop limit is used up",
    IpInnoroutes "IP_INNOROUTES" "no route matches the destination",
    RouteUnreachable "ROUTE_UNREACHABLE" "the route says unreachable",
    RouteDiscard "ROUTE_DISCARD" "the route says discard",
    RoutePort "ROUTE_PORT" "the route leads to a port that is not in this routing instance",
    RouteHairpin "ROUTE_HAIRPIN" "the route leads back to the port that the packet came from",
    RouteHostLoop "ROUTE_HOST_LOOP" "the route leads back to the host that the packet came from",
    PktTooBig "PKT_TOO_BIG" "larger than the next port's MTU and not to be fragmented",
    FragQueuefull "FRAG_QUEUEFULL" "more segments or fragments than can wait to be sent",
    NeighCreatefail "NEIGH_CREATEFAIL" "the port's neighbour table is full",
    NeighQueuefull "NEIGH_QUEUEFULL" "too many packets wait for a neighbour's MAC",
    NeighFailed "NEIGH_FAILED" "the neighbour did not answer ARP or neighbour solicitations",
    IpLocalFragment "IP_LOCAL_FRAGMENT" "a fragment for one of our own addresses, which take whole packets only",
    IcmpCsum "ICMP_CSUM" "the checksum of an ICMP message for us is wrong",
    UdpCsum "UDP_CSUM" "the checksum of a UDP datagram for us is wrong",
    DhcpInvalid "DHCP_INVALID" "a DHCP message that is cut short, has malformed options or is none that a client sends",
    DhcpSpoofed "DHCP_SPOOFED" "the DHCP client's MAC is not the frame's source",
    DhcpRelay "DHCP_RELAY" "a DHCP message that claims to come by a relay",
    DhcpOtherhost "DHCP_OTHERHOST" "a DHCP client's message to an address that is not ours",
    DhcpServer "DHCP_SERVER" "a guest plays a DHCP server: a DHCP message, or anything at all, to a client's port",
    NoSocket "NO_SOCKET" "TCP or UDP to one of our own addresses, where nothing listens",
    IpNoproto "IP_NOPROTO" "a protocol that our own addresses do not speak",
    Ipv6NdiscHopLimit "IPV6_NDISC_HOP_LIMIT" "neighbour discovery with a hop limit other than 255",
    Ipv6NdiscFrag "IPV6_NDISC_FRAG" "neighbour discovery in fragments",
    Ipv6NdiscBadCode "IPV6_NDISC_BAD_CODE" "neighbour discovery with a code other than 0",
    Ipv6NdiscBadOptions "IPV6_NDISC_BAD_OPTIONS" "neighbour discovery that is cut short or has malformed options",
    Ipv6NdiscSpoofed "IPV6_NDISC_SPOOFED" "the neighbour discovery sender or target is not an address of the port",
    Ipv6NdiscNsOtherhost "IPV6_NDISC_NS_OTHERHOST" "the solicitation asks for an address that is not ours to answer for",
    Ipv6NdiscRouter "IPV6_NDISC_ROUTER" "a router solicitation where none are answered, or a router advertisement or redirect of a guest's",
    DevReady "DEV_READY" "the port is down or gone",
    FullRing "FULL_RING" "the port's queue is full",
    TxRefused "TX_REFUSED" "the kernel refused the frame",
    QueuePurge "QUEUE_PURGE" "the packet waited for a neighbour of a port that was removed",
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
            assert!(!reason.meaning().ends_with('.'), "{reason:?}");
        }
    }
}
