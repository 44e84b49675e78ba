//! Drops.

use super::*;
use crate::cli::args::DaemonVerb;
use crate::cli::run::follow_drops;

#[test]
fn drops_are_counted_and_shown() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw drops").unwrap(),
        "reason  packets  port    meaning\n\
         IP_TTL        8  tap0 7  it was so\n                 tap1 1\n"
    );
    assert_eq!(
        ask(&mut Daemon::default(), "vgw drops --last").unwrap(),
        "2001-09-09T01:46:40.000042Z tap0 (net1) PKT_TOO_SMALL: no Ethernet header, 3 bytes\n"
    );
}

#[test]
fn following_tells_what_is_new_and_what_was_missed() {
    let (mut daemon, mut told) = (Daemon::default(), Vec::new());
    let arguments = Arguments::try_parse_from(["vgw", "-j", "drops", "-f"]).unwrap();
    let Verb::Daemon(DaemonVerb::Drops(given)) = arguments.verb else { panic!("another verb") };
    let ended = follow_drops(&given, &mut daemon, Form::Json, &mut |line| {
        told.push(line.to_owned());
        if told.len() == 3 { Err(Failure::Output(std::io::ErrorKind::BrokenPipe.into())) } else { Ok(()) }
    });
    assert!(matches!(ended, Err(Failure::Output(_))), "{ended:?}");
    assert_eq!(daemon.asked, ["last_drops None []", "last_drops None [1]"]);
    let packet = "{\"schema\":\"vgw.dropped-packet/1\",\"time\":\"2001-09-09T01:46:40.000042Z\",\"port\":\"tap0\",\
                  \"instance\":\"net1\",\"reason\":\"PKT_TOO_SMALL\",\"packet\":\"no Ethernet header, 3 bytes\",\
                  \"length\":3}\n";
    assert_eq!(told, [packet, "{\"schema\":\"vgw.missed-drops/1\",\"missed\":5}\n", packet]);
}
