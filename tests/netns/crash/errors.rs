//! Each change to the kernel or to the disk fails once, with one error or another. Whoever asked is told and may ask
//! again; the daemon goes on, and what it had to leave undone is done without anybody's asking.

use super::sample;
use super::stage::{Act, Stage};
use super::story::{STEPS, step};
use super::strace::{Fault, Point, Watcher};

/// What the kernel may answer for want of something, for each call those that a program may expect of it.
fn error_of(point: &Point, number: usize) -> Option<&'static str> {
    let errors: &[&str] = match point.call.as_str() {
        "sendto" | "sendmsg" => &["ENOBUFS", "ENOMEM", "EPERM", "EAGAIN"],
        "ioctl" => &["EBUSY", "ENOMEM", "EPERM", "EINVAL"],
        "openat" => &["EMFILE", "ENFILE", "ENOMEM", "ENOSPC"],
        "clone" => &["EAGAIN", "ENOMEM"],
        // Not to a program, which ends in other ways.
        "write" if point.place.is_some() => &["ENOSPC", "EINTR", "EIO"],
        "fdatasync" | "fsync" => &["EIO", "ENOSPC"],
        "rename" | "mkdir" | "fchmod" | "ftruncate" => &["ENOSPC", "EPERM"],
        "setns" => &["ENOMEM", "EPERM"],
        // To close and to wait cannot fail in earnest.
        _ => return None,
    };
    Some(errors[number % errors.len()])
}

#[test]
fn every_change_fails_once() {
    let stage = Stage::new();
    let (all, views) = stage.rehearse(Act::Calls);
    for (number, point) in sample(all).into_iter().enumerate() {
        let Some(error) = error_of(&point, number) else { continue };
        let occasion = format!("{error} for {}", point.text);
        let folder = stage.folder();
        let daemon = stage.start(&folder, 0);
        let log = folder.path().join("strace");
        let watcher = Watcher::attach(daemon.pid(), "conductor", &log, Some(&Fault::Error(point, error)));
        for number in 0..STEPS {
            let first = step(&stage, &daemon, &folder, number);
            // Once is not always: the second time it must be done.
            let again = first.as_ref().map_or_else(|_| step(&stage, &daemon, &folder, number), |()| Ok(()));
            assert_eq!(again, Ok(()), "{occasion}: step {number}, first {first:?}");
        }
        stage.assert_view(&daemon, &views[STEPS..], &occasion);
        stage.assert_others_stand(&occasion);
        daemon.stop();
        drop(watcher);
        stage.assert_clean(&folder, &occasion);
    }
}
