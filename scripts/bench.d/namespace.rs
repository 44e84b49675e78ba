//! Network namespaces as `ip netns` names them; for the programs in the folders beside this file.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::thread::Builder;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Makes something in a namespace. Sockets and taps stay where they were made, whoever uses them.
pub(crate) fn within<T: Send + 'static>(
    name: &str,
    make: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let namespace = File::open(Path::new("/run/netns").join(name))?;
    // A namespace is a thread's: this one enters it and ends there.
    let visit = Builder::new().name(name.to_owned()).spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        make()
    })?;
    visit.join().map_err(|_| io::Error::other("a thread has panicked"))?
}
