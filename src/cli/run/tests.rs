//! Each verb's questions to the daemon, and what is told of its answers.

mod configuration;
mod daemon;
mod drops;
mod fabric;
mod networks;
mod rehearsal;
mod routes;
mod uplinks;

use clap::Parser;

use super::super::args::{Arguments, Verb};
use super::super::failure::Failure;
use super::super::render::Style;
use super::{Form, run};
use crate::api::generated::virtual_gateway::{ErrorKind, RequestError};

use daemon::Daemon;

fn ask(daemon: &mut Daemon, line: &str) -> Result<String, Failure> {
    let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
    let form = if arguments.json { Form::Json } else { Form::People(Style::PLAIN) };
    let Verb::Daemon(verb) = arguments.verb else { panic!("not for the daemon") };
    run(&verb, arguments.dry_run, daemon, form)
}

#[test]
fn each_verb_asks_its_own_question() {
    for (line, asked) in [
        ("vgw gateway add vgw1 --instance a --subnet 10.1.2.3/24", r#"add vgw1 ["10.1.2.0/24"]"#),
        ("vgw gateway delete vgw1", "delete vgw1"),
        ("vgw gateway list", "list_gateways"),
        ("vgw gateway show vgw1", "list_gateways"),
        ("vgw port add tap0 --instance a --address 10.0.0.7", "add_port tap0"),
        ("vgw port delete tap0", "delete_port tap0"),
        ("vgw port list", "list_ports"),
        ("vgw uplink add u --device eth1 --address 10.0.0.5/24 --via 10.0.0.1", "add_uplink u"),
        ("vgw uplink add u --device eth1 --lease ipv4", "add_uplink u"),
        ("vgw uplink lease eth1 --address 10.0.0.5/255.255.255.0 --via 10.0.0.1", "read_lease eth1 ipv4"),
        ("vgw uplink lease eth1 --address fd00::5/128 --via fe80::1", "read_lease eth1 ipv6"),
        ("vgw uplink release eth1 --family ipv6", "read_lease eth1 ipv6"),
        ("vgw uplink delete u", "delete_uplink u"),
        ("vgw uplink list", "list_uplinks"),
        (
            "vgw network add 9F2c1d34-0a1b-4c5d-8e6f-0123456789ab --instance a --gateway 10.0.0.1",
            "add_network 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab [\"10.0.0.1\"]",
        ),
        (
            "vgw network delete 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
            "delete_network 9f2c1d34-0a1b-4c5d-8e6f-0123456789ab",
        ),
        ("vgw network list", "list_networks"),
        ("vgw instance list", "list_instances"),
        ("vgw route add --instance a 10.0.0.0/8 --discard", "add_route 10.0.0.0/8"),
        ("vgw route delete --instance a 10.0.0.0/8", "delete_route a 10.0.0.0/8"),
        ("vgw route list --instance a", "list_routes_after a ''"),
        ("vgw route lookup --instance a 10.0.0.1", "lookup a 10.0.0.1"),
        ("vgw host show", "list_host_objects"),
        ("vgw host diff", "diff_host"),
        ("vgw uplink import", "import [] false"),
        ("vgw uplink import eth1 -n", "import [\"eth1\"] true"),
        ("vgw --dry-run port delete tap0", "rehearse delete_port tap0"),
        ("vgw confirm", "confirm"),
        ("vgw rollback", "roll_back"),
        ("vgw drops --reason IP_TTL", "list_drops Some(\"IP_TTL\")"),
        ("vgw drops --last --port tap0", "last_drops Some(\"tap0\") []"),
        ("vgw status", "status"),
        ("vgw audit", "audit"),
    ] {
        let mut daemon = Daemon::default();
        ask(&mut daemon, line).unwrap_or_else(|failure| panic!("{line}: {failure}"));
        assert_eq!(daemon.asked, [asked], "{line}");
    }
}

#[test]
fn audit_verbs_show_what_came_of_them() {
    let mut daemon = Daemon::default();
    ask(&mut daemon, "vgw audit timer -1").unwrap();
    let shown = ask(&mut daemon, "vgw -j audit connect").unwrap();
    assert_eq!(daemon.asked, ["timer -1", "audit", "connect", "audit"]);
    assert_eq!(shown, "{\"schema\":\"vgw.audit/1\",\"version\":1,\"timeout_ms\":300,\"running\":[]}\n");
}

#[test]
fn what_is_not_there_is_not_found() {
    for line in ["vgw gateway delete vgw9", "vgw gateway show vgw9", "vgw port show tap9", "vgw uplink show u9"] {
        let failure = ask(&mut Daemon::default(), line).unwrap_err();
        assert_eq!(failure.exit_code(), 3, "{line}: {failure}");
    }
}

#[test]
fn a_refusal_keeps_its_field_and_kind() {
    let error = RequestError::new(ErrorKind::CONFLICT, "subnets".into(), "taken".into());
    let mut daemon = Daemon { refuses: Some(error), ..Daemon::default() };
    let failure = ask(&mut daemon, "vgw gateway add vgw1 --instance a --subnet 10.0.0.0/8").unwrap_err();
    assert_eq!((failure.kind(), failure.field(), failure.exit_code()), ("conflict", "subnets", 1));
}

#[test]
fn the_form_is_as_asked() {
    assert_eq!(ask(&mut Daemon::default(), "vgw gateway delete vgw1").unwrap(), "gateway vgw1 deleted\n");
    assert_eq!(
        ask(&mut Daemon::default(), "vgw -j gateway delete vgw1").unwrap(),
        "{\"schema\":\"vgw.outcome/1\",\"object\":\"gateway\",\"name\":\"vgw1\",\"outcome\":\"deleted\"}\n"
    );
}

#[test]
fn objects_of_the_host_show_how_they_stand() {
    assert_eq!(
        ask(&mut Daemon::default(), "vgw host show").unwrap(),
        "object                     state     for           because\n\
         link vgw1                  in place  gateway vgw1  why\n\
         route 10.0.0.0/8 dev vgw1  missing   gateway vgw1  why\n"
    );
    assert_eq!(ask(&mut Daemon::default(), "vgw host diff").unwrap(), "nothing to do: the kernel is as it should be\n");
}
