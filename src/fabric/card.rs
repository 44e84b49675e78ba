//! Finding a card again.

use crate::addr::Mac;

use super::Record;
use super::step::Place;

/// A device, as far as it takes to tell whether it is the card of a [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Index and name.
    pub place: Place,
    /// Its MAC address.
    pub mac: Mac,
    /// The MAC address that it was built with (`IFLA_PERM_ADDRESS`, kernel 5.5), where the driver tells.
    pub permanent: Option<Mac>,
}

impl Record {
    /// Where the card is now. It has a new index after its driver was loaded anew or it was plugged in again, and a
    /// new name if somebody has renamed it. `None` if it is not there, or if it is not certain which one it is.
    #[must_use]
    pub fn find(&self, cards: &[Card]) -> Option<Place> {
        let has_mac = |card: &&Card| card.mac == self.mac || card.permanent == Some(self.mac);
        let has_name = |card: &&Card| card.place.name == self.device.name;
        // An index is given to another device only after all others were.
        let same = cards.iter().find(|card| card.place.index == self.device.index && (has_mac(card) || has_name(card)));
        let named = || cards.iter().find(|card| has_name(card) && has_mac(card));
        let built = || {
            let mut built = cards.iter().filter(|card| card.permanent == Some(self.mac));
            built.next().filter(|_| built.next().is_none())
        };
        same.or_else(named).or_else(built).map(|card| card.place)
    }

    /// Goes over to where the card is now. True if it is a new device to the kernel, on which nothing is left.
    pub fn follow(&mut self, place: Place) -> bool {
        let before = std::mem::replace(&mut self.device, place);
        if before == place {
            return false;
        }
        self.addresses.iter_mut().for_each(|address| *address = address.moved(&before, &place));
        self.routes.iter_mut().for_each(|route| *route = route.moved(&before, &place));
        self.neighbours.iter_mut().for_each(|neighbour| *neighbour = neighbour.moved(&place));
        before.index != place.index
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::{ETH0, FakeSite, address, device, name, route};
    use super::*;

    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 9]);

    fn record() -> Record {
        let routes = vec![route("0.0.0.0/0", 254, 0, &[(ETH0, Some("192.0.2.1"))])];
        let site = FakeSite::new(vec![address("192.0.2.5/24", 0, u32::MAX)], routes);
        Record::of(&device(ETH0, "eth0"), name("vhost0"), &site.seen, 0)
    }

    fn card(index: u32, text: &str, mac: Mac, permanent: Option<Mac>) -> Card {
        Card { place: Place { index, name: name(text) }, mac, permanent }
    }

    #[test]
    fn a_card_is_found_by_what_cannot_be_anothers() {
        let record = record();
        let own = record.mac;
        let found = |cards: &[Card]| record.find(cards).map(|place| place.index);
        assert_eq!(found(&[card(ETH0, "eth0", own, None)]), Some(ETH0));
        assert_eq!(found(&[card(ETH0, "lan0", own, None)]), Some(ETH0), "renamed");
        assert_eq!(found(&[card(ETH0, "eth0", OTHER, None)]), Some(ETH0), "with another MAC address");
        assert_eq!(found(&[card(ETH0, "dmz0", OTHER, None), card(20, "eth0", own, None)]), Some(20), "anew");
        assert_eq!(found(&[card(20, "eth0", OTHER, Some(own))]), Some(20), "its MAC address had been set");
        assert_eq!(found(&[card(20, "lan0", own, Some(own))]), Some(20), "anew and renamed");
        assert_eq!(found(&[card(20, "lan0", own, None)]), None, "a bridge may have its MAC address");
        assert_eq!(found(&[card(20, "eth0", OTHER, None)]), None, "another card of its name");
        assert_eq!(found(&[card(20, "a", own, Some(own)), card(21, "b", own, Some(own))]), None, "which one?");
    }

    #[test]
    fn what_was_written_down_follows_the_card() {
        let mut record = record();
        assert!(!record.follow(record.device));
        assert!(!record.follow(Place { index: ETH0, name: name("lan0") }), "it is the same device");
        assert!(record.follow(Place { index: 20, name: name("lan0") }));
        assert!(record.addresses.iter().all(|address| address.index() == 20));
        assert!(record.routes.iter().all(|route| route.uses(20)));
        assert!(String::from_utf8_lossy(record.addresses[0].body()).contains("lan0:1"));
    }
}
