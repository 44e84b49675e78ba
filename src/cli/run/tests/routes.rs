//! Many routes.

use super::*;

#[test]
fn a_long_list_comes_in_parts() {
    let mut daemon = Daemon { routes: 40_000, ..Daemon::default() };
    let shown = ask(&mut daemon, "vgw -j route list --instance a").unwrap();
    assert_eq!(shown.matches("\"prefix\"").count(), 40_000);
    let parts = ["", "0.0.63.255/32", "0.0.127.255/32"].map(|after| format!("list_routes_after a '{after}'"));
    assert_eq!(daemon.asked, parts);
}

#[test]
fn the_last_part_may_be_empty() {
    let mut daemon = Daemon { routes: 16_384, ..Daemon::default() };
    let shown = ask(&mut daemon, "vgw -j route list --instance a").unwrap();
    assert_eq!((shown.matches("\"prefix\"").count(), daemon.asked.len()), (16_384, 2));
}

fn load(daemon: &mut Daemon, text: &str) -> Result<String, Failure> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    ask(daemon, &format!("vgw route load --instance a {}", file.path().display()))
}

#[test]
fn routes_are_loaded_together() {
    let mut daemon = Daemon::default();
    let shown = load(&mut daemon, "10.1.0.0/16 delete\n10.2.0.0/16 discard\n10.3.0.0/16 discard\n");
    assert_eq!(shown.unwrap(), "routes of a: 2 added, 1 changed, 1 deleted\n");
    assert_eq!(daemon.asked, ["change_routes a -[10.1.0.0/16] +[10.2.0.0/16 10.3.0.0/16]"]);
}

#[test]
fn nothing_is_loaded_of_a_file_with_a_mistake() {
    let mut daemon = Daemon::default();
    let failure = load(&mut daemon, "10.1.0.0/16 discard\n10.1.0.0/16 reject\n").unwrap_err();
    assert_eq!(failure.to_string(), "line 2: 'reject' is no next hop");
    assert!(daemon.asked.is_empty());
}

#[test]
fn what_the_daemon_refuses_is_told_by_its_lines() {
    let error = RequestError::new(ErrorKind::CONFLICT, "prefix".into(), "no".into());
    let mut daemon = Daemon { refuses: Some(error), ..Daemon::default() };
    let failure = load(&mut daemon, "\n10.1.0.0/16 discard\n10.2.0.0/16 discard\n").unwrap_err();
    assert_eq!(failure.to_string(), "lines 2 to 3 are not carried out, those before are: no");
}
