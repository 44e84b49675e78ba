//! Changes that are only tried out.

use super::*;

#[test]
fn a_rehearsal_tells_what_would_be_done() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw port delete tap0 --dry-run").unwrap(),
        "port tap0 would be deleted:\nip link delete tap0  # port tap0\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j -n port delete tap0").unwrap(),
        "{\"schema\":\"vgw.rehearsal/1\",\"object\":\"port\",\"name\":\"tap0\",\"outcome\":\"deleted\",\
         \"steps\":[{\"command\":\"link delete tap0\",\"owners\":[\"port tap0\"]}]}\n"
    );
}

#[test]
fn only_changes_can_be_tried_out() {
    for line in [
        "vgw --dry-run status",
        "vgw -n gateway list",
        "vgw -n audit connect",
        "vgw -n host show",
        "vgw -n fabric confirm",
        "vgw -n drops --follow",
        "vgw -n uplink release eth1",
    ] {
        let mut daemon = Daemon::default();
        let failure = ask(&mut daemon, line).unwrap_err();
        assert_eq!((failure.field(), failure.exit_code()), ("--dry-run", 2), "{line}");
        assert_eq!(daemon.asked, [""; 0], "{line}");
    }
}
