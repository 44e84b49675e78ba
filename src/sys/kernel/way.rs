//! What becomes of one packet, asked of the kernel for that very packet.

use std::io;

use crate::addr::Family;
use crate::host::{Fate, Flow, Matched, ReversePath, Stop, Switches, Way, WayRule};
use crate::sys::netlink::{Aspect, Link, NetlinkError, RouteEntry, RouteKind};
use crate::sys::sysctl::reverse_path_filter;

use super::failed::Failed;
use super::linux::LinuxKernel;

impl LinuxKernel {
    /// The kernel's own answer, and what led to it as far as it shows: it names neither the rule nor,
    /// where it refuses, the table.
    pub(super) fn way_of(&mut self, flow: &Flow) -> Result<Option<Way>, Failed> {
        let Some(link) = self.netlink.link(flow.input)? else { return Ok(None) };
        let switches = self.switches_of(&link, flow)?;
        let choice = self.netlink.way(link.index, flow, Aspect::Choice);
        let rules = self.netlink.way_rules(Family::of(flow.destination))?;
        let (matched, fate) = match choice {
            Ok(Some(chosen)) => {
                let matched = self.netlink.way(link.index, flow, Aspect::Match).ok().flatten();
                (matched.map(|route| Matched { table: route.key.table, prefix: route.key.prefix }), self.fate(&chosen)?)
            }
            Ok(None) => (None, Fate::Stopped(Stop::Refused("the kernel says nothing of it".to_owned()))),
            Err(error) => return self.stopped(&error, flow, switches, &rules).map(Some),
        };
        let rule = matched.and_then(|matched| {
            WayRule::leading(&rules, flow, |table| (table == matched.table).then_some(())).map(|(rule, ())| rule)
        });
        // The kernel looks for an IPv6 packet's route before it asks whether it forwards at all.
        let is_kept = Family::of(flow.source) == Family::V6 && !switches.forwards && matches!(fate, Fate::Out { .. });
        let fate = if is_kept { Fate::Stopped(Stop::ForwardingOff) } else { fate };
        Ok(Some(Way { switches, rule, matched, fate }))
    }

    fn switches_of(&self, link: &Link, flow: &Flow) -> Result<Switches, Failed> {
        let unread = |error: io::Error| Failed::file("cannot read the device's switches", &error);
        Ok(match Family::of(flow.source) {
            Family::V4 => {
                let filter = reverse_path_filter(&flow.input).map_err(unread)?;
                let reverse_path = match filter {
                    0 => ReversePath::Off,
                    1 => ReversePath::Strict,
                    _ => ReversePath::Loose,
                };
                Switches { forwards: link.forwarding_v4, reverse_path: Some(reverse_path) }
            }
            Family::V6 => {
                let has_own = self.switches.has_force_forwarding();
                let forced = has_own && self.switches.forced(&flow.input).map_err(unread)?;
                Switches { forwards: forced || self.switches.forwards().map_err(unread)?, reverse_path: None }
            }
        })
    }

    fn fate(&mut self, chosen: &RouteEntry) -> Result<Fate, Failed> {
        Ok(match (chosen.kind, chosen.hops.first()) {
            (RouteKind::Unicast, Some(hop)) => match self.netlink.link_at(hop.link)? {
                Some(link) => Fate::Out { device: link.name, via: hop.via, mtu: link.mtu },
                None => Fate::Stopped(Stop::Refused(format!("it leaves by link {}, which has gone", hop.link))),
            },
            (RouteKind::Local, _) => Fate::Local,
            (RouteKind::Unreachable, _) => Fate::Stopped(Stop::Unreachable),
            (RouteKind::Unicast | RouteKind::Stop, _) => Fate::Stopped(Stop::Refused("its route leads nowhere".into())),
        })
    }

    /// Why the kernel refuses a packet: its error number, what the switches say, and what stands in the
    /// tables that the packet's rules look up.
    fn stopped(
        &mut self,
        error: &NetlinkError,
        flow: &Flow,
        switches: Switches,
        rules: &[WayRule],
    ) -> Result<Way, Failed> {
        let mut failure = None;
        let found = WayRule::leading(rules, flow, |table| {
            let routes = self.netlink.routes_in(Family::of(flow.destination), table);
            let routes = routes.map_err(|error| failure = Some(error)).unwrap_or_default();
            let matching = routes.into_iter().filter(|route| route.key.prefix.contains(flow.destination));
            // The narrowest, and of those the one with the smallest metric.
            matching.max_by_key(|route| (route.key.prefix.length(), std::cmp::Reverse(route.key.metric)))
        });
        if let Some(error) = failure {
            return Err(error.into());
        }
        let (rule, route) = found.unzip();
        let kind = route.as_ref().map(|route| route.kind);
        let is_v4 = Family::of(flow.source) == Family::V4;
        let stop = match (error.errno, kind) {
            (libc::EHOSTUNREACH, _) if is_v4 && !switches.forwards => Stop::ForwardingOff,
            (libc::EHOSTUNREACH, Some(RouteKind::Unreachable)) => Stop::Unreachable,
            (libc::ENETUNREACH | libc::EHOSTUNREACH, None) => Stop::NoRoute,
            (libc::EACCES, Some(RouteKind::Stop)) => Stop::Prohibit,
            (libc::EINVAL, Some(RouteKind::Stop)) => Stop::Blackhole,
            (libc::EINVAL | libc::EXDEV, Some(RouteKind::Unicast | RouteKind::Local)) if is_v4 => Stop::ReversePath,
            _ => Stop::Refused(error.to_string()),
        };
        let matched = route.map(|route| Matched { table: route.key.table, prefix: route.key.prefix });
        Ok(Way { switches, rule, matched, fate: Fate::Stopped(stop) })
    }
}
