//! All guests, talking all the time.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::lab::eventually;
use crate::namespace::Namespace;

use super::plan::{FAR, PORT, address, addresses, is_six};

/// Between two rounds of packets of all guests.
const ROUND: Duration = Duration::from_millis(2);

/// All guests, sending all the time; each packet bears its network and the moment.
#[derive(Default)]
pub(super) struct Pump {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    moment: Arc<AtomicU32>,
}

impl Pump {
    pub(super) fn start<'a>(&mut self, guests: impl Iterator<Item = &'a Namespace>) {
        let mouths: Vec<(u8, UdpSocket, SocketAddr)> = guests
            .enumerate()
            .map(|(number, namespace)| {
                let (guest, ..) = addresses(number);
                let bind = || UdpSocket::bind(address(&guest, 0));
                let mut mouth = None;
                eventually("the guest has its address", || {
                    mouth = namespace.enter(bind).ok();
                    mouth.is_some()
                });
                let mouth = mouth.unwrap();
                mouth.set_nonblocking(true).unwrap();
                (u8::try_from(number).unwrap(), mouth, address(FAR[usize::from(is_six(number))], PORT))
            })
            .collect();
        let (stop, moment) = (Arc::clone(&self.stop), Arc::clone(&self.moment));
        let pump = move || {
            while !stop.load(Ordering::SeqCst) {
                for (number, mouth, far) in &mouths {
                    let [a, b, c, d] = moment.load(Ordering::SeqCst).to_be_bytes();
                    // A guest whose tap is gone cannot send.
                    let _ = mouth.send_to(&[*number, a, b, c, d], far);
                }
                thread::park_timeout(ROUND);
            }
        };
        self.thread = Some(thread::Builder::new().name("pump".to_owned()).spawn(pump).unwrap());
    }

    /// The moment that packets bear now.
    pub(super) fn moment(&self) -> u32 {
        self.moment.load(Ordering::SeqCst)
    }

    /// From now on packets bear this moment.
    pub(super) fn set_moment(&self, moment: u32) {
        self.moment.store(moment, Ordering::SeqCst);
    }

    pub(super) fn end(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.end();
    }
}
