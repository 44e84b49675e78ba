//! What a process does to the kernel and to the disk, call by call, and its end before one of these calls, or an error
//! in place of it: strace(1) sees all calls of a thread, and may send a signal or answer without carrying one out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use crate::daemon::end;
use crate::lab::eventually;

/// The calls by which a daemon changes something outside itself, among others.
const CALLS: &str = "sendto,sendmsg,ioctl,openat,write,pwrite64,writev,fdatasync,fsync,rename,renameat,renameat2,\
                     ftruncate,unlink,unlinkat,mkdir,fchmod,chmod,setns,clone,wait4,bind,close";

/// Where taps are made.
const TAPS: &str = "/dev/net/tun";

/// A call before which a process is killed.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// The system call.
    pub(super) call: String,
    /// The how manieth of its kind in the thread, from 1 on.
    number: usize,
    /// What it is done to, if strace can watch that alone: a path in the daemon's folder, or that of taps. And the
    /// how manieth of its kind it is there.
    pub(super) place: Option<(String, usize)>,
    /// As strace wrote it down.
    pub(super) text: String,
}

/// What becomes of the process at a point.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// It is killed before the call.
    Kill(Point),
    /// The call fails, once, with the error of this name, and does nothing.
    Error(Point, &'static str),
}

/// What to do beside writing down.
fn arguments(log: &Path, fault: Option<&Fault>) -> Vec<String> {
    let mut words = vec!["-y".into(), "-qq".into(), "-o".into(), log.display().to_string()];
    words.extend(["-e".into(), format!("trace={CALLS}")]);
    match fault {
        Some(Fault::Kill(Point { call, number, .. })) => {
            words.extend(["-e".into(), format!("inject={call}:signal=KILL:when={number}")]);
        }
        // How often threads are woken, which are writes too, depends on who is faster; and controls are of pipes too.
        Some(Fault::Error(Point { call, place: Some((place, number)), .. }, error)) => {
            let place = log.with_file_name(place).display().to_string();
            words.extend(["-P".into(), place, "-e".into(), format!("inject={call}:error={error}:when={number}")]);
        }
        Some(Fault::Error(Point { call, number, .. }, error)) => {
            words.extend(["-e".into(), format!("inject={call}:error={error}:when={number}")]);
        }
        None => {}
    }
    words
}

/// The words before a command whose first thread is to be watched. The process is the command's own.
pub(super) fn wrapper(log: &Path, fault: Option<&Fault>) -> Vec<String> {
    [vec!["strace".to_owned(), "-D".to_owned()], arguments(log, fault)].concat()
}

/// Watches a thread of a running process.
pub(super) struct Watcher(Child);

impl Watcher {
    /// Begins, and returns when it sees everything.
    pub(super) fn attach(pid: u32, thread: &str, log: &Path, fault: Option<&Fault>) -> Self {
        let name = format!("{thread}\n");
        let mut found = None;
        // A thread names itself.
        eventually("the thread is there", || {
            let mut tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().map(|task| task.unwrap().path());
            found = tasks.find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm == name));
            found.is_some()
        });
        let task = found.unwrap();
        let number = task.file_name().unwrap().to_str().unwrap().to_owned();
        let child = Command::new("strace").args(["-p", &number]).args(arguments(log, fault)).spawn();
        let watcher = Self(child.expect("strace is installed"));
        let own = Path::new("/proc").join(watcher.0.id().to_string());
        let status = |of: &Path| fs::read_to_string(of.join("status")).unwrap();
        // When it waits, it has interrupted the thread, which so has no call unseen.
        eventually("strace watches", || {
            !status(&task).contains("TracerPid:\t0\n") && status(&own).contains("State:\tS")
        });
        watcher
    }

    /// Waits until there is nothing left to watch.
    pub(super) fn wait(mut self) {
        eventually("strace ends", || self.0.try_wait().unwrap().is_some());
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

/// The calls in what strace wrote down that change something: a kill before each of them is one after each that
/// went before.
pub(super) fn points(log: &Path) -> Vec<Point> {
    points_of(&fs::read_to_string(log).unwrap(), log.parent().unwrap())
}

fn points_of(log: &str, folder: &Path) -> Vec<Point> {
    let mut numbers = BTreeMap::<&str, usize>::new();
    let mut numbers_there = BTreeMap::<(&str, String), usize>::new();
    let mut points = Vec::new();
    for line in log.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        if !call.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
            continue;
        }
        let number = numbers.entry(call).or_default();
        *number += 1;
        let place = place_of(rest, folder).map(|place| {
            let number = numbers_there.entry((call, place.clone())).or_default();
            *number += 1;
            (place, *number)
        });
        if changes_something(call, rest) {
            points.push(Point {
                call: call.to_owned(),
                number: *number,
                place,
                text: line.chars().take(160).collect(),
            });
        }
    }
    points
}

/// The path behind a call's descriptor, which is its first argument.
fn place_of(rest: &str, folder: &Path) -> Option<String> {
    let (descriptor, rest) = rest.split_once('<')?;
    let path = rest.split('>').next().filter(|_| descriptor.parse::<u32>().is_ok())?;
    let within = Path::new(path).strip_prefix(folder).ok().and_then(Path::to_str);
    within.or_else(|| path.starts_with(TAPS).then_some(TAPS)).map(str::to_owned)
}

fn changes_something(call: &str, rest: &str) -> bool {
    // What the descriptor is, as `-y` shows it.
    let (descriptor, path) = rest.split_once('<').unwrap_or((rest, ""));
    match call {
        // To the kernel: requests that are no questions. To the service manager: all.
        "sendto" | "sendmsg" => match rest.contains("nlmsg_type=") {
            true => ["RTM_NEW", "RTM_SET", "RTM_DEL"].iter().any(|kind| rest.contains(kind)),
            false => rest.contains("AF_UNIX") || rest.contains("READY=1") || rest.contains("FDSTORE"),
        },
        "ioctl" => rest.contains("TUNSET"),
        "openat" => rest.contains("O_CREAT"),
        // To a file, or to a program's standard input. What is written to measure something is zeros.
        "write" | "pwrite64" | "writev" => {
            let is_input = path.starts_with("pipe:") && descriptor != "2" && !path.contains("\"\\0");
            path.starts_with('/') || is_input
        }
        // Another program begins.
        "clone" => rest.contains("CLONE_VFORK"),
        // What a tap without persistence goes with.
        "close" => path.starts_with(TAPS),
        "bind" => rest.contains("AF_UNIX"),
        _ => true,
    }
}

#[test]
fn questions_and_waking_are_no_points() {
    let log = "sendto(9<socket:[1]>, [{nlmsg_len=40, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP\n\
               write(22<anon_inode:[eventfd]>, \"\\1\\0\\0\\0\\0\\0\\0\\0\", 8) = 8\n\
               write(2<pipe:[7]>, \"said\", 4) = 4\n\
               --- SIGCHLD {si_signo=SIGCHLD} ---\n\
               sendto(9<socket:[1]>, [[{nlmsg_len=52, nlmsg_type=RTM_DELROUTE, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK\n\
               write(33<pipe:[9]>, \"{}\", 2) = 2\n\
               write(34<pipe:[10]>, \"\\0\\0\", 2) = 2\n\
               close(33<pipe:[9]>) = 0\n\
               write(28</tmp/f/state/dynamic.jsonl>, \"{}\", 2) = 2\n\
               fdatasync(28</tmp/f/state/dynamic.jsonl>) = 0\n\
               ioctl(30</dev/net/tun<char 10:200>>, TUNSETOFFLOAD, 0x1f) = 0\n";
    let points = points_of(log, Path::new("/tmp/f"));
    let found: Vec<_> = points.into_iter().map(|point| (point.call, point.number, point.place)).collect();
    let (journal, taps) = (Some(("state/dynamic.jsonl".to_owned(), 1)), Some((TAPS.to_owned(), 1)));
    let expected = [
        ("sendto", 2, None),
        ("write", 3, None),
        ("write", 5, journal.clone()),
        ("fdatasync", 1, journal),
        ("ioctl", 1, taps),
    ];
    assert_eq!(found, expected.map(|(call, number, place)| (call.to_owned(), number, place)));
}
