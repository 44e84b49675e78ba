use clap::Parser;

use super::super::args::Arguments;
use super::*;

fn refused(kind: ErrorKind) -> Failure {
    Failure::Refused(RequestError::new(kind, "subnets".into(), "it overlaps".into()))
}

#[test]
fn exit_codes_are_the_documented_ones() {
    for (failure, code) in [
        (refused(ErrorKind::INVALID), 2),
        (refused(ErrorKind::CONFLICT), 1),
        (refused(ErrorKind::STATIC), 1),
        (refused(ErrorKind::NOT_FOUND), 3),
        (refused(ErrorKind::KERNEL), 1),
        (refused(ErrorKind::NOT_PERMITTED), 77),
        (refused(ErrorKind::STOPPING), 4),
        (refused(ErrorKind(99)), 1),
        (Failure::NotFound { object: "port", name: "x".into() }, 3),
        (Failure::connecting("/s".into(), &io::ErrorKind::NotFound.into()), 4),
        (Failure::connecting("/s".into(), &io::ErrorKind::PermissionDenied.into()), 77),
        (Failure::Protocol("x".into()), 1),
    ] {
        assert_eq!(failure.exit_code(), code, "{failure:?}");
    }
}

#[test]
fn people_get_one_line_with_the_field() {
    assert_eq!(refused(ErrorKind::CONFLICT).render(Style::PLAIN), "vgw: subnets: it overlaps\n");
    let missing = Failure::connecting("/run/x".into(), &io::Error::from_raw_os_error(2));
    assert_eq!(
        missing.render(Style::PLAIN),
        "vgw: no daemon answers at /run/x: no such file or directory; \
         start it with 'systemctl start vgwd' or 'sudo vgwd'\n"
    );
}

#[test]
fn a_field_is_named_once() {
    let told = |field: &str, reason: &str| {
        Failure::Refused(RequestError::new(ErrorKind::CONFLICT, field.into(), reason.into())).render(Style::PLAIN)
    };
    assert_eq!(told("subnets", "subnet 10.0.0.0/8 overlaps"), "vgw: subnet 10.0.0.0/8 overlaps\n");
    let of_file = "a.toml:8: gateway.subnets: it overlaps";
    assert_eq!(told("gateway.subnets", of_file), format!("vgw: {of_file}\n"));
}

#[test]
fn a_missing_command_is_said_to_be_missing() {
    let failure = Failure::from(Arguments::try_parse_from(["vgw", "gateway"]).unwrap_err());
    assert_eq!((failure.field(), failure.exit_code()), ("command", 2));
    assert!(failure.to_string().starts_with("a command is missing"), "{failure}");
}

#[test]
fn programs_get_kind_field_and_reason() {
    assert_eq!(
        refused(ErrorKind::CONFLICT).to_json(),
        r#"{"schema":"vgw.error/1","error":{"kind":"conflict","field":"subnets","reason":"it overlaps"}}"#
    );
}

#[test]
fn everything_wrong_with_a_configuration_is_told() {
    let text = "[dataplane]\nworkers = 0\nspin = '1s'\n[rest]\nlisten = '9091'\n".to_owned();
    let source = crate::config::Source { path: "a.toml".into(), text };
    let failure = Failure::Configuration(crate::config::Config::of_sources(&[source]).unwrap_err());
    let lines = failure.render(Style::PLAIN);
    assert_eq!(lines.matches("vgw: a.toml:").count(), 3, "{lines}");
    let object: serde_json::Value = serde_json::from_str(&failure.to_json()).unwrap();
    assert_eq!(object["error"]["field"], "dataplane.workers");
    let more: Vec<_> = object["more"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(more, ["dataplane.spin", "rest.listen"]);
}

#[test]
fn usage_keeps_field_and_reason() {
    let line = "vgw gateway add vgw1 --instance a --subnet 10.0.0.0/33";
    let failure = Failure::from(Arguments::try_parse_from(line.split_whitespace()).unwrap_err());
    assert_eq!(failure.field(), "--subnet <PREFIX>");
    assert_eq!(
        failure.to_string(),
        "invalid value '10.0.0.0/33' for '--subnet <PREFIX>': prefix length 33 is not in 0..=32"
    );
    assert_eq!(failure.exit_code(), 2);
}
