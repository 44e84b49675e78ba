//! A service manager as far as a restart needs one: it hears what the daemon says, keeps the descriptors that it is
//! handed, and gives them to the next daemon.
#![allow(unsafe_code)]

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::lab::eventually;

/// Descriptors that one message can bring (`SCM_MAX_FD`).
const MOST: usize = 253;

/// What is kept, in the order in which it came.
type Kept = Arc<Mutex<Vec<(String, OwnedFd)>>>;

/// The manager; what it keeps is closed with it.
pub(super) struct Manager {
    path: PathBuf,
    kept: Kept,
    thread: Option<JoinHandle<()>>,
}

impl Manager {
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let kept = Kept::default();
        let hands = Arc::clone(&kept);
        let listen = move || while hear(&socket, &hands) {};
        let thread = Builder::new().name("manager".to_owned()).spawn(listen).unwrap();
        Self { path, kept, thread: Some(thread) }
    }

    /// The names of what is kept, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.kept.lock().unwrap().iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// Waits until exactly this is kept.
    pub(super) fn expect(&self, names: &[&str]) {
        let mut last = Vec::new();
        eventually(&format!("{names:?} are kept"), || {
            last = self.names();
            last == names
        });
    }

    /// Keeps something that the daemon has not handed over.
    pub(super) fn plant(&self, name: &str, descriptor: OwnedFd) {
        self.kept.lock().unwrap().push((name.to_owned(), descriptor));
    }

    /// Closes everything, as for a unit that has stopped.
    pub(super) fn forget(&self) {
        self.kept.lock().unwrap().clear();
    }

    /// Has a command, by way of a shell that is the first of its words, start with what is kept.
    pub(super) fn hand_over(&self, command: &mut Command) {
        let kept = self.kept.lock().unwrap();
        let (names, descriptors): (Vec<String>, Vec<OwnedFd>) =
            kept.iter().map(|(name, descriptor)| (name.clone(), descriptor.try_clone().unwrap())).unzip();
        command.env("NOTIFY_SOCKET", &self.path);
        command.env("LISTEN_FDS", names.len().to_string()).env("LISTEN_FDNAMES", names.join(":"));
        let give = move || {
            let first = 3 + RawFd::try_from(descriptors.len()).unwrap_or(RawFd::MAX);
            // First out of the way, then to their places.
            let mut aside = [0; 512];
            for (place, descriptor) in aside.iter_mut().zip(&descriptors) {
                // SAFETY: a system call on a descriptor that is open.
                *place = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, first.max(200)) };
            }
            for (number, from) in (3..).zip(&aside[..descriptors.len()]) {
                // SAFETY: as above.
                if unsafe { libc::dup2(*from, number) } < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        };
        // SAFETY: between fork and exec, only system calls that are safe there are made.
        unsafe { command.pre_exec(give) };
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // A message of its own ends it.
        let _ = UnixDatagram::unbound().and_then(|socket| socket.send_to(b"END", &self.path));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Takes one message in; false for the last one.
fn hear(socket: &UnixDatagram, kept: &Kept) -> bool {
    let mut buffer = [0; 4096];
    let mut space = vec![MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let buffers = &mut [IoSliceMut::new(&mut buffer)];
    let length = recvmsg(socket, buffers, &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap().bytes;
    let came: Vec<OwnedFd> = ancillary
        .drain()
        .flat_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
            _ => Vec::new(),
        })
        .collect();
    let text = std::str::from_utf8(&buffer[..length]).unwrap();
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let mut kept = kept.lock().unwrap();
    if value("FDSTORE") == Some("1") {
        let name = value("FDNAME").unwrap_or("stored");
        assert!(name.len() <= 255 && name.bytes().all(|byte| (b' '..127).contains(&byte) && byte != b':'), "{name}");
        kept.extend(came.into_iter().map(|descriptor| (name.to_owned(), descriptor)));
    } else if value("FDSTOREREMOVE") == Some("1") {
        kept.retain(|(name, _)| Some(name.as_str()) != value("FDNAME"));
    }
    text != "END"
}
