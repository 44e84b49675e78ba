//! What the daemon's threads are there for.

/// What a thread is there for, and so what it needs of the kernel from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Moves packets between queues that are open.
    Worker,
    /// Opens devices, configures the kernel, writes the state.
    Conductor,
    /// Accepts connections and serves them. Threads that it starts are confined as it is.
    Api,
    /// Waits and tells: the bell, the watchdog.
    Watcher,
    /// Handles signals and reads the configuration again.
    Main,
}

/// Gives up, for the present thread and those it starts, what its role does not need.
pub type Confine = fn(Role);
