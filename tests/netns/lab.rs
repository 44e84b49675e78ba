//! Private network namespaces, and what `ip` shows in them.
#![allow(unsafe_code)]

use std::process::Command;
use std::thread;

use rustix::thread::{UnshareFlags, unshare_unsafe};
use serde_json::Value;
use vgw::addr::InterfaceName;
use vgw::host::{HostState, Kernel, Mark, Operation, diff};
use vgw::sys::kernel::LinuxKernel;

/// Runs a test in a thread with a network namespace of its own, loopback up. The namespace goes
/// with the thread; a panic comes through.
pub(crate) fn in_namespace(test: impl FnOnce() + Send + 'static) {
    let body = move || {
        // SAFETY: only the network namespace of this new thread changes; no memory is unshared.
        unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace needs root");
        ip("link set lo up");
        test();
    };
    let thread = thread::Builder::new().name("lab".to_owned()).spawn(body).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs `ip` with these arguments; its output.
pub(crate) fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split_whitespace()).output().expect("iproute2 is installed");
    assert!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All links, addresses, routes, rules and forwarding switches, without counters.
pub(crate) fn snapshot() -> String {
    let mut text = String::new();
    for what in
        ["-d link show", "address show", "-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule"]
    {
        let mut shown: Value = serde_json::from_str(&ip(&format!("-j {what}"))).unwrap();
        shown.as_array_mut().unwrap().retain(|row| row != &Value::Object(serde_json::Map::default()));
        text += &format!("{what}:\n{shown:#}\n");
    }
    for switch in ["net.ipv4.ip_forward", "net.ipv4.conf.*.forwarding", "net.ipv6.conf.*.*forwarding"] {
        text += &sysctls(switch);
    }
    text
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

/// Makes the kernel have what is wanted; the operations that it took.
pub(crate) fn reach(kernel: &mut LinuxKernel, want: &HostState) -> Vec<Operation> {
    let operations = diff(want, &kernel.observe().unwrap());
    operations.iter().for_each(|operation| kernel.apply(operation).unwrap());
    let observed = kernel.observe().unwrap();
    assert_eq!(diff(want, &observed), vec![], "differs after all is done");
    assert_eq!(&observed.ours, want);
    operations
}

pub(crate) fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}
