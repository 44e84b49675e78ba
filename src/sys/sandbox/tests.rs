//! What must fail is tried, on threads that are confined as the daemon's are.
#![allow(unsafe_code)]

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::thread::{Builder, JoinHandle};

use landlock::RulesetStatus;
use libc::c_long;
use rustix::thread::CapabilitySet;

use super::record::{Means, Record};
use super::{Folders, calls, capabilities, confine, files, kept};
use crate::engine::{Extent, Role, Sandbox};

const ROLES: [Role; 5] = [Role::Worker, Role::Conductor, Role::Api, Role::Watcher, Role::Main];

fn start<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new().name("confined".to_owned()).spawn(act).unwrap()
}

/// Does something on a thread of a role.
fn acting<T: Send + 'static>(role: Role, act: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = start(move || {
        confine(role);
        act()
    });
    thread.join().unwrap()
}

/// The error of a call with arguments that make it harmless where it is allowed.
fn errno(call: c_long, arguments: [c_long; 3]) -> i32 {
    let [first, second, third] = arguments;
    // SAFETY: no argument is an address, or it is null; nothing of this process is read or written.
    let result = unsafe { libc::syscall(call, first, second, third, 0, 0, 0) };
    if result < 0 { io::Error::last_os_error().raw_os_error().unwrap_or(0) } else { 0 }
}

/// Of these calls, those that the role may make.
fn allowed(role: Role, calls: &'static [(&'static str, c_long, [c_long; 3])]) -> Vec<&'static str> {
    acting(role, move || {
        let allowed = calls.iter().filter(|(_, call, arguments)| errno(*call, *arguments) != libc::EPERM);
        allowed.map(|(name, ..)| *name).collect()
    })
}

const UNIX: c_long = libc::AF_UNIX as c_long;
const INET: c_long = libc::AF_INET as c_long;
const STREAM: c_long = libc::SOCK_STREAM as c_long;
const DATAGRAM: c_long = libc::SOCK_DGRAM as c_long;

#[test]
fn nobody_does_what_nobody_needs() {
    const CALLS: &[(&str, c_long, [c_long; 3])] = &[
        ("mount", libc::SYS_mount, [0, 0, 0]),
        ("ptrace", libc::SYS_ptrace, [-1, 0, 0]),
        ("bpf", libc::SYS_bpf, [-1, 0, 0]),
        ("finit_module", libc::SYS_finit_module, [-1, 0, 0]),
        ("kexec_load", libc::SYS_kexec_load, [0, 99, 0]),
        ("process_vm_readv", libc::SYS_process_vm_readv, [0, 0, 0]),
        ("unshare", libc::SYS_unshare, [0, 0, 0]),
        ("setns of a user namespace", libc::SYS_setns, [-1, libc::CLONE_NEWUSER as c_long, 0]),
        ("clone with a user namespace", libc::SYS_clone, [(libc::CLONE_NEWUSER | libc::CLONE_FS) as c_long, 0, 0]),
        ("keyctl", libc::SYS_keyctl, [-1, 0, 0]),
        ("setuid", libc::SYS_setuid, [-1, 0, 0]),
        ("TIOCSTI", libc::SYS_ioctl, [-1, libc::TIOCSTI as c_long, 0]),
    ];
    for role in ROLES {
        assert_eq!(allowed(role, CALLS), [""; 0], "{role:?}");
    }
}

#[test]
fn each_role_has_its_own() {
    const CALLS: &[(&str, c_long, [c_long; 3])] = &[
        ("execve", libc::SYS_execve, [0, 0, 0]),
        ("openat", libc::SYS_openat, [-1, 0, 0]),
        ("unix", libc::SYS_socket, [UNIX, DATAGRAM, 0]),
        ("tcp", libc::SYS_socket, [INET, STREAM, 0]),
        ("udp", libc::SYS_socket, [INET, DATAGRAM, 0]),
        ("rtnetlink", libc::SYS_socket, [libc::AF_NETLINK as c_long, DATAGRAM, libc::NETLINK_ROUTE as c_long]),
        ("sock_diag", libc::SYS_socket, [libc::AF_NETLINK as c_long, DATAGRAM, libc::NETLINK_SOCK_DIAG as c_long]),
        ("packet", libc::SYS_socket, [libc::AF_PACKET as c_long, -1, 0]),
        ("setns", libc::SYS_setns, [-1, libc::CLONE_NEWNET as c_long, 0]),
        ("TUNSETIFF", libc::SYS_ioctl, [-1, 0x4004_54ca, 0]),
        ("program memory", libc::SYS_mmap, [0, 0, libc::PROT_EXEC as c_long]),
        ("io_uring_enter", libc::SYS_io_uring_enter, [-1, 0, 0]),
        ("io_uring_setup", libc::SYS_io_uring_setup, [0, 0, 0]),
        ("accept", libc::SYS_accept4, [-1, 0, 0]),
    ];
    assert_eq!(allowed(Role::Worker, CALLS), ["io_uring_enter"]);
    assert_eq!(allowed(Role::Watcher, CALLS), ["unix"]);
    assert_eq!(allowed(Role::Api, CALLS), ["openat", "udp", "sock_diag", "accept"]);
    let refused = |role| {
        let allowed = allowed(role, CALLS);
        CALLS.iter().map(|(name, ..)| *name).filter(|name| !allowed.contains(name)).collect::<Vec<_>>()
    };
    // Without the capability the kernel says the same to a packet socket.
    let without = |refused: Vec<&'static str>| refused.into_iter().filter(|name| *name != "packet").collect::<Vec<_>>();
    assert_eq!(without(refused(Role::Conductor)), [""; 0]);
    assert_eq!(without(refused(Role::Main)), ["execve", "setns"]);
}

/// `asm-generic/fcntl.h`.
const F_SETSIG: c_long = 10;

/// Signal 0 asks only whether one could be sent; a tested process and its parent have the same user.
#[test]
fn who_reads_what_others_send_signals_nobody() {
    let parent = c_long::from(rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get()));
    assert_eq!(errno(libc::SYS_tkill, [parent, 0, 0]), 0, "who is not confined may");
    for role in [Role::Worker, Role::Api, Role::Watcher] {
        let (end, _other) = UnixStream::pair().unwrap();
        let socket = c_long::from(end.as_raw_fd());
        let (tries, own) = acting(role, move || {
            let tries = [
                errno(libc::SYS_kill, [parent, 0, 0]),
                errno(libc::SYS_tkill, [parent, 0, 0]),
                errno(libc::SYS_tgkill, [parent, parent, 0]),
                errno(libc::SYS_fcntl, [socket, c_long::from(libc::F_SETOWN), parent]),
                errno(libc::SYS_fcntl, [socket, F_SETSIG, c_long::from(libc::SIGKILL)]),
            ];
            let own = c_long::from(std::process::id());
            (tries, errno(libc::SYS_tgkill, [own, own, 0]))
        });
        assert_eq!((tries, own), ([libc::EPERM; 5], 0), "{role:?}");
    }
}

#[test]
fn no_filter_is_left_out() {
    for role in ROLES {
        let outcome = start(move || calls::restrict(role).map_err(|error| error.to_string()));
        assert_eq!(outcome.join().unwrap(), Ok(()), "{role:?}");
    }
    // With `clone3`, whose flags no filter sees, a thread could be given namespaces of its own.
    for role in [Role::Api, Role::Conductor, Role::Main] {
        let error = acting(role, || errno(libc::SYS_clone3, [0, 0, 0]));
        assert_eq!(error, libc::ENOSYS, "{role:?}");
    }
}

#[test]
fn threads_and_programs_can_be_started_where_they_must() {
    let started = || start(|| 7).join().is_ok_and(|number| number == 7);
    assert!(acting(Role::Api, started) && acting(Role::Conductor, started) && acting(Role::Main, started));
    let run = || Command::new("true").status();
    assert!(acting(Role::Conductor, run).unwrap().success());
    for role in [Role::Api, Role::Main, Role::Worker, Role::Watcher] {
        assert!(acting(role, run).is_err(), "{role:?}");
    }
    assert!(acting(Role::Api, || start(|| Command::new("true").status().is_err()).join().unwrap()));
}

#[test]
fn capabilities_go_with_the_role() {
    // Without the filter, in which most may not even ask.
    let kept = |role| {
        let thread = start(move || {
            capabilities::keep(role).unwrap();
            let sets = rustix::thread::capabilities(None).unwrap();
            assert_eq!(sets.effective, sets.permitted);
            sets.permitted
        });
        thread.join().unwrap()
    };
    for role in [Role::Worker, Role::Api, Role::Watcher] {
        assert_eq!(kept(role), CapabilitySet::empty(), "{role:?}");
    }
    assert!(!kept(Role::Main).contains(CapabilitySet::NET_ADMIN));
    let needed = start(|| {
        capabilities::keep_needed(&[], &[]).unwrap();
        let kept = rustix::thread::capabilities(None).unwrap().permitted;
        confine(Role::Conductor);
        (kept, rustix::thread::capabilities(None).unwrap().permitted)
    });
    let (all, conductor) = needed.join().unwrap();
    let most = CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW | CapabilitySet::SYS_ADMIN;
    assert!((most | CapabilitySet::SYS_PTRACE).contains(all), "{all:?}");
    assert!(most.contains(conductor) && all.contains(conductor), "{conductor:?}");
    // What a program is given that it runs.
    let child = start(|| {
        capabilities::keep_needed(&[], &[]).unwrap();
        confine(Role::Conductor);
        let status = Command::new("grep").args(["-E", "^(CapEff|NoNewPrivs)", "/proc/self/status"]).output();
        let kept =
            rustix::thread::capabilities(None).unwrap().permitted & (CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW);
        (String::from_utf8(status.unwrap().stdout).unwrap(), kept)
    });
    let (child, kept) = child.join().unwrap();
    let effective = child.split_whitespace().nth(1).unwrap();
    let effective = CapabilitySet::from_bits_retain(u64::from_str_radix(effective, 16).unwrap());
    assert!(effective.contains(kept) && most.contains(effective), "{child}");
    assert!(child.contains("NoNewPrivs:\t1"), "{child}");
}

#[test]
fn root_reads_again_what_it_has_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, owner, mode| {
        let path = folder.path().join(name);
        fs::write(&path, "text").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        chown(&path, Some(owner), None).unwrap();
        path
    };
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let behind = file("closed/file", 0, 0o644);
    chown(&closed, Some(1000), None).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let passes_over = |read: PathBuf| {
        let thread = start(move || {
            capabilities::keep_needed(&[], std::slice::from_ref(&read)).unwrap();
            let kept = rustix::thread::capabilities(None).unwrap();
            (kept.effective.contains(CapabilitySet::DAC_OVERRIDE), File::open(read).is_ok())
        });
        thread.join().unwrap()
    };
    // Nobody is given what modes do not ask for, and everything can be opened.
    assert_eq!(passes_over(file("own", 0, 0o600)), (false, true));
    assert_eq!(passes_over(file("others", 1000, 0o644)), (false, true));
    assert_eq!(passes_over(file("others-alone", 1000, 0o600)), (true, true));
    assert_eq!(passes_over(file("nobodys", 0, 0)), (true, true));
    assert_eq!(passes_over(behind), (true, true));
}

/// True for what a rule refuses; a file that is not there, or whose mode forbids it, proves nothing.
fn is_refused<T>(result: io::Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[test]
fn files_are_reached_where_they_must_and_nowhere_else() {
    let [own, read, other] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    for folder in [&own, &read, &other] {
        fs::write(folder.path().join("file"), "text").unwrap();
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folders = Folders { read: vec![read.path().into()], written: vec![own.path().into()] };
    let confined = start(move || {
        assert_eq!(files::confine(&folders).unwrap(), Extent::All, "this kernel has landlock");
        let (own, read, other) = (own.path(), read.path(), other.path());

        fs::write(own.join("new"), "text").unwrap();
        File::open(own.join("new")).unwrap().sync_all().unwrap();
        fs::rename(own.join("new"), own.join("file")).unwrap();
        fs::create_dir(own.join("leases")).unwrap();
        fs::rename(own.join("file"), own.join("leases/file")).unwrap();
        assert_eq!(fs::read_to_string(own.join("leases/file")).unwrap(), "text");
        fs::remove_dir_all(own.join("leases")).unwrap();

        assert_eq!(fs::read_to_string(read.join("file")).unwrap(), "text");
        assert!(is_refused(fs::write(read.join("file"), "other")));
        assert!(is_refused(fs::remove_file(read.join("file"))));

        assert!(is_refused(File::open(other.join("file"))));
        assert!(is_refused(fs::read_dir(other)));
        assert!(is_refused(fs::write(other.join("new"), "text")));
        for file in ["/etc/shadow", "/etc/passwd", "/root"] {
            assert!(is_refused(File::open(file)), "{file}");
        }
        assert!(is_refused(File::options().write(true).open("/proc/sys/kernel/core_pattern")));
        assert!(is_refused(
            fs::copy("/bin/true", own.join("true")).and_then(|_| Command::new(own.join("true")).status())
        ));
        assert!(is_refused(fs::read_link("/proc/1/ns/net")));

        File::open("/proc/sys/net/ipv4/ip_forward").unwrap();
        fs::read_to_string("/proc/self/statm").unwrap();
        File::options().write(true).open("/dev/null").unwrap();
        Command::new("true").status().unwrap();
        UnixStream::pair().unwrap();
        UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(is_refused(TcpStream::connect(address)));
        assert!(is_refused(TcpListener::bind("127.0.0.1:0")));
    });
    confined.join().unwrap();
}

#[test]
fn what_is_in_force_is_told_for_the_thread_that_has_least() {
    let mut record = Record::new();
    assert!(matches!(record.sandbox().seccomp, Extent::None(_)), "nothing was asked for yet");
    record.note(Means::Landlock, files::extent(&RulesetStatus::PartiallyEnforced));
    record.note(Means::Seccomp, Extent::All);
    record.note(Means::Seccomp, Extent::None("Worker: no".to_owned()));
    record.note(Means::Seccomp, Extent::All);
    record.note(Means::Capabilities, kept(&Ok(()), "the daemon"));
    let Sandbox { landlock, seccomp, capabilities } = record.sandbox();
    assert!(matches!(landlock, Extent::Part(_)), "{landlock}");
    assert_eq!(seccomp, Extent::None("Worker: no".to_owned()));
    assert_eq!(capabilities, Extent::All);
    assert!(matches!(files::extent(&RulesetStatus::NotEnforced), Extent::None(_)));

    let refused = |kind: ErrorKind| kept(&Err(kind.into()), "Api");
    assert!(matches!(refused(ErrorKind::PermissionDenied), Extent::Part(_)), "as the packaged unit has it");
    assert!(matches!(refused(ErrorKind::InvalidInput), Extent::None(_)));
}
