//! Threads that the daemon cannot live without.

/// Held by such a thread. If it panics, the process ends: half a daemon would answer calls and
/// forward nothing, and nobody would start it anew. What it leaves in the kernel, the next start
/// clears.
pub(super) struct Vital;

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
