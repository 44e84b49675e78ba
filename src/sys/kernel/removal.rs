//! Taps removed, or given back as they were found.

use std::collections::BTreeSet;
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use crate::addr::{InterfaceName, Mac};
use crate::host::{Operation, Outcome, Setting, SettingKind};
use crate::sys::netlink::{Link, LinkChange, Netlink, NetlinkError, Request};
use crate::sys::tap::{Tap, TapError};

use super::failed::Failed;
use super::held::Held;
use super::links::without_ipv6;
use super::linux::LinuxKernel;

/// Links that are deleted one by one, each waited for in a thread of its own; more are deleted by
/// their group, for which all links are looked through.
const FEW: usize = 4;

/// Pause between two looks whether a link is gone; its going takes milliseconds.
const PAUSE: Duration = Duration::from_micros(100);

impl LinuxKernel {
    /// Removes taps. Those that we made go all at once; adopted ones are given back.
    pub(super) fn delete_links(&mut self, operation: &Operation) -> Result<Outcome, Failed> {
        let Operation::DeleteLinks(names) = operation else { return Ok(Outcome::Done) };
        let (there, everything) = self.find(names)?;
        let outcome = if there.len() == names.len() { Outcome::Done } else { Outcome::AlreadySo };
        let ours = there.into_iter().filter(|link| self.is_held(link));
        let (lasting, passing): (Vec<_>, Vec<_>) = ours.partition(|link| self.is_adopted(&link.name));
        self.delete_all(&passing, &everything)?;
        passing.iter().for_each(|link| self.forget(link.name));
        for link in &lasting {
            // Its queues must be closed before it can be given back.
            self.held.remove(&link.name);
            if let Err(failed) = self.give_back(link) {
                self.take_again(link);
                return Err(failed);
            }
        }
        for name in names {
            self.forget(*name);
            for kind in [SettingKind::ForwardV4, SettingKind::ForwardV6] {
                self.originals.settings.remove(&Setting { interface: *name, kind });
            }
        }
        self.let_go_of_v6()?;
        Ok(outcome)
    }

    /// The links of these names, and all links if there are many of these.
    fn find(&mut self, names: &[InterfaceName]) -> Result<(Vec<Link>, Vec<Link>), Failed> {
        if names.len() <= FEW {
            let named = self.netlink.links_named(names).into_iter().filter_map(Result::transpose);
            return Ok((named.collect::<Result<_, _>>()?, Vec::new()));
        }
        let wanted: BTreeSet<&InterfaceName> = names.iter().collect();
        let everything = self.netlink.links()?;
        Ok((everything.iter().filter(|link| wanted.contains(&link.name)).cloned().collect(), everything))
    }

    /// Deletes taps that are known to be ours: guests' taps, which are not in our group.
    pub(in crate::sys) fn delete_taps(&mut self, names: &[InterfaceName]) -> Result<(), String> {
        let deleted = self.find(names).and_then(|(there, everything)| self.delete_all(&there, &everything));
        deleted.map_err(|failed| failed.reason)
    }

    /// Opens an adopted tap again that could not be given back.
    fn take_again(&mut self, link: &Link) {
        let multi_queue = link.tap.is_some_and(|facts| facts.multi_queue);
        match Tap::adopt(link.name, self.queues, multi_queue) {
            Ok(queues) => {
                drop(self.held.insert(link.name, Held::new(link.index, true, false, queues)));
            }
            Err(error) => tracing::error!(interface = %link.name, %error, "the adopted tap cannot be opened again"),
        }
    }

    /// Deletes links: a few one by one, many in one request, by a group that only they are in. `there`
    /// are all links, if there are many to delete.
    pub(super) fn delete_all(&mut self, links: &[Link], there: &[Link]) -> Result<(), Failed> {
        let doomed: BTreeSet<u32> = links.iter().map(|link| link.index).collect();
        if doomed.len() > FEW {
            let (ours, next) = (self.mark.group, self.mark.group.saturating_add(1));
            let members = |group| {
                let members = there.iter().filter(|link| link.group == group);
                members.map(|link| link.index).collect::<BTreeSet<u32>>()
            };
            if members(ours) == doomed {
                return self.reap(&[Request::delete_link_group(ours)], &witness(&doomed));
            }
            if members(next).is_subset(&doomed) {
                let change = LinkChange { group: Some(next), ..LinkChange::default() };
                let requests = doomed.iter().map(|index| Request::change_link(*index, &change));
                for outcome in self.netlink.carry_out(requests.collect()) {
                    unless_gone(outcome)?;
                }
                return self.reap(&[Request::delete_link_group(next)], &witness(&doomed));
            }
            tracing::warn!(
                group = next,
                "foreign interfaces are in our second device group: ours are deleted one by one"
            );
        }
        let requests: Vec<Request> = doomed.iter().map(|index| Request::delete_link(*index)).collect();
        requests
            .chunks(FEW)
            .zip(doomed.iter().copied().collect::<Vec<_>>().chunks(FEW))
            .try_for_each(|(requests, doomed)| self.reap(requests, &doomed.iter().copied().collect()))
    }

    /// Deletes links, and waits until they are gone for everybody. The kernel acknowledges that some
    /// 15 ms later, when nobody in it can have them in hand any more: a thread of its own waits for
    /// each acknowledgement. (It holds its lock for links only until they are gone, so that asking
    /// for one waits just so long.)
    fn reap(&mut self, requests: &[Request], doomed: &BTreeSet<u32>) -> Result<(), Failed> {
        let (sender, outcomes) = bounded(requests.len());
        for request in requests {
            let (mut netlink, own) = (Netlink::open()?, request.clone());
            let outcome = sender.clone();
            // Nobody asks any more once the link is gone.
            let wait = move || _ = outcome.send(unless_gone(netlink.one_done(own)));
            if Builder::new().name("link-reaper".into()).spawn(wait).is_err() {
                // Without another thread it takes longer.
                let _ = sender.send(unless_gone(self.netlink.one_done(request.clone())));
            }
        }
        drop(sender);
        for index in doomed {
            while self.netlink.has_link(*index)? {
                match outcomes.recv_timeout(PAUSE) {
                    Ok(outcome) => outcome?,
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) if !self.netlink.has_link(*index)? => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Failed::new(libc::EBUSY, "acknowledged, but still there".to_owned()));
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts an adopted tap, whose queues are closed, back to what it was; our mark goes last. It is
    /// down meanwhile, so that the routes go that the kernel made while the tap had a carrier.
    pub(super) fn give_back(&mut self, link: &Link) -> Result<(), Failed> {
        let name = link.name;
        let found = self.originals.links.get(&name).filter(|found| found.index == link.index).cloned();
        // Without a record, the state in which `ip tuntap add` leaves a tap.
        let found = found.unwrap_or_else(|| {
            let plain = Link { up: false, group: 0, ..link.clone() };
            super::links::found(&plain, link.tap.unwrap_or_default())
        });
        let change = LinkChange {
            mac: Some(Mac(found.mac)),
            mtu: Some(found.mtu),
            queue_length: Some(found.queue_length),
            up: Some(false),
            ..LinkChange::default()
        };
        self.change(link.index, &change)?;
        if let Some(mode) = found.address_generation {
            self.generate_addresses(link.index, mode)?;
        }
        match Tap::give_back(name, found.multi_queue, found.offload_header, found.packet_info) {
            Ok(()) => {}
            // Whoever has it open by now has said what header it is to have.
            Err(error @ (TapError::InUse(_) | TapError::Foreign(_))) => {
                tracing::warn!(interface = %name, %error, "the adopted tap keeps our offload header");
            }
            Err(error) => return Err(error.into()),
        }
        let last = LinkChange { up: Some(found.up), group: Some(found.group), ..LinkChange::default() };
        self.change(link.index, &last)?;
        self.originals.links.remove(&name);
        self.strike_originals();
        Ok(())
    }

    fn generate_addresses(&mut self, index: u32, mode: u8) -> Result<(), Failed> {
        let change = LinkChange { address_generation: Some(mode), ..LinkChange::default() };
        let request = (0, Request::change_link(index, &change));
        self.ask(1, vec![request], without_ipv6).pop().unwrap_or(Ok(Outcome::Done)).map(drop)
    }
}

/// Of links that go in one request, one: when it is gone, all are.
fn witness(links: &BTreeSet<u32>) -> BTreeSet<u32> {
    links.first().copied().into_iter().collect()
}

fn unless_gone(result: Result<(), NetlinkError>) -> Result<(), NetlinkError> {
    result.or_else(|error| if error.is_gone() { Ok(()) } else { Err(error) })
}
