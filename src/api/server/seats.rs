//! Who is connected, and who gives way when there is no seat left.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::net::Shutdown;

use crate::clock::Moment;
use crate::engine::{Caller, Party};

use super::limits::Limits;
use super::listener::Stream;

/// How long a connection stays at least that asks for nothing, before it gives way to another of the same user.
/// To end one costs more than to refuse one, and who opens them as fast as he can must not have that done for each.
const STAY: Duration = Duration::from_millis(100);

/// The connections of a listener.
///
/// Who comes when all seats are taken is let in all the same, if anybody sits there who asks for nothing: of
/// those who hold the most seats, first who has never asked anything, then who has asked for nothing the
/// longest. A client that sends half a request asks for nothing. A user other than root, or another host, has
/// no more than a share, and gives way to himself beyond it, though not at once.
pub(super) struct Seats {
    table: Mutex<Table>,
    limits: Limits,
}

#[derive(Default)]
struct Table {
    next: u64,
    taken: BTreeMap<u64, Taken>,
}

struct Taken {
    party: Party,
    stream: Arc<dyn Stream>,
    /// Since when nothing is asked; `None` while a request is served.
    idle: Option<Moment>,
    has_asked: bool,
    /// It waits for what happens, and is counted with its like.
    follows: bool,
    /// Bytes of its request beyond what each has in any case.
    memory: usize,
}

/// A seat. It is free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    number: u64,
}

/// A connection whose seat is another's by now.
pub(super) struct Displaced {
    /// That of its seat.
    pub(super) number: u64,
    stream: Arc<dyn Stream>,
}

/// A connection's way to stay for what happens: a capture, or events that are waited for. Such connections are
/// never closed to make room for others, and there are few of them at a time.
#[derive(Clone, Default)]
pub struct Following(Option<(Arc<Seats>, u64)>);

/// All seats are taken by connections that are being served, or that have just come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Displaced {
    /// Shuts it down: the thread that serves it is about to end.
    pub(super) fn shut_down(&self) {
        // What fails is a connection that is closed already.
        let _ = rustix::net::shutdown(self.stream.as_fd(), Shutdown::Both);
    }
}

impl Seats {
    pub(super) fn new(limits: Limits) -> Self {
        Self { table: Mutex::default(), limits }
    }

    /// Takes a seat for a connection; what else is returned gives way, and is to be ended.
    pub(super) fn admit(
        self: &Arc<Self>,
        caller: &Caller,
        stream: &Arc<dyn Stream>,
        now: Moment,
    ) -> Result<(Seat, Option<Displaced>), Full> {
        let party = Party::of(caller);
        let mut table = self.table();
        let displaced = table.make_room(&party, &self.limits, now)?;
        let displaced = displaced
            .and_then(|number| table.taken.remove(&number).map(|taken| Displaced { number, stream: taken.stream }));
        let number = table.next;
        table.next += 1;
        let taken =
            Taken { party, stream: Arc::clone(stream), idle: Some(now), has_asked: false, follows: false, memory: 0 };
        table.taken.insert(number, taken);
        drop(table);
        Ok((Seat { seats: Arc::clone(self), number }, displaced))
    }

    /// Nothing panics while it holds the table, and it is whole at any time.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Who is to give way to a newcomer, if anybody need.
    fn make_room(&self, party: &Party, limits: &Limits, now: Moment) -> Result<Option<u64>, Full> {
        let mut held: BTreeMap<&Party, usize> = BTreeMap::new();
        self.seated().for_each(|(_, taken)| *held.entry(&taken.party).or_default() += 1);
        let own = held.get(party).copied().unwrap_or(0);
        let beyond_share = *party != Party::Root && own >= limits.share;
        if !beyond_share && held.values().sum::<usize>() < limits.connections {
            return Ok(None);
        }
        let may_go = self.seated().filter(|(_, taken)| !beyond_share || taken.party == *party);
        let idle = may_go.filter_map(|(number, taken)| Some((taken.idle?, number, taken)));
        let idle = idle.filter(|(idle, ..)| !beyond_share || *idle + STAY <= now);
        let first = idle.max_by_key(|(idle, _, taken)| (held.get(&taken.party), !taken.has_asked, Reverse(*idle)));
        first.map(|(_, number, _)| Some(number)).ok_or(Full)
    }

    /// True if a connection may take so many bytes more: root as much as all others together, and of these nobody
    /// more than a quarter.
    fn has_memory(&self, number: u64, more: usize, limit: usize) -> bool {
        let Some(Taken { party, .. }) = self.taken.get(&number) else { return false };
        let of = |counts: &dyn Fn(&Party) -> bool| -> usize {
            self.taken.values().filter(|taken| counts(&taken.party)).map(|taken| taken.memory).sum()
        };
        let (own, others) = (of(&|other| other == party), of(&|other| *other != Party::Root));
        match party {
            Party::Root => own + more <= limit,
            _ => own + more <= limit / 4 && others + more <= limit,
        }
    }

    fn seated(&self) -> impl Iterator<Item = (u64, &Taken)> {
        self.taken.iter().filter(|(_, taken)| !taken.follows).map(|(&number, taken)| (number, taken))
    }
}

impl Seat {
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Something has come: it counts from now on, and not from when the connection did.
    pub(super) fn is_heard(&self, now: Moment) {
        self.changed(|taken| taken.idle = Some(now));
    }

    /// A whole request has come. False if the seat is another's by now.
    pub(super) fn asks(&self) -> bool {
        self.changed(|taken| (taken.idle, taken.has_asked) = (None, true))
    }

    /// The request has been answered, and its memory is free.
    pub(super) fn is_answered(&self, now: Moment) {
        // Who is asking is not displaced.
        self.changed(|taken| (taken.idle, taken.memory) = (Some(now), 0));
    }

    /// Makes sure that the request may take so many bytes in all; false if it may not.
    pub(super) fn takes(&self, memory: usize) -> bool {
        let mut table = self.seats.table();
        let more = memory.saturating_sub(table.taken.get(&self.number).map_or(0, |taken| taken.memory));
        let may = more == 0 || table.has_memory(self.number, more, self.seats.limits.memory);
        if may && let Some(taken) = table.taken.get_mut(&self.number) {
            taken.memory += more;
        }
        may
    }

    /// For whoever serves the connection.
    pub(super) fn following(&self) -> Following {
        Following(Some((Arc::clone(&self.seats), self.number)))
    }

    fn changed(&self, change: impl FnOnce(&mut Taken)) -> bool {
        self.seats.table().taken.get_mut(&self.number).map(change).is_some()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let taken = self.seats.table().taken.remove(&self.number);
        // The stream, if this was its last owner, is closed while nobody waits for the table.
        drop(taken);
    }
}

impl Following {
    /// Counts the connection with those that follow, for as long as it lasts. False if there are as many as are
    /// allowed, or as this user may have.
    #[must_use]
    pub fn begin(&self) -> bool {
        let Some((seats, number)) = &self.0 else { return true };
        let mut table = seats.table();
        let Some(asking) = table.taken.get(number) else { return false };
        if asking.follows {
            return true;
        }
        let others = || table.taken.values().filter(|taken| taken.follows);
        let own = others().filter(|taken| taken.party == asking.party).count();
        let may = others().count() < seats.limits.followers
            && (asking.party == Party::Root || own < seats.limits.followers_share);
        if let Some(taken) = table.taken.get_mut(number) {
            taken.follows = may;
        }
        may
    }
}

impl std::fmt::Debug for Following {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Following")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::clock::{Clock, ManualClock};

    /// Seats for six, three of them for one user; two may follow, one of a user.
    struct Room {
        seats: Arc<Seats>,
        /// Less time passes before somebody comes than one stays.
        haste: bool,
        now: Moment,
        _others: Vec<UnixStream>,
    }

    impl Room {
        fn new() -> Self {
            let limits = Limits { connections: 6, share: 3, followers: 2, followers_share: 1, ..Limits::default() };
            let seats = Arc::new(Seats::new(limits));
            Self { seats, haste: false, now: ManualClock::default().now(), _others: Vec::new() }
        }

        /// Somebody comes, a second after the one before if there is no haste.
        fn come(&mut self, uid: u32) -> Result<(Seat, Option<u64>), Full> {
            self.now = self.now + if self.haste { STAY / 10 } else { Duration::from_secs(1) };
            let (stream, other) = UnixStream::pair().unwrap();
            self._others.push(other);
            let stream: Arc<dyn Stream> = Arc::new(stream);
            let (seat, displaced) = self.seats.admit(&Caller::Unix { uid, pid: 1 }, &stream, self.now)?;
            Ok((seat, displaced.map(|displaced| displaced.number)))
        }

        fn seat(&mut self, uid: u32) -> Seat {
            let (seat, displaced) = self.come(uid).unwrap_or_else(|Full| panic!("no seat for {uid}"));
            assert_eq!(displaced, None);
            seat
        }
    }

    #[test]
    fn nobody_takes_all_the_memory() {
        let mut room = Room::new();
        let limit = Limits::default().memory;
        let (root, first, second) = (room.seat(0), room.seat(1000), room.seat(1001));
        assert!(first.takes(limit / 4) && !first.takes(limit / 4 + 1));
        assert!(first.takes(10), "what a request has it need not take again");
        let again = room.seat(1000);
        assert!(!again.takes(1), "a user's connections count together");
        assert!(second.takes(limit / 4));
        assert!(root.takes(limit) && !root.takes(limit + 1));
        first.is_answered(room.now);
        assert!(again.takes(limit / 4));
        drop(again);
        assert!(first.takes(limit / 4));
    }

    #[test]
    fn who_asks_for_nothing_the_longest_gives_way() {
        let mut room = Room::new();
        let seats: Vec<Seat> = (0..6).map(|_| room.seat(0)).collect();
        for seat in &seats {
            assert!(seat.asks());
        }
        assert_eq!(room.come(0).err(), Some(Full), "all are being served");
        for number in [4, 1] {
            room.now = room.now + Duration::from_secs(1);
            seats[number].is_answered(room.now);
        }
        let (newcomer, displaced) = room.come(0).unwrap();
        assert_eq!(displaced, Some(4));
        assert!(!seats[4].asks(), "its seat is another's");
        let (_another, displaced) = room.come(0).unwrap();
        assert_eq!(displaced, Some(newcomer.number()), "who has never asked anything goes first");
        assert!(seats[1].asks());
    }

    #[test]
    fn who_sends_nothing_gives_way_to_who_is_heard() {
        let mut room = Room::new();
        let seats: Vec<Seat> = (0..6).map(|_| room.seat(0)).collect();
        room.now = room.now + Duration::from_secs(1);
        seats[0].is_heard(room.now);
        let came: Vec<_> = (0..5).map(|_| room.come(0).unwrap()).collect();
        let displaced: Vec<_> = came.iter().filter_map(|(_, displaced)| *displaced).collect();
        assert_eq!(displaced, [1, 2, 3, 4, 5]);
        assert!(seats[0].asks());
    }

    #[test]
    fn a_user_gives_way_to_himself() {
        let mut room = Room::new();
        room.haste = true;
        let others: Vec<Seat> = (0..3).map(|_| room.seat(7)).collect();
        assert_eq!(room.come(7).err(), Some(Full), "he has just come himself");
        room.haste = false;
        let root: Vec<Seat> = (0..2).map(|_| room.seat(0)).collect();
        let (_mine, displaced) = room.come(7).unwrap();
        assert_eq!(displaced, Some(others[0].number()));
        // The last seat, and then who has the most.
        let _last = room.seat(8);
        let (_one, displaced) = room.come(8).unwrap();
        assert_eq!(displaced, Some(others[1].number()));
        assert!(root.iter().all(Seat::asks));
        drop(others);
        let _free = room.seat(9);
    }

    #[test]
    fn followers_are_counted_apart_and_stay() {
        let mut room = Room::new();
        let first = room.seat(7);
        assert!(first.following().begin() && first.following().begin());
        let second = room.seat(7);
        assert!(!second.following().begin(), "one of a user");
        let third = room.seat(0);
        assert!(third.following().begin());
        assert!(!room.seat(0).following().begin(), "two of all");
        let _seats: Vec<_> = (0..20).map(|_| room.come(0)).collect();
        assert!(first.asks() && third.asks(), "they do not give way");
        drop(first);
        let fourth = room.come(7).map(|(seat, _)| seat).unwrap();
        assert!(fourth.following().begin());
        assert!(Following::default().begin());
    }
}
