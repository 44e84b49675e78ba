//! Network namespaces under `/run/netns`, as `ip netns` keeps them.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::error::{Error, Result};
use super::shell;

/// The global switch of IPv4 forwarding.
pub(super) const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";

/// A namespace that we made. It goes when it is dropped, unless it was let go.
#[derive(Debug)]
pub(super) struct Namespace {
    name: String,
    ours: bool,
}

impl Namespace {
    /// Makes a namespace that is no router, with its loopback up.
    ///
    /// # Errors
    /// What `ip` said.
    pub(super) fn create(name: String) -> Result<Self> {
        shell::run(&["ip", "netns", "add", &name])?;
        let namespace = Self { name, ours: true };
        // IPv4 settings of a new namespace are those of the first one, which may be a router.
        namespace.enter(|| std::fs::write(IP_FORWARD, "0")).map_err(Error::system(IP_FORWARD))?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// Its name under `/run/netns`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` on this namespace and returns what it printed. The arguments are separated by blanks.
    ///
    /// # Errors
    /// What `ip` said.
    pub(super) fn ip(&self, arguments: &str) -> Result<String> {
        let words = ["ip", "-n", &self.name].into_iter().chain(arguments.split_whitespace());
        shell::run(&words.collect::<Vec<_>>())
    }

    /// The words that run a program inside.
    pub(super) fn exec<'a>(&'a self, words: &[&'a str]) -> Vec<&'a str> {
        ["ip", "netns", "exec", &self.name].into_iter().chain(words.iter().copied()).collect()
    }

    /// Calls a function on a thread inside. Sockets that it opens stay inside, wherever they are used.
    ///
    /// # Errors
    /// The function's own, or that the thread could not enter.
    pub(super) fn enter<T: Send>(&self, function: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let file = File::open(path(&self.name))?;
        thread::scope(|scope| {
            let inside = thread::Builder::new().name("inside".to_owned()).spawn_scoped(scope, move || {
                move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
                function()
            })?;
            inside.join().unwrap_or_else(|_| Err(io::Error::other("the thread inside the namespace panicked")))
        })
    }

    /// Leaves it standing.
    pub(super) fn let_go(&mut self) {
        self.ours = false;
    }

    /// Deletes it.
    ///
    /// # Errors
    /// What `ip` said; then it may still stand.
    pub(super) fn delete(mut self) -> Result<()> {
        self.ours = false;
        delete(&self.name)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if self.ours {
            // On the way out of a failure, which is told; that this one stays behind could not be.
            let _ = delete(&self.name);
        }
    }
}

/// The file that keeps a namespace alive.
pub(super) fn path(name: &str) -> PathBuf {
    PathBuf::from("/run/netns").join(name)
}

/// Deletes a namespace by name.
///
/// # Errors
/// What `ip` said.
pub(super) fn delete(name: &str) -> Result<()> {
    shell::run(&["ip", "netns", "delete", name]).map(drop)
}

/// The names of all namespaces that begin so.
///
/// # Errors
/// The folder is not readable.
pub(super) fn list(prefix: &str) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir("/run/netns") {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::System { what: "/run/netns".to_owned(), error }),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort_unstable();
    Ok(names)
}
