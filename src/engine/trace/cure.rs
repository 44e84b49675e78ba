//! What can be done about a packet that does not arrive.

use crate::addr::{Family, InterfaceName, shell_word};
use crate::forward::DropReason;
use crate::host::Stop;

/// What helps against a drop of the forwarder's; nothing where the packet itself is at fault.
pub(super) fn of_drop(reason: DropReason) -> Option<&'static str> {
    Some(match reason {
        DropReason::IpRpfilter => {
            "add the source to the port's addresses ('vgw port add' with another --address), or have the guest send \
             from one of them"
        }
        DropReason::MacSpoofed => "the port's --mac must be the guest's MAC; without one it is learned",
        DropReason::Otherhost => {
            "the guest sends to a MAC that is not the gateway's: let it ask again ('ip neigh flush' in the guest)"
        }
        DropReason::IpInnoroutes => {
            "add a gateway to the instance ('vgw gateway add'), or a route ('vgw route add'); 'vgw route list' shows \
             those that stand"
        }
        DropReason::RouteUnreachable => {
            "no port has this address: 'vgw port list'; if a static route says unreachable ('vgw route list'), \
             'vgw route delete' removes it"
        }
        DropReason::RouteDiscard => "'vgw route list' shows the route, and 'vgw route delete' removes it",
        DropReason::RouteHairpin | DropReason::RouteHostLoop => {
            "the route leads back where the packet came from: correct it, or who sends it here"
        }
        DropReason::RoutePort => "the route's port is missing: 'vgw port list' and 'vgw status' tell why",
        DropReason::IpTtl => "the sender's TTL is too small for the way, or the packet goes in a circle",
        DropReason::PktTooBig => {
            "send smaller packets, or such as may be fragmented; the sender is told the MTU by ICMP"
        }
        DropReason::NoSocket | DropReason::IpNoproto => "nothing listens on the gateway's own addresses",
        DropReason::NeighCreatefail | DropReason::NeighQueuefull => {
            "too many neighbours are being asked for at once: does somebody scan the network?"
        }
        DropReason::DevReady => "the port is down or gone: 'vgw status' tells why",
        _ => return None,
    })
}

/// What helps where the host does not send a packet on that came in by `device`.
pub(super) fn of_stop(stop: &Stop, device: InterfaceName, family: Family, table: Option<&str>) -> Option<String> {
    let device = shell_word(device.as_str());
    Some(match stop {
        Stop::ForwardingOff => match family {
            Family::V4 => format!(
                "sysctl -w net.ipv4.conf.{device}.forwarding=1; for taps and uplinks of ours vgwd does it: see 'vgw \
                 host diff'"
            ),
            Family::V6 => format!(
                "sysctl -w net.ipv6.conf.{device}.force_forwarding=1, or net.ipv6.conf.all.forwarding=1 before kernel \
                 6.17; for taps and uplinks of ours vgwd does it: see 'vgw host diff'"
            ),
        },
        Stop::ReversePath => format!(
            "route the source's network back by {device}, or sysctl -w net.ipv4.conf.{device}.rp_filter=2 (0 in \
             net.ipv4.conf.all.rp_filter too); a source that is the host's own is never taken"
        ),
        Stop::NoRoute => "give the host a route there ('ip route add'), or the gateway an uplink ('vgw gateway add' \
                          with --uplink)"
            .to_owned(),
        Stop::Unreachable | Stop::Prohibit | Stop::Blackhole => match table {
            Some(table) => format!("see 'ip route show table {table}'; an uplink without a lease leads nowhere"),
            None => "see 'ip rule' and 'ip route'".to_owned(),
        },
        Stop::Refused(_) => return None,
    })
}
