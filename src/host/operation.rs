//! Single changes of the kernel, in the order in which `diff` gives them.

use crate::addr::{InterfaceAddress, InterfaceName};

use super::state::{HostLink, HostRoute, Masquerade, RouteKey, Rule, Setting};

/// One change. `Display` prints it as the `ip` or `nft` command that would do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Make a tap, or adopt an ownerless persistent one of that name; it stays down.
    AddLink(InterfaceName, HostLink),
    /// Change a tap's MAC, MTU or up state.
    SetLink(InterfaceName, HostLink),
    /// Remove taps, all at once; adopted ones are given back as they were found.
    DeleteLinks(Vec<InterfaceName>),
    /// Put an address on one of our taps.
    AddAddress(InterfaceName, InterfaceAddress),
    /// Take it off.
    DeleteAddress(InterfaceName, InterfaceAddress),
    /// Add a route; fails if anybody's route has the same key.
    AddRoute(RouteKey, HostRoute),
    /// Replace one of our routes atomically.
    ReplaceRoute(RouteKey, HostRoute),
    /// Delete one of our routes; the old value makes the match exact.
    DeleteRoute(RouteKey, HostRoute),
    /// Add a source rule.
    AddRule(Rule),
    /// Delete one of our source rules.
    DeleteRule(Rule),
    /// Switch a setting on, remembering what it was.
    Enable(Setting),
    /// Put a setting back to what it was before [`Operation::Enable`].
    Restore(Setting),
    /// Let a network's packets leave under another address. What stands in its way, because it
    /// overlaps or has another address for the same device, goes in the same moment.
    AddMasquerade(Masquerade),
    /// End that.
    DeleteMasquerade(Masquerade),
    /// Remove our table of nftables, which somebody has changed, with all that is in it.
    ClearMasquerades,
}
