//! Private network namespaces, and what `ip` shows in them.
#![allow(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "deadlines of waits")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::{UnshareFlags, unshare_unsafe};
use serde_json::Value;
use vgw::addr::InterfaceName;
use vgw::host::{HostState, Kernel, KernelError, Mark, Operation, Outcome, diff};
use vgw::sys::kernel::LinuxKernel;

/// Tests that hold taps themselves take turns: between fork and exec a program that one test starts
/// has the descriptors of all others too, and a tap that one of them has closed would live on for
/// that moment. Tests that leave taps to a daemon share their turn.
static TURN: RwLock<()> = RwLock::new(());

/// The longest wait for something that the kernel does on its own time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Runs a test in a thread with a network namespace of its own, loopback up. The namespace goes
/// with the thread; a panic comes through.
pub(crate) fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let turn = TURN.write().unwrap_or_else(PoisonError::into_inner);
    let body = move || {
        // SAFETY: only the network namespace of this new thread changes; no memory is unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace needs root");
        ip("link set lo up");
        test();
    };
    let thread = thread::Builder::new().name("lab".to_owned()).spawn(body).unwrap();
    let outcome = thread.join();
    drop(turn);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A turn shared with other tests that hold no taps.
pub(crate) fn shared_turn() -> RwLockReadGuard<'static, ()> {
    TURN.read().unwrap_or_else(PoisonError::into_inner)
}

/// Asks again and again until the answer is yes.
pub(crate) fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    eventually_within(PATIENCE, what, is_so);
}

/// As [`eventually`], with more or less patience.
pub(crate) fn eventually_within(patience: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so() {
        assert!(Instant::now() < deadline, "never came: {what}");
        // Leaves the processor to what is waited for.
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// A pair of connected Ethernet interfaces, up and without link-local addresses.
pub(crate) fn make_pair(one: &str, other: &str) {
    ip(&format!("link add {one} type veth peer name {other}"));
    for end in [one, other] {
        ip(&format!("link set {end} addrgenmode none up"));
    }
    eventually("both ends are up", || {
        [one, other].iter().all(|end| ip(&format!("link show dev {end}")).contains("state UP"))
    });
}

/// Runs `ip` with these arguments; its output.
pub(crate) fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().expect("iproute2 is installed");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All links, addresses, routes, rules and forwarding switches.
pub(crate) fn snapshot() -> String {
    let mut text = String::new();
    for what in
        ["-d link show", "address show", "-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule"]
    {
        let mut shown: Value = serde_json::from_str(&ip(&format!("-j {what}"))).unwrap();
        for row in shown.as_array_mut().unwrap() {
            // The kernel chooses it when a link comes up for the first time, for good.
            row.as_object_mut().unwrap().remove("qdisc");
        }
        text += &format!("{what}:\n{shown:#}\n");
    }
    for switch in ["net.ipv4.ip_forward", "net.ipv4.conf.*.forwarding", "net.ipv6.conf.*.*forwarding"] {
        text += &sysctls(switch);
    }
    text
}

/// Fails with the lines that differ if anything has changed since [`snapshot`] gave `before`. The
/// kernel tells of a lost carrier some time later, so the state has a while to become the same.
pub(crate) fn assert_unchanged(before: &str, occasion: &str) {
    let deadline = Instant::now() + PATIENCE;
    let mut after = snapshot();
    while after != before && Instant::now() < deadline {
        after = snapshot();
    }
    let differing = |one: &str, other: &str, sign: char| {
        let other: BTreeSet<&str> = other.lines().collect();
        let lines = one.lines().filter(|line| !other.contains(line));
        lines.map(|line| format!("{sign}{line}\n")).collect::<String>()
    };
    let mut differing = differing(before, &after, '-') + &differing(&after, before, '+');
    if differing.is_empty() {
        // The same lines, in another order or another number.
        let moved = before.lines().zip(after.lines()).enumerate().find(|(_, (one, other))| one != other);
        differing = format!("from {moved:?} on:\n{after}");
    }
    assert!(after == before, "{occasion}: the host's state has changed\n{differing}");
}

/// The values of all switches in /proc/sys whose name matches; `*` stands for anything.
pub(crate) fn sysctls(pattern: &str) -> String {
    let path = format!("/proc/sys/{}", pattern.replace('.', "/"));
    let output = Command::new("sh").arg("-c").arg(format!("grep . {path}")).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Switches something in /proc/sys.
pub(crate) fn sysctl(name: &str, value: &str) {
    std::fs::write(format!("/proc/sys/{}", name.replace('.', "/")), value).unwrap();
}

/// A kernel with the default mark and one queue a tap.
pub(crate) fn kernel(state: &tempfile::TempDir) -> LinuxKernel {
    LinuxKernel::new(Mark::default(), state.path(), 1).unwrap()
}

/// Carries out one operation.
pub(crate) fn apply(kernel: &mut LinuxKernel, operation: &Operation) -> Result<Outcome, KernelError> {
    kernel.apply(std::slice::from_ref(operation)).remove(0)
}

/// Makes the kernel have what is wanted; the operations that it took.
pub(crate) fn reach(kernel: &mut LinuxKernel, want: &HostState) -> Vec<Operation> {
    let operations = diff(want, &kernel.observe().unwrap());
    kernel.apply(&operations).into_iter().for_each(|outcome| _ = outcome.unwrap());
    let observed = kernel.observe().unwrap();
    assert_eq!(diff(want, &observed), vec![], "differs after all is done");
    assert_eq!(&observed.ours, want);
    operations
}

pub(crate) fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}
