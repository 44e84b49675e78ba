use std::io::{self, ErrorKind, Write};

use super::*;
use crate::cli::render::Style;
use crate::clock::ManualClock;
use crate::doctor::{Facts, Order};

/// A host that nobody is to look at.
struct Nowhere;

impl Host for Nowhere {
    fn look(&mut self, _: &Order) -> Facts {
        unreachable!("only the doctor looks at the host")
    }
}

/// What a command line does: exit code, answers, complaints.
fn typed(line: &str) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let console = Console { out: &mut out, out_style: Style::PLAIN, err: &mut err, err_style: Style::PLAIN };
    let code = entry(
        line.split_whitespace().map(OsString::from),
        Arc::new(ManualClock::default()),
        &|_, _| Err("not here".to_owned()),
        &mut Nowhere,
        console,
    );
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn help_and_version_are_answers() {
    let (code, out, err) = typed("vgw --help");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("Usage: vgw"), "{out}");
    assert_eq!(typed("vgw --version"), (0, concat!("vgw ", env!("CARGO_PKG_VERSION"), "\n").into(), String::new()));
}

#[test]
fn usage_errors_are_complaints() {
    let (code, out, err) = typed("vgw gateway add vgw1 --instance a --subnet 10.0.0.0/33");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--subnet <PREFIX>"), "{err}");
    assert_eq!(typed("vgw").0, 2);
}

#[test]
fn errors_are_objects_if_asked() {
    let (code, out, err) = typed("vgw gateway add vgw1 -j --instance a --subnet 10.0.0.0/33");
    assert_eq!((code, err.as_str()), (2, ""));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["schema"], "vgw.error/1");
    assert_eq!(object["error"]["field"], "--subnet <PREFIX>");
    let (code, out, err) = typed("vgw gateway list -nj --socket /nonexistent/vgwd.sock");
    assert_eq!((code, err.as_str()), (4, ""), "letters may stand together");
    assert!(out.starts_with(r#"{"schema":"vgw.error/1""#), "{out}");
    let version = concat!(r#"{"schema":"vgw.version/1","version":""#, env!("CARGO_PKG_VERSION"), "\"}\n");
    assert_eq!(typed("vgw -j --version"), (0, version.into(), String::new()));
}

#[test]
fn a_daemon_that_is_not_there_is_exit_4() {
    let (code, out, err) = typed("vgw --socket /nonexistent/vgwd.sock status");
    assert_eq!((code, out.as_str()), (4, ""));
    assert!(err.contains("systemctl start vgwd"), "{err}");
    let (code, out, _) = typed("vgw --socket /nonexistent/vgwd.sock status -j");
    assert_eq!(code, 4);
    assert!(out.contains(r#""kind":"unreachable""#), "{out}");
}

#[test]
fn old_configuration_becomes_new() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.conf");
    std::fs::write(&path, "[GATEWAY-0]\ninterface=vgw\nrouting_instance=net\nip_blocks=1.1.1.1/24\n").unwrap();
    let path = path.display().to_string();
    let (code, out, err) = typed(&format!("vgw import {path}"));
    assert_eq!(code, 0);
    assert!(
        out.ends_with(
            "GATEWAY-0\n[[gateway]]\ninterface = \"vgw\"\nrouting_instance = \"net\"\nsubnets = [\"1.1.1.0/24\"]\n"
        ),
        "{out}"
    );
    assert_eq!(
        err,
        format!("vgw: note: {path}:4: GATEWAY-0.ip_blocks: 1.1.1.1/24 has host bits, 1.1.1.0/24 is meant\n")
    );
    let (code, out, _) = typed(&format!("vgw import -j {path}"));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &object["schema"]), (0, &"vgw.import/1".into()));
    assert_eq!(object["gateways"][0]["subnets"][0], "1.1.1.0/24");
    let (code, out, err) = typed(&format!("vgw import --devstack {path}"));
    assert_eq!((code, out.as_str()), (0, ""));
    assert!(err.contains("CONTRAIL_VGW_INTERFACE"), "{err}");
    assert_eq!(typed(&format!("vgw import -n {path}")).0, 2);

    std::fs::write(&path, "[GATEWAY-0]\ninterface=a/b\nrouting_instance=net\nip_blocks=1.1.1.1/24\n").unwrap();
    let (code, out, err) = typed(&format!("vgw import {path}"));
    let reason = format!("{path}:2: GATEWAY-0.interface: the name contains '/', which is not allowed");
    assert_eq!((code, out.as_str(), err), (78, "", format!("vgw: {reason}\n")));
    let (code, out, err) = typed(&format!("vgw import -j {path}"));
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, err.as_str()), (78, ""));
    assert_eq!(object["error"]["kind"], "configuration");
    assert_eq!(
        (&object["error"]["field"], &object["error"]["reason"]),
        (&"GATEWAY-0.interface".into(), &reason.into())
    );
    assert_eq!(typed("vgw import /nonexistent/file").0, 78);
}

#[test]
fn cleared_host_bits_are_told() {
    let (_, _, err) = typed("vgw --socket /nonexistent/s gateway add vgw1 --instance a --subnet 10.1.2.3/24");
    assert!(err.starts_with("vgw: note: --subnet had host bits and is taken as 10.1.2.0/24\n"), "{err}");
}

/// A pipe whose reader has gone.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_is_no_failure() {
    let console = Console { out: &mut Broken, out_style: Style::PLAIN, err: &mut Broken, err_style: Style::PLAIN };
    let words = ["vgw", "--help"].map(OsString::from);
    assert_eq!(
        entry(words, Arc::new(ManualClock::default()), &|_, _| Err("not here".to_owned()), &mut Nowhere, console),
        0
    );
}
