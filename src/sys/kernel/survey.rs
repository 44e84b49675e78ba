//! What others have set up, and taking it away where that is asked for.

use std::collections::BTreeMap;

use crate::addr::Family;
use crate::host::{ForeignRoute, ForeignRule, KernelError, Survey};
use crate::sys::netlink::{Hop, Link, Request, RouteEntry, RouteKind};

use super::failed::Failed;
use super::linux::{LinuxKernel, no_interface};
use super::observe::host_route;

/// The kernel's table of the host's own addresses (`RT_TABLE_LOCAL`).
const LOCAL: u32 = 255;

impl LinuxKernel {
    /// Everything that is not ours.
    pub(super) fn survey_host(&mut self) -> Result<Survey, Failed> {
        let links = self.netlink.links()?;
        let ownership = self.ownership();
        let foreign: BTreeMap<u32, &Link> =
            links.iter().filter(|link| !ownership.owns_link(link)).map(|link| (link.index, link)).collect();
        let mut survey = Survey::default();
        for entry in self.netlink.addresses()? {
            survey.addresses.extend(foreign.get(&entry.link).map(|link| (link.name, entry.address)));
        }
        for family in [Family::V4, Family::V6] {
            let routes = self.netlink.routes(family)?;
            let theirs = routes.iter().filter(|entry| entry.protocol != self.mark.protocol);
            // The kernel's own are in the table local.
            let kernels = |entry: &&RouteEntry| entry.kind == RouteKind::Local && entry.key.table == LOCAL;
            survey.routes.extend(theirs.filter(|entry| !kernels(entry)).map(|entry| ForeignRoute {
                key: entry.key,
                route: host_route(entry, &foreign),
                protocol: entry.protocol,
            }));
            let rules = self.netlink.foreign_rules(family)?;
            let theirs =
                |rule: &ForeignRule| rule.protocol != self.mark.protocol || !self.mark.owns_priority(rule.priority);
            survey.rules.extend(rules.into_iter().filter(theirs));
        }
        Ok(survey)
    }

    /// Takes somebody's rules and then routes away, exactly these. What has gone meanwhile is no failure.
    pub(super) fn remove_exactly(&mut self, rules: &[ForeignRule], routes: &[ForeignRoute]) -> Result<(), KernelError> {
        for rule in rules {
            let removed = self.netlink.carry_out(vec![Request::delete_foreign_rule(rule)]).remove(0);
            removed.or_else(gone).map_err(|error| Failed::from(error).during(&format_args!("rule delete {rule}")))?;
        }
        for route in routes {
            let request = self.deletion(route);
            let removed = request.and_then(|request| {
                self.netlink.carry_out(vec![request]).remove(0).or_else(gone).map_err(Failed::from)
            });
            removed.map_err(|failed| failed.during(&format_args!("route delete {route}")))?;
        }
        Ok(())
    }

    fn deletion(&mut self, route: &ForeignRoute) -> Result<Request, Failed> {
        let Some(to) = &route.route else {
            return Err(Failed::new(libc::EOPNOTSUPP, "it says more than can be said here".to_owned()));
        };
        let indices = self.indices(to.hops.iter().map(|hop| hop.device))?;
        let hops = to.hops.iter().map(|hop| {
            let link = *indices.get(&hop.device).ok_or_else(|| no_interface(hop.device))?;
            Ok(Hop { link, via: hop.via, weight: hop.weight })
        });
        let hops: Vec<Hop> = hops.collect::<Result<_, Failed>>()?;
        let kind = if hops.is_empty() { RouteKind::Unreachable } else { RouteKind::Unicast };
        let entry =
            RouteEntry { key: route.key, protocol: route.protocol, kind, hops, source: to.source, special: false };
        Ok(Request::delete_route(&entry))
    }
}

fn gone(error: crate::sys::netlink::NetlinkError) -> Result<(), crate::sys::netlink::NetlinkError> {
    if error.is_gone() { Ok(()) } else { Err(error) }
}
