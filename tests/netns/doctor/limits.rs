//! What the doctor may not see, or the daemon not have.

use std::thread;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use super::*;

#[test]
fn without_the_daemon_it_says_so_and_looks_at_the_rest() {
    let site = site();
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), ["daemon-unreachable"], "{said:#}");
    std::fs::create_dir_all(site.folder().join("run/systemd/netif")).unwrap();
    std::fs::write(site.folder().join("run/systemd/netif/state"), "").unwrap();
    let said = diagnosis(&site.compute, site.folder(), "");
    assert_eq!(ids(&said), ["daemon-unreachable", "networkd"], "{said:#}");
    // One namespace's daemon, looked at from another.
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let said = diagnosis(&site.outside, site.folder(), "--fix networkd");
    assert_eq!((ids(&said), &said["fixed"][0]["id"]), (vec!["tap-missing"], &"networkd".into()), "{said:#}");
}

#[test]
fn who_has_not_the_rights_is_told_so_and_sees_less() {
    let site = site();
    let _daemon = site.start("");
    must(site.folder(), &format!("gateway add vgw1 --instance {NET1} --subnet 192.168.1.0/24"));
    let (vgw, socket) = (env!("CARGO_BIN_EXE_vgw"), site.folder().join("vgwd.sock"));
    let run = |lead: &str| {
        let line = format!("{lead} {vgw} -j --socket {} doctor", socket.display());
        let (code, said) = shell(&site.compute, site.folder(), &line);
        (code, serde_json::from_str::<Value>(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
    };
    let (code, said) = run("setpriv --bounding-set=-net_raw");
    assert_eq!((code, ids(&said)), (Some(1), vec!["rights"]), "{said:#}");
    assert!(said["unseen"].to_string().contains("no packets were sent"), "{said:#}");
    // The socket is root's.
    let (code, said) = run("setpriv --reuid 65534 --regid 65534 --clear-groups");
    assert_eq!((code, &said["error"]["kind"]), (Some(77), &"not_permitted".into()), "{said:#}");
}

/// Has the present thread, and what it starts, find a kernel that answers these calls by an error.
fn refuse(calls: &[libc::c_long], errno: i32) {
    let rules = calls.iter().map(|call| (*call, Vec::new())).collect();
    let action = SeccompAction::Errno(errno.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, action, std::env::consts::ARCH.try_into().unwrap()).unwrap();
    apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();
}

#[test]
fn what_the_kernel_does_not_do_for_the_sandbox_is_told() {
    let site = site();
    let daemon = thread::scope(|scope| {
        let started = scope.spawn(|| {
            refuse(&[libc::SYS_landlock_create_ruleset], libc::ENOSYS);
            refuse(&[libc::SYS_capset], libc::EPERM);
            refuse(&[libc::SYS_seccomp], libc::EINVAL);
            site.start("")
        });
        started.join().unwrap()
    });
    let said = diagnosis(&site.compute, site.folder(), "--no-probe");
    assert_eq!(ids(&said), ["sandbox", "sandbox"], "{said:#}");
    for (finding, means, helps) in [(0, "landlock", "lsm="), (1, "seccomp", "CONFIG_SECCOMP_FILTER")] {
        let finding = &said["findings"][finding];
        assert_eq!((&finding["subject"], &finding["severity"]), (&means.into(), &"warning".into()), "{finding:#}");
        assert!(finding.to_string().contains(helps), "{finding:#}");
    }
    let status = must(site.folder(), "status");
    let line = status.lines().find(|line| line.starts_with("sandbox: ")).unwrap();
    for words in
        ["landlock not in force (this kernel has no landlock", "seccomp not in force (", "capabilities in part ("]
    {
        assert!(line.contains(words), "{words}: {line}");
    }
    drop(daemon);
    let _daemon = site.start("");
    assert!(must(site.folder(), "status").contains("\nsandbox: landlock"));
    assert!(ids(&diagnosis(&site.compute, site.folder(), "--no-probe")).is_empty());
}
