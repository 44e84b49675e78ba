//! Clients that nobody asked for.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use crate::site::Site;

use super::deed::Dice;

/// So many come together: fewer than there are seats, since the storm's own clients need theirs.
const CROWD: usize = 12;
const LONGEST: usize = 300;

/// Connections that have said nonsense or nothing, open until the next ones come.
#[derive(Default)]
pub(super) struct Strangers(Vec<Box<dyn Write>>);

impl Strangers {
    /// Others come in place of those that were here.
    pub(super) fn come(&mut self, site: &Site, dice: &mut Dice) {
        self.0.clear();
        for _ in 0..CROWD {
            let mut stranger: Box<dyn Write> = if dice.below(2) == 0 {
                Box::new(UnixStream::connect(site.folder().join("vgwd.sock")).unwrap())
            } else {
                Box::new(site.compute.enter(|| TcpStream::connect("127.0.0.1:9090")).unwrap())
            };
            let nonsense = dice.bytes(LONGEST);
            // It may be shown the door before it has finished.
            let _ = stranger.write_all(&nonsense);
            self.0.push(stranger);
        }
    }
}
