//! Descriptors that the service manager keeps while none of us runs (`FDSTORE`, `sd_pid_notify_with_fds(3)`), and
//! those that it gives back (`sd_listen_fds(3)`).
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::{Errno, FdFlags};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// Descriptors that go with one message (`SCM_MAX_FD`, include/net/scm.h).
const MOST: usize = 253;

/// How long the service manager may take to make room for a message.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same once it has not: thousands of messages must not wait that long each.
const IMPATIENCE: Duration = Duration::from_millis(1);

/// The first descriptor that is given (`SD_LISTEN_FDS_START`).
const FIRST: RawFd = 3;

/// Bytes that the names of all that is kept may take. They are given in one string of the environment, each with a
/// separator, and the kernel starts no program with one that is longer than 32 pages (`MAX_ARG_STRLEN`,
/// include/uapi/linux/binfmts.h): what is too much keeps us from being started at all. A KiB is for what the
/// manager adds in between.
const ROOM: usize = 32 * 4096 - "LISTEN_FDNAMES=".len() - 1 - 1024;

/// Where descriptors are kept, if anywhere.
#[derive(Debug, Default)]
pub struct DescriptorStore {
    address: Option<SocketAddr>,
    /// It has failed before.
    failed: bool,
    names: Names,
}

/// The names of what is kept, as far as there is room for them.
#[derive(Debug, Default)]
struct Names {
    /// How many descriptors have a name.
    count: BTreeMap<String, usize>,
    /// Bytes that they take.
    length: usize,
    /// There was no room once.
    full: bool,
}

impl Names {
    /// False if there is no room for so many descriptors of that name.
    fn add(&mut self, name: &str, count: usize) -> bool {
        let length = self.length + (name.len() + 1) * count;
        let fits = length <= ROOM;
        if fits {
            self.length = length;
            *self.count.entry(name.to_owned()).or_default() += count;
        }
        fits
    }

    fn remove(&mut self, name: &str) {
        self.length -= self.count.remove(name).unwrap_or(0) * (name.len() + 1);
    }
}

impl DescriptorStore {
    /// The service manager's that the environment names in `NOTIFY_SOCKET`.
    ///
    /// # Errors
    /// That is no address of a Unix socket.
    pub fn of_environment() -> io::Result<Self> {
        let address = std::env::var_os("NOTIFY_SOCKET").as_deref().map(super::address).transpose()?;
        Ok(Self { address, ..Self::default() })
    }

    /// Counts what is kept already, whoever had it kept.
    pub fn count_in(&mut self, names: &[String]) {
        for name in names {
            if !self.names.add(name, 1) {
                tracing::warn!(name, "more is kept than one start can be given");
            }
        }
    }

    /// True if there is somebody to keep something.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.address.is_some()
    }

    /// Has descriptors kept under a name, in which there is no `:`. False if there is nobody to keep them, or no
    /// room for their names; then none is. That they are kept nobody says.
    pub fn keep(&mut self, name: &impl Display, descriptors: &[BorrowedFd<'_>]) -> bool {
        if !self.is_there() {
            return false;
        }
        let name = name.to_string();
        if !self.names.add(&name, descriptors.len()) {
            if !std::mem::replace(&mut self.names.full, true) {
                tracing::warn!(
                    name,
                    "the service manager can give no more queues to a start than it has: packets do not wait in this \
                     tap and others while no vgwd runs, and guests' taps among them are made anew"
                );
            }
            return false;
        }
        for some in descriptors.chunks(MOST) {
            self.send(&format!("FDSTORE=1\nFDNAME={name}"), some);
        }
        true
    }

    /// Has everything closed that was kept under a name. A manager that watches what it keeps does not see a
    /// tap go: the kernel tells that only to those who wait for packets.
    pub fn forget(&mut self, name: &impl Display) {
        let name = name.to_string();
        if self.send(&format!("FDSTOREREMOVE=1\nFDNAME={name}"), &[]) {
            self.names.remove(&name);
        }
    }

    /// True if it was sent.
    fn send(&mut self, message: &str, descriptors: &[BorrowedFd<'_>]) -> bool {
        let Some(address) = &self.address else { return false };
        let patience = if self.failed { IMPATIENCE } else { PATIENCE };
        let sent = send(address, message.as_bytes(), descriptors, patience);
        if let Err(error) = &sent
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::warn!(%error, "the service manager does not keep what is to outlive a restart");
        }
        sent.is_ok()
    }
}

fn send(address: &SocketAddr, message: &[u8], descriptors: &[BorrowedFd<'_>], patience: Duration) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    socket.connect_addr(address)?;
    // A full queue is waited for.
    socket.set_write_timeout(Some(patience))?;
    let mut space = vec![MaybeUninit::uninit(); SendAncillaryMessage::ScmRights(descriptors).size()];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
    }
    loop {
        match rustix::net::sendmsg(&socket, &[IoSlice::new(message)], &mut ancillary, SendFlags::NOSIGNAL) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// The descriptors that were given to this process with their names. They are taken once, first of all.
#[must_use]
pub fn given_descriptors() -> Vec<(String, OwnedFd)> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Vec::new();
    }
    let names = given_names(|name| std::env::var_os(name), std::process::id());
    let given = (FIRST..).zip(names).filter_map(|(number, name)| {
        // SAFETY: whoever set the variables for this process has left these numbers to it; nothing of ours has
        // been opened before, and this is done once.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        // One that is not open after all.
        rustix::io::fcntl_setfd(descriptor, FdFlags::CLOEXEC).ok()?;
        // SAFETY: as above, and it is open.
        Some((name, unsafe { OwnedFd::from_raw_fd(number) }))
    });
    given.collect()
}

/// The names of what is given, one for each: `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.
fn given_names(variable: impl Fn(&str) -> Option<OsString>, pid: u32) -> Vec<String> {
    let number = |name| variable(name)?.to_str()?.parse::<u32>().ok();
    if number("LISTEN_PID") != Some(pid) {
        return Vec::new();
    }
    let count = number("LISTEN_FDS").and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let names = variable("LISTEN_FDNAMES").and_then(|names| names.into_string().ok()).unwrap_or_default();
    let names = names.split(':').map(str::to_owned).chain(std::iter::repeat_with(|| "unknown".to_owned()));
    names.take(count).collect()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::linux::net::SocketAddrExt;

    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

    use super::*;

    #[test]
    fn what_is_given_to_another_process_is_not_ours() {
        let names = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
            given_names(find, 7)
        };
        let three = [("LISTEN_PID", "7"), ("LISTEN_FDS", "3"), ("LISTEN_FDNAMES", "a:b")];
        assert_eq!(names(&three), ["a", "b", "unknown"]);
        assert!(names(&[("LISTEN_PID", "8"), ("LISTEN_FDS", "3")]).is_empty());
        assert!(names(&[("LISTEN_FDS", "3")]).is_empty());
        assert!(names(&[("LISTEN_PID", "7"), ("LISTEN_FDS", "-1")]).is_empty());
    }

    #[test]
    fn descriptors_arrive_with_their_name() {
        let name = format!("vgw-test-store-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let manager = UnixDatagram::bind_addr(&address).unwrap();
        let mut store = DescriptorStore { address: Some(address), ..DescriptorStore::default() };
        let file = tempfile::tempfile().unwrap();
        assert!(store.keep(&"one", &[file.as_fd(); MOST + 1]));
        store.forget(&"one");
        assert_eq!(store.names.length, 0);
        let mut heard = Vec::new();
        for _ in 0..3 {
            let mut buffer = [0; 256];
            let mut space = vec![MaybeUninit::uninit(); 4096];
            let mut ancillary = RecvAncillaryBuffer::new(&mut space);
            let buffers = &mut [std::io::IoSliceMut::new(&mut buffer)];
            let length = recvmsg(&manager, buffers, &mut ancillary, RecvFlags::empty()).unwrap().bytes;
            let descriptors = ancillary.drain().map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => descriptors.count(),
                _ => 0,
            });
            let count: usize = descriptors.sum();
            heard.push((String::from_utf8_lossy(&buffer[..length]).into_owned(), count));
        }
        let keep = "FDSTORE=1\nFDNAME=one".to_owned();
        assert_eq!(heard, [(keep.clone(), MOST), (keep, 1), ("FDSTOREREMOVE=1\nFDNAME=one".to_owned(), 0)]);
    }

    #[test]
    fn no_more_is_kept_than_a_program_can_be_started_with() {
        let starts = |names: &[String]| {
            let command = std::process::Command::new("true").env("LISTEN_FDNAMES", names.join(":")).status();
            command.map(|status| assert!(status.success())).map_err(|error| error.raw_os_error())
        };
        let mut store = DescriptorStore::default();
        // As many guests as there can be gateways, with names as long as they can be.
        let mut names: Vec<String> = (0..4096).map(|number| format!("vgw1.p{number:08x}.{number:015}")).collect();
        assert_eq!(names[0].len(), 30);
        store.count_in(&names);
        assert_eq!(store.names.length, 31 * 4096);
        assert_eq!(starts(&names), Ok(()));
        let more = (4096..).map(|number| format!("vgw1.p{number:08x}.{number:015}"));
        names.extend(more.take_while(|name| store.names.add(name, 1)));
        assert!(names.len() < 4300 && store.names.length > ROOM - 31);
        assert_eq!(starts(&names), Ok(()));
        // What goes makes room, for all its descriptors.
        store.names.remove(&names[7]);
        assert!(!store.names.add("two", 13) && store.names.add("two", 12), "49 bytes are free");
        store.names.remove("two");
        store.names.remove("two");
        assert!(store.names.add(&names[7], 1));
        names.extend((0..40).map(|number| format!("vgw1.p{number:08x}.{number:015}")));
        assert_eq!(starts(&names), Err(Some(libc::E2BIG)), "what the room is for");
    }

    #[test]
    fn a_manager_that_is_stuck_costs_its_time_once() {
        let mut store = DescriptorStore::default();
        assert!(!store.is_there());
        store.forget(&"nobody");
        assert!(!store.failed, "nobody is there to fail");
        store.address = Some(SocketAddr::from_pathname("/nonexistent/notify").unwrap());
        store.forget(&"nobody");
        assert!(store.failed);
    }
}
