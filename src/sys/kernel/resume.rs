//! Taps that a daemon before us has left: taken up with what waits in them, or removed.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use crate::addr::InterfaceName;
use crate::sys::kept::KeptName;
use crate::sys::netlink::{Link, LinkChange, Request, TapFacts};
use crate::sys::tap::Tap;

use super::failed::Failed;
use super::held::Held;
use super::linux::LinuxKernel;

/// The queues that were kept for us, by the present name of their tap; and the name they are kept under.
type Queues = BTreeMap<InterfaceName, (KeptName, Vec<Tap>)>;

impl LinuxKernel {
    /// Takes up every tap in our group that is ours or nobody's. What cannot be taken up as it is made now is
    /// removed if it bears our alias, or given back if it is written down what it was before us; what is neither
    /// is somebody else's. Afterwards a tap is ours if we hold it.
    pub(super) fn take_up(&mut self, kept: BTreeMap<KeptName, Vec<OwnedFd>>) -> Result<(), Failed> {
        let mut queues = self.queues_of(kept);
        let links = self.netlink.links()?;
        let (mut doomed, mut adopted) = (Vec::new(), Vec::new());
        let group = self.mark.group;
        for link in links.iter().filter(|link| link.group == group) {
            let Some(facts) = link.tap else { continue };
            let kept = queues.remove(&link.name);
            let name = kept.as_ref().map(|(name, _)| *name);
            let reopened = self.reopen(link, facts, kept.map(|(_, taps)| taps));
            if !reopened.as_ref().is_ok_and(|reopened| reopened.is_full) {
                name.into_iter().for_each(|name| self.store.forget(&name));
            }
            match reopened {
                Ok(Reopened { held, is_full }) => {
                    tracing::debug!(interface = %link.name, is_full, "taken up from the vgwd before");
                    self.waiting |= is_full;
                    if !is_full && !held.adopted {
                        self.let_stay(link.name, &held.queues);
                    }
                    self.held.insert(link.name, held);
                }
                Err(reason) if link.ours || self.is_known(link) => {
                    tracing::warn!(interface = %link.name, "left by a vgwd before and not taken up: {reason}");
                    if link.ours { doomed.push(link.clone()) } else { adopted.push(link) }
                }
                Err(reason) => tracing::warn!(
                    interface = %link.name,
                    group,
                    "a tap in our device group that is not ours is left as it is: {reason}"
                ),
            }
        }
        for (interface, (name, _)) in queues {
            tracing::warn!(%interface, "kept for us, but no tap of ours any more: it is let go");
            self.store.forget(&name);
        }
        self.delete_all(&doomed, &links)?;
        for link in adopted {
            if let Err(failed) = self.give_back(link) {
                tracing::error!(interface = %link.name, "not given back: {}", failed.reason);
            }
        }
        let length = LinkChange { queue_length: Some(self.queue_length), ..LinkChange::default() };
        let differing = links.iter().filter(|link| self.is_held(link) && link.queue_length != self.queue_length);
        let requests: Vec<_> = differing.map(|link| Request::change_link(link.index, &length)).collect();
        self.netlink.carry_out(requests).into_iter().try_for_each(|outcome| outcome.map_err(Failed::from))
    }

    /// The kept queues that are of use, of taps in this network namespace.
    fn queues_of(&mut self, kept: BTreeMap<KeptName, Vec<OwnedFd>>) -> Queues {
        let mut queues = Queues::new();
        for (name, descriptors) in kept {
            let taps: Vec<Tap> = descriptors.into_iter().map(Tap::kept).collect();
            match Tap::resume(&taps, self.queues) {
                Ok(interface) if taps[0].is_here() => drop(queues.insert(interface, (name, taps))),
                Ok(interface) => {
                    tracing::warn!(%interface, "a kept tap is in another network namespace: it is let go");
                    self.store.forget(&name);
                }
                Err(error) => {
                    tracing::warn!(kept = %name, "a kept descriptor is of no use: {error}");
                    self.store.forget(&name);
                }
            }
        }
        queues
    }

    /// Opens a tap again, by its kept queues or, if nobody has one, by new ones.
    fn reopen(&self, link: &Link, facts: TapFacts, kept: Option<Vec<Tap>>) -> Result<Reopened, String> {
        // Without our alias it was there before us, even if nothing is written down of it.
        let adopted = self.is_known(link) || !link.ours;
        let of = |queues| Held::new(link.index, adopted, link.up, queues);
        if let Some(mut queues) = kept.filter(|_| !adopted) {
            Tap::renew(&mut queues, link.name).map_err(|error| error.to_string())?;
            return Ok(Reopened { held: of(queues), is_full: true });
        }
        if !facts.persistent || facts.queues > 0 {
            return Err("somebody holds its queues".to_owned());
        }
        if adopted && facts.owned {
            return Err("it has an owner".to_owned());
        }
        if !adopted && facts.multi_queue != (self.queues > 1) {
            return Err("it has another kind of queues".to_owned());
        }
        let queues = Tap::adopt(link.name, self.queues, facts.multi_queue).map_err(|error| error.to_string())?;
        Ok(Reopened { held: of(queues), is_full: false })
    }
}

/// A tap that we hold again.
struct Reopened {
    held: Held,
    /// Packets may wait in its queues.
    is_full: bool,
}
