//! Configurations.

use super::*;

#[test]
fn configurations_are_compared_and_applied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    std::fs::write(&path, "[limits]\nports = 7\n").unwrap();
    let path = path.display();
    let changes =
        "~ limits\n    mtu: 1 → 2\n~ port tap0\n    mtu: 1400 → none\n+ port tap1\n    mtu: 1400\n- port tap2\n";
    let mut daemon = Daemon::default();
    let told = ask(&mut daemon, &format!("vgw diff {path}")).unwrap();
    assert_eq!(told, format!("{changes}nothing changes in the host\n"));
    assert_eq!(ask(&mut daemon, &format!("vgw apply {path} -n")).unwrap(), told);
    let told = ask(&mut daemon, &format!("vgw apply {path} --confirm 1m")).unwrap();
    let note = "the daemon reads its own file again when it is started or reloaded: keep it there\n";
    assert_eq!(told, format!("{changes}applied; it is taken back in 1 min unless you say vgw confirm\n{note}"));
    let told = ask(&mut daemon, &format!("vgw -j apply {path}")).unwrap();
    assert!(told.ends_with("\"confirm_within_ms\":null,\"lasts_until_restart\":true}\n"), "{told}");
    let text = "[limits]\nports = 7";
    assert_eq!(daemon.asked, ["compare 1", "compare 1", &format!("apply {text} 60000"), &format!("apply {text} 0")]);
}

#[test]
fn a_bad_configuration_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.toml");
    std::fs::write(&path, "[limits]\nports = -7\n").unwrap();
    let mut daemon = Daemon::default();
    let failure = ask(&mut daemon, &format!("vgw apply {}", path.display())).unwrap_err();
    assert_eq!((failure.exit_code(), failure.field()), (78, "limits.ports"));
    assert_eq!(daemon.asked, [""; 0]);
}
