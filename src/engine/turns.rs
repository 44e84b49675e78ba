//! Who asks next.

use std::collections::VecDeque;

use super::command::{Caller, Command};
use super::party::Party;

/// Commands that wait. Each party has its turn, so that who asks for much, or again and again, keeps another waiting
/// for one command at a time; of a party, who came first.
#[derive(Default)]
pub(super) struct Turns {
    /// The parties in the order of their turns. None is without commands.
    parties: VecDeque<(Party, VecDeque<(Caller, Command)>)>,
}

impl Turns {
    /// True if nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }

    /// The next command. Its party is the last one then.
    pub(super) fn next(&mut self) -> Option<(Caller, Command)> {
        let (party, mut commands) = self.parties.pop_front()?;
        let next = commands.pop_front();
        if !commands.is_empty() {
            self.parties.push_back((party, commands));
        }
        next
    }
}

impl Extend<(Caller, Command)> for Turns {
    fn extend<I: IntoIterator<Item = (Caller, Command)>>(&mut self, commands: I) {
        for (caller, command) in commands {
            let party = Party::of(&caller);
            match self.parties.iter_mut().find(|(other, _)| *other == party) {
                Some((_, waiting)) => waiting.push_back((caller, command)),
                None => self.parties.push_back((party, [(caller, command)].into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::bounded;

    use super::*;

    #[test]
    fn parties_have_their_turns() {
        let mut turns = Turns::default();
        let ask = |uid, pid| (Caller::Unix { uid, pid }, Command::Status(bounded(1).0));
        let served = |turns: &mut Turns| match turns.next() {
            Some((Caller::Unix { uid, pid }, _)) => (uid, pid),
            _ => (0, 0),
        };
        turns.extend((1..5).map(|pid| ask(7, pid)));
        assert_eq!(served(&mut turns), (7, 1));
        turns.extend([ask(8, 1), ask(7, 5), ask(8, 2), ask(9, 1)]);
        let order: Vec<_> = std::iter::from_fn(|| (!turns.is_empty()).then(|| served(&mut turns))).collect();
        assert_eq!(order, [(7, 2), (8, 1), (9, 1), (7, 3), (8, 2), (7, 4), (7, 5)]);
        assert!(turns.next().is_none());
    }
}
