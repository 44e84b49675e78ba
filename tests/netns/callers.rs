//! Who is served by TCP: root and those named, and no page of a browser.

use crate::daemon::{Daemon, request};
use crate::namespace::Namespace;
use crate::site::{NET1, Site};

/// The user `nobody` of most systems.
const NOBODY: u32 = 65534;

/// A call of KeepAliveCheck as a framed message, for printf.
const CALL: &str = r"\x00\x00\x00\x1b\x80\x01\x00\x01\x00\x00\x00\x0eKeepAliveCheck\x00\x00\x00\x07\x00";

/// What a user gets for a message sent to a port of the loopback: the bytes as hexadecimal digits, or nothing.
fn ask(place: &Namespace, uid: u32, address: &str, message: &str) -> String {
    let script = format!(
        "exec 3<>/dev/tcp/{address} && printf '{message}' >&3 && timeout 20 head -c 12 <&3 | od -An -tx1 | tr -d ' '"
    );
    let words = ["--reuid", &uid.to_string(), "--clear-groups", "bash", "-c", &script].map(str::to_owned);
    place.enter(|| {
        let output = std::process::Command::new("setpriv").args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// The beginning of a reply to [`CALL`].
const SERVED: &str = "0000001f800100020000000e";

fn thrift(place: &Namespace, uid: u32, address: &str) -> bool {
    ask(place, uid, address, CALL).starts_with(SERVED)
}

#[test]
fn only_root_and_those_named_are_served() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let daemon = site.start("[rest]\nlisten = \"127.0.0.1:9091\"\n[api]\nallow_users = [1234]\n");
    assert!(thrift(place, 0, "127.0.0.1/9090"));
    assert!(thrift(place, 1234, "127.0.0.1/9090"));
    assert!(!thrift(place, NOBODY, "127.0.0.1/9090"));
    daemon.wait_for_log("connection refused: uid 65534 may not call");
    assert!(!thrift(place, 1235, "127.0.0.1/9090"));

    // `HTTP/1.1 403` and so on.
    let get = |uid, fields: &str| {
        let answer = ask(place, uid, "127.0.0.1/9091", &format!(r"GET / HTTP/1.1\r\nHost: {fields}\r\n\r\n"));
        let bytes = answer.as_bytes().chunks(2).skip(9).take(3).map(|digits| {
            let digits = std::str::from_utf8(digits).unwrap();
            u8::from_str_radix(digits, 16).unwrap() as char
        });
        bytes.collect::<String>()
    };
    assert_eq!(get(0, "localhost:9091"), "404", "served, and not known");
    assert_eq!(get(1234, "localhost:9091"), "404");
    assert_eq!(get(NOBODY, "localhost:9091"), "");
    assert_eq!(get(0, "example.org"), "403");
    assert_eq!(get(0, r"localhost\r\nOrigin: https://example.org"), "403");

    assert!(daemon.add(&[request("vgw1", NET1, &["10.5.1.0/24"])]));
    daemon.wait_for_log("gateway vgw1");
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("gateway vgw1")).unwrap();
    assert!(line.contains("thrift 127.0.0.1:") && line.contains("uid 0"), "{line}");
}

#[test]
fn callers_by_ipv6_and_from_other_hosts() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let flags = ["--thrift-listen", "[::]:9090"];
    let daemon = Daemon::start_with(place, site.folder(), "[api]\nallow_remote = true\n", &flags);
    for address in ["::1/9090", "127.0.0.1/9090", "::ffff:127.0.0.1/9090"] {
        assert!(thrift(place, 0, address), "{address}");
        assert!(!thrift(place, NOBODY, address), "{address}");
    }
    daemon.wait_for_log("uid 65534 may not call");
    // By an address of the host that others reach, its own users are still known.
    let own = place.ip("-4 -brief address show scope global");
    let own = own.split_whitespace().nth(2).and_then(|address| address.split('/').next()).unwrap();
    assert!(thrift(place, 0, &format!("{own}/9090")));
    assert!(!thrift(place, NOBODY, &format!("{own}/9090")));
    assert!(thrift(&site.outside, NOBODY, &format!("{own}/9090")), "users of others are not");
}

/// Calls ConnectForVirtualGateway and closes at once, again and again: the socket may be nobody's any more
/// when it is accepted.
const HASTE: &str = r#"
import socket, sys
call = bytes.fromhex('80010001') + (24).to_bytes(4, 'big') + b'ConnectForVirtualGateway' + bytes(4) + bytes(1)
for _ in range(200):
    with socket.socket() as caller:
        caller.bind((sys.argv[1], 0))
        caller.connect((sys.argv[2], 9090))
        caller.sendall(len(call).to_bytes(4, 'big') + call)
"#;

#[test]
fn who_closes_in_haste_is_not_taken_for_another_host() {
    let site = Site::new();
    let place = &site.compute;
    place.ip("link set lo up");
    let flags = ["--thrift-listen", "0.0.0.0:9090"];
    let daemon = Daemon::start_with(place, site.folder(), "[api]\nallow_remote = true\n", &flags);
    let own = place.ip("-4 -brief address show scope global");
    let own = own.split_whitespace().nth(2).and_then(|address| address.split('/').next()).unwrap();
    for to in ["127.0.0.1", own] {
        let uid = NOBODY.to_string();
        let words = ["--reuid", &uid, "--clear-groups", "/usr/bin/python3", "-c", HASTE, own, to].map(str::to_owned);
        let ended = place.enter(|| std::process::Command::new("setpriv").args(words).output().unwrap());
        assert!(ended.status.success(), "{ended:?}");
        // Who comes now is served after all of those.
        assert!(thrift(place, 0, "127.0.0.1/9090"));
        assert_eq!(daemon.status().audit.version, 0, "from {own} to {to}");
    }
}

#[test]
fn what_other_hosts_reach_must_be_meant() {
    let site = Site::new();
    let daemon = Daemon::launch(&site.compute, site.folder(), "", &[], &["--thrift-listen", "0.0.0.0:9090"]);
    let (status, log) = daemon.wait();
    assert_eq!(status.code(), Some(78), "{log}");
    assert!(log.contains("allow_remote"), "{log}");
}
