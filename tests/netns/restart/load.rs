//! Numbered datagrams at a steady pace, and which of them arrive.
#![expect(clippy::disallowed_methods, reason = "the pace of a load")]

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::lab::eventually;
use crate::namespace::Namespace;
use crate::traffic::{bind, unspecified};

/// Room for datagrams that the receiver has not looked at yet, bytes.
const ROOM: usize = 64 << 20;

/// Datagrams from one namespace to another until it is dropped.
pub(super) struct Load {
    shared: Arc<Shared>,
    receiver: UdpSocket,
    arrived: BTreeSet<u32>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Datagrams a millisecond.
    pace: AtomicU32,
    /// How many have been sent.
    sent: AtomicU32,
    /// No more than so many are sent.
    limit: AtomicU32,
    end: AtomicBool,
}

impl Load {
    /// Sends to a host's address in `to`.
    pub(super) fn new(from: &Namespace, to: &Namespace, address: &str) -> Self {
        let receiver = bind(to, SocketAddr::new(address.parse().unwrap(), 0));
        sockopt::set_socket_recv_buffer_size_force(&receiver, ROOM).unwrap();
        receiver.set_nonblocking(true).unwrap();
        let address = receiver.local_addr().unwrap();
        let sender = bind(from, SocketAddr::new(unspecified(address.ip()), 0));
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = Builder::new().name("load".to_owned()).spawn(move || theirs.send(&sender, address)).unwrap();
        Self { shared, receiver, arrived: BTreeSet::new(), threads: vec![thread] }
    }

    /// How many have been sent.
    pub(super) fn sent(&self) -> u32 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// Sends so many more, so many a millisecond, without waiting for them to arrive.
    pub(super) fn begin(&self, count: u32, pace: u32) {
        self.shared.pace.store(pace, Ordering::SeqCst);
        self.shared.limit.store(self.sent() + count, Ordering::SeqCst);
    }

    /// Waits until all that was begun is sent.
    pub(super) fn all_sent(&self) {
        eventually("the datagrams are sent", || self.sent() == self.shared.limit.load(Ordering::SeqCst));
    }

    /// Waits until everything from this number on has arrived; what has not before it.
    pub(super) fn missing_before(&mut self, number: u32) -> Vec<u32> {
        let last = self.sent();
        let (receiver, arrived) = (&self.receiver, &mut self.arrived);
        let mut missing = Vec::new();
        let deadline = Instant::now() + crate::lab::PATIENCE;
        loop {
            let mut buffer = [0; 16];
            while let Ok(length) = receiver.recv(&mut buffer) {
                assert_eq!(length, 4);
                arrived.insert(u32::from_be_bytes(buffer[..4].try_into().unwrap()));
            }
            missing.clear();
            missing.extend((0..last).filter(|number| !arrived.contains(number)));
            let lost = missing.iter().filter(|lost| **lost >= number).count();
            if lost == 0 {
                return missing;
            }
            assert!(
                Instant::now() < deadline,
                "{lost} of {} were lost: {:?} …",
                last - number,
                &missing[..missing.len().min(9)]
            );
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Shared {
    fn send(&self, socket: &UdpSocket, to: SocketAddr) {
        let mut owed = 0;
        let mut last = Instant::now();
        while !self.end.load(Ordering::SeqCst) {
            thread::park_timeout(Duration::from_millis(1));
            let now = Instant::now();
            // A machine that was busy does not make a burst of it.
            let millis = u32::try_from((now - last).as_millis()).unwrap().min(20);
            last = now;
            owed = (owed + self.pace.load(Ordering::SeqCst) * millis.max(1)).min(400);
            while owed > 0 && self.sent.load(Ordering::SeqCst) < self.limit.load(Ordering::SeqCst) {
                owed -= 1;
                let number = self.sent.load(Ordering::SeqCst);
                // An error is that of an earlier datagram, told by ICMP: this one has not been sent.
                if socket.send_to(&number.to_be_bytes(), to).is_ok() {
                    self.sent.store(number + 1, Ordering::SeqCst);
                }
            }
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.end.store(true, Ordering::SeqCst);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}
