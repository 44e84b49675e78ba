//! `vgw top` on a terminal of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::Value;

use crate::cli::{must, vgw};
use crate::daemon::end;
use crate::lab::eventually;
use crate::site::{Guest, NET1, OUTSIDE, Site};

/// The program on a pseudoterminal.
struct Screen {
    child: Child,
    keys: File,
    /// Held, so that the terminal's settings stay to be looked at.
    terminal: OwnedFd,
    shown: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Screen {
    fn start(folder: &Path) -> Self {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keys).unwrap();
        unlockpt(&keys).unwrap();
        let name = ptsname(&keys, Vec::new()).unwrap();
        let terminal = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&terminal, Winsize { ws_row: 30, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let end = || Stdio::from(terminal.try_clone().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_vgw"));
        command.arg("--socket").arg(folder.join("vgwd.sock")).args(["top", "--interval", "0.2"]);
        let child = command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let keys = File::from(keys);
        let (shown, mut output) = (Arc::new(Mutex::new(String::new())), keys.try_clone().unwrap());
        let writer = Arc::clone(&shown);
        let read = move || {
            let mut bytes = [0; 4096];
            // The end comes as an error when nobody has the terminal any more.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                writer.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        let reader = Builder::new().name("screen".to_owned()).spawn(read).unwrap();
        Self { child, keys, terminal, shown, reader: Some(reader) }
    }

    fn press(&mut self, key: u8) {
        self.keys.write_all(&[key]).unwrap();
    }

    /// True if the last whole picture says how it is sorted, and has these words in this order.
    fn shows(&self, sort: &str, words: &[&str]) -> bool {
        let shown = self.shown.lock().unwrap();
        let whole = shown.rsplit_once("\x1b[J").map_or("", |(whole, _)| whole);
        let picture = whole.rsplit("\x1b[H").next().unwrap_or_default();
        let places: Vec<_> = words.iter().map(|word| picture.find(word)).collect();
        picture.contains(&format!("sorted by {sort}")) && places.iter().all(Option::is_some) && places.is_sorted()
    }

    /// True while keys come one by one.
    fn is_raw(&self) -> bool {
        !tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// The program ends well, and leaves the terminal as it was.
    fn assert_restored(mut self, occasion: &str) {
        eventually(occasion, || self.child.try_wait().unwrap().is_some());
        assert!(self.child.try_wait().unwrap().unwrap().success(), "{occasion}");
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO), "{occasion}: {modes:?}");
        eventually(occasion, || self.shown.lock().unwrap().ends_with("\x1b[?7h\x1b[?25h\x1b[?1049l"));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        end(&mut self.child);
        // The reader ends with the last end of the terminal.
        if let Ok(null) = File::open("/dev/null") {
            self.terminal = null.into();
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Somebody who keeps a guest busy.
struct Pinging(Child);

impl Drop for Pinging {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

#[test]
fn keys_change_the_order_and_the_terminal_comes_back() {
    let (site, idle, busy) = (Site::new(), Guest::new(10), Guest::new(11));
    let config = [idle.port("tap0", NET1, ""), busy.port("tap1", NET1, "")].concat();
    let daemon = site.start_with_gateway(&config);
    busy.settle();
    let mut ping = Command::new("ping");
    ping.args(["-q", "-i", "0.01", OUTSIDE[0]]).stdout(Stdio::null());
    let ping = Pinging(busy.namespace.enter(|| ping.spawn()).unwrap());

    let mut screen = Screen::start(site.folder());
    eventually("the busy one comes first", || screen.shows("packets", &["tap1", "tap0"]));
    assert!(screen.is_raw());
    for (key, sort, order) in
        [(b'n', "name", ["tap0", "tap1"]), (b'b', "bytes", ["tap1", "tap0"]), (b'd', "drops", ["tap0", "tap1"])]
    {
        screen.press(key);
        eventually("the order is another", || screen.shows(sort, &order));
    }
    screen.press(b'q');
    screen.assert_restored("q ends it");

    let screen = Screen::start(site.folder());
    eventually("it is drawn", || screen.shows("packets", &["tap0"]));
    kill_process(Pid::from_child(&screen.child), Signal::INT).unwrap();
    screen.assert_restored("a signal ends it");

    // For scripts, and where there is no terminal.
    let once: Value = serde_json::from_str(&must(site.folder(), "top --once --interval 0.5 -j")).unwrap();
    assert_eq!((&once["schema"], &once["sort"]), (&"vgw.top/1".into(), &"packets".into()));
    let first = &once["interfaces"][0];
    assert!(first["interface"] != "tap0" && first["received"].as_u64() > Some(10), "{once}");
    assert_eq!(vgw(site.folder(), "top").0, Some(2));
    assert_eq!(vgw(site.folder(), "top -j").0, Some(2));
    drop(ping);
    daemon.stop();
}
