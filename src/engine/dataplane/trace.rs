//! Packets that are only imagined, in the workers' eyes.

use crossbeam_channel::bounded;

use crate::addr::InterfaceName;
use crate::engine::worker::Message;
use crate::forward::{Entry, Load, Trace};
use crate::gateway::PortWant;

use super::{Dataplane, PATIENCE};

impl Dataplane {
    /// What the last of these packets would come to, if they came in by these ports one after the other.
    /// Told by the first worker: neighbours are known to all of them, its share of ICMP errors is its
    /// own. `None` if the port is not there or the worker does not answer.
    pub(in crate::engine) fn trace(&self, packets: &[(InterfaceName, Load)]) -> Option<Trace> {
        let entry = |(name, load): &(InterfaceName, Load)| Some(Entry { port: self.id_of(name)?, load: load.clone() });
        let entries = packets.iter().map(entry).collect::<Option<Vec<_>>>()?;
        let (reply, answer) = bounded(1);
        self.workers.first()?.link.send(Message::Trace(entries, reply));
        answer.recv_timeout(PATIENCE).ok()?.pop()
    }

    /// True for a port that stands and that the host is behind.
    pub(in crate::engine) fn is_gateway(&self, name: &InterfaceName) -> bool {
        matches!(self.told.get(name), Some(PortWant::Gateway { .. }))
    }
}
