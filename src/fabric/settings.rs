//! A device's settings in /proc/sys/net.

use std::collections::BTreeMap;

/// Settings by their path below `net`, with `*` for the device.
pub type Settings = BTreeMap<String, String>;

/// Switches IPv6 off at a device.
pub const IPV6_OFF: &str = "ipv6/conf/*/disable_ipv6";

/// What the tap gets from the card: everything by which an administrator tells the host how to treat
/// what comes in by a device (Documentation/networking/ip-sysctl.rst). Those that a kernel does not
/// have are passed over.
pub const COPIED: &[&str] = &[
    "ipv4/conf/*/accept_local",
    "ipv4/conf/*/accept_redirects",
    "ipv4/conf/*/accept_source_route",
    "ipv4/conf/*/arp_accept",
    "ipv4/conf/*/arp_announce",
    "ipv4/conf/*/arp_filter",
    "ipv4/conf/*/arp_ignore",
    "ipv4/conf/*/arp_notify",
    "ipv4/conf/*/bc_forwarding",
    "ipv4/conf/*/disable_policy",
    "ipv4/conf/*/disable_xfrm",
    "ipv4/conf/*/drop_gratuitous_arp",
    "ipv4/conf/*/drop_unicast_in_l2_multicast",
    "ipv4/conf/*/force_igmp_version",
    "ipv4/conf/*/forwarding",
    "ipv4/conf/*/ignore_routes_with_linkdown",
    "ipv4/conf/*/log_martians",
    "ipv4/conf/*/promote_secondaries",
    "ipv4/conf/*/proxy_arp",
    "ipv4/conf/*/proxy_arp_pvlan",
    "ipv4/conf/*/route_localnet",
    "ipv4/conf/*/rp_filter",
    "ipv4/conf/*/secure_redirects",
    "ipv4/conf/*/send_redirects",
    "ipv4/conf/*/shared_media",
    "ipv4/conf/*/src_valid_mark",
    "ipv6/conf/*/accept_dad",
    "ipv6/conf/*/accept_ra",
    "ipv6/conf/*/accept_ra_defrtr",
    "ipv6/conf/*/accept_ra_from_local",
    "ipv6/conf/*/accept_ra_min_hop_limit",
    "ipv6/conf/*/accept_ra_min_lft",
    "ipv6/conf/*/accept_ra_mtu",
    "ipv6/conf/*/accept_ra_pinfo",
    "ipv6/conf/*/accept_ra_rt_info_max_plen",
    "ipv6/conf/*/accept_ra_rt_info_min_plen",
    "ipv6/conf/*/accept_ra_rtr_pref",
    "ipv6/conf/*/accept_redirects",
    "ipv6/conf/*/accept_source_route",
    "ipv6/conf/*/accept_untracked_na",
    "ipv6/conf/*/autoconf",
    "ipv6/conf/*/dad_transmits",
    "ipv6/conf/*/disable_policy",
    "ipv6/conf/*/drop_unicast_in_l2_multicast",
    "ipv6/conf/*/drop_unsolicited_na",
    "ipv6/conf/*/enhanced_dad",
    "ipv6/conf/*/force_forwarding",
    "ipv6/conf/*/forwarding",
    "ipv6/conf/*/hop_limit",
    "ipv6/conf/*/keep_addr_on_down",
    "ipv6/conf/*/max_addresses",
    "ipv6/conf/*/ndisc_notify",
    "ipv6/conf/*/ndisc_tclass",
    "ipv6/conf/*/optimistic_dad",
    "ipv6/conf/*/proxy_ndp",
    "ipv6/conf/*/ra_defrtr_metric",
    "ipv6/conf/*/suppress_frag_ndisc",
    "ipv6/conf/*/temp_prefered_lft",
    "ipv6/conf/*/temp_valid_lft",
    "ipv6/conf/*/use_oif_addrs_only",
    "ipv6/conf/*/use_optimistic",
    "ipv6/conf/*/use_tempaddr",
    IPV6_OFF,
];
