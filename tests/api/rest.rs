//! The REST form, byte for byte and as curl and Python speak it.

use std::io::{ErrorKind, Read};
use std::process::Command;
use std::time::Duration;

use vgw::api::Limits;

use crate::conductor::{STATIC, TAKEN};
use crate::daemon::Daemon;
use crate::wire::Raw;

/// The body that the later agents' script sends.
const GATEWAY: &str = r#"[{"interface":"vgw1", "routing-instance":"net1", "subnets":[{"ip-address":"10.1.0.0", "prefix-len":16}], "routes":[{"ip-address":"0.0.0.0", "prefix-len":0}]}]"#;
const ADDED: &str = "rest: add [\"vgw1 in net1 subnets {10.1.0.0/16} routes {0.0.0.0/0}\"] seen []";
const DONE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: 2\r\n\r\n{}";

fn request(method: &str, fields: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} /gateway HTTP/1.1\r\nHost: localhost:9091\r\nContent-Length: {length}\r\n{fields}\r\n{body}")
}

/// The next answer of a connection: its head and its body.
pub(crate) fn receive(client: &mut Raw) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.0.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0").parse().unwrap();
    let mut body = vec![0; length];
    client.0.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn ask(daemon: &Daemon, request: impl AsRef<[u8]>) -> (String, String) {
    let mut client = daemon.connect();
    client.send(request.as_ref()).unwrap();
    receive(&mut client)
}

/// This is answered with this status, the connection ends, and others are served.
fn assert_refused(daemon: &Daemon, request: impl AsRef<[u8]>, status: u16) {
    let mut client = daemon.connect();
    // The rest may find the connection closed.
    let _ = client.send(request.as_ref());
    let (head, body) = receive(&mut client);
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains("Connection: close\r\n"), "{head}{body}");
    client.half_close();
    client.assert_closed();
    assert_serves(daemon);
    assert_eq!(daemon.asked(), [""; 0]);
}

fn assert_serves(daemon: &Daemon) {
    assert_eq!(ask(daemon, request("POST", "", "[]")).1, "{}");
}

#[test]
fn gateways_come_and_go() {
    let daemon = Daemon::rest(Limits::default());
    let mut client = daemon.connect();
    for (method, body) in
        [("POST", GATEWAY), ("DELETE", r#"[{"interface":"vgw1"}]"#), ("DELETE", r#"[{"interface":"vgw1"}]"#)]
    {
        client.send(request(method, "", body).as_bytes()).unwrap();
        let (head, body) = receive(&mut client);
        assert_eq!(head + &body, DONE);
    }
    assert_eq!(daemon.asked(), [ADDED, "rest: delete [\"vgw1\"]", "rest: delete [\"vgw1\"]"]);
}

#[test]
fn nothing_is_asked_for_an_empty_list_and_for_names_that_cannot_be() {
    let daemon = Daemon::rest(Limits::default());
    for (method, body) in [("POST", "[]"), ("DELETE", "[]"), ("DELETE", r#"[{"interface":"far too long for Linux"}]"#)]
    {
        let (head, body) = ask(&daemon, request(method, "", body));
        assert_eq!(head + &body, DONE);
    }
    assert_eq!(daemon.asked(), [""; 0]);
}

#[test]
fn one_bad_element_refuses_the_request() {
    let daemon = Daemon::rest(Limits::default());
    let body = format!("{},{}", GATEWAY.trim_end_matches(']'), "{}]");
    for method in ["POST", "DELETE"] {
        let (head, answer) = ask(&daemon, request(method, "", &body));
        assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        let error: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let error = error["error"].as_str().unwrap();
        assert!(
            error.starts_with("{ Json string does not have ") && error.ends_with(&format!(" ==> {body} }}")),
            "{error}"
        );
    }
    assert_eq!(daemon.asked(), [""; 0]);
}

#[test]
fn what_is_not_carried_out_is_told() {
    let daemon = Daemon::rest(Limits::default());
    let two = format!("{},{}", GATEWAY.trim_end_matches(']'), GATEWAY.replace("vgw1", TAKEN).trim_start_matches('['));
    let (head, body) = ask(&daemon, request("POST", "", &two));
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert_eq!(body, format!(r#"{{"error":"{{ {TAKEN}: {TAKEN} is already a port }}"}}"#));
    let (_, body) = ask(&daemon, request("DELETE", "", &format!(r#"[{{"interface":"{STATIC}"}}]"#)));
    assert!(body.contains("static0 is defined in the configuration file"), "{body}");
    assert_eq!(daemon.asked().len(), 2);
}

#[test]
fn what_is_not_served_is_unknown() {
    let daemon = Daemon::rest(Limits::default());
    for line in ["GET /gateway", "PUT /gateway", "POST /gateways", "POST /gateway/", "POST /port", "HEAD /"] {
        let (head, body) = ask(&daemon, format!("{line} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert!(head.starts_with("HTTP/1.1 404 Not Found\r\n"), "{line}: {head}");
        assert_eq!(body, r#"{"error":"Unknown Request"}"#);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let daemon = Daemon::rest(Limits::default());
    let mut client = daemon.connect();
    let requests = request("POST", "", GATEWAY) + &request("POST", "", "nonsense") + &request("DELETE", "", "[]");
    // In pieces that end anywhere.
    for piece in requests.as_bytes().chunks(7) {
        client.send(piece).unwrap();
    }
    let statuses = [(); 3].map(|()| receive(&mut client).0[9..12].to_owned());
    assert_eq!(statuses, ["200", "500", "200"]);
    assert_eq!(daemon.asked(), [ADDED]);
}

#[test]
fn a_client_may_wait_before_it_sends_the_body() {
    let daemon = Daemon::rest(Limits::default());
    let mut client = daemon.connect();
    let whole = request("POST", "Expect: 100-continue\r\n", GATEWAY);
    let (head, body) = whole.split_at(whole.len() - GATEWAY.len());
    client.send(head.as_bytes()).unwrap();
    assert_eq!(receive(&mut client).0, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body.as_bytes()).unwrap();
    assert_eq!(receive(&mut client).1, "{}");
}

#[test]
fn a_client_that_says_so_or_is_old_is_closed() {
    let daemon = Daemon::rest(Limits::default());
    let old = request("POST", "", "[]").replace("HTTP/1.1", "HTTP/1.0");
    for text in [request("POST", "Connection: close\r\n", "[]"), old] {
        let mut client = daemon.connect();
        client.send(text.as_bytes()).unwrap();
        assert!(receive(&mut client).0.contains("Connection: close\r\n"));
        client.assert_closed();
    }
}

#[test]
fn hostile_heads_are_refused() {
    let daemon = Daemon::rest(Limits::default());
    let host = "POST /gateway HTTP/1.1\r\nHost: localhost\r\n";
    let chunked = format!("{host}Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n");
    assert_refused(&daemon, chunked, 411);
    let both = format!("{host}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n[]\r\n0\r\n\r\n");
    assert_refused(&daemon, both, 400);
    assert_refused(&daemon, format!("{host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n[] "), 400);
    assert_refused(&daemon, format!("{host}Content-Length: -1\r\n\r\n"), 400);
    assert_refused(&daemon, "POST /gateway HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", 400);
    assert_refused(&daemon, "POST /gateway HTTP/9.9\r\n\r\n", 400);
    assert_refused(&daemon, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400);
    // A frame of the Thrift service.
    assert_refused(&daemon, b"\0\0\0\x1a\x80\x01\0\x01\0\0\0\x0eKeepAliveCheck\0\0\0\0\0", 400);
    assert_refused(&daemon, format!("{host}{}\r\n", "a: b\r\n".repeat(100)), 431);
    assert_refused(&daemon, format!("{host}a: {}\r\n\r\n", "x".repeat(1 << 20)), 431);
    assert_refused(&daemon, format!("{host}Content-Length: {}\r\n\r\n{}", 2 << 20, " ".repeat(2 << 20)), 413);
}

#[test]
fn the_longest_body_is_read() {
    let daemon = Daemon::rest(Limits::default());
    let body = " ".repeat((1 << 20) - GATEWAY.len()) + GATEWAY;
    assert_eq!(ask(&daemon, request("POST", "", &body)).1, "{}");
    let (head, _) = ask(&daemon, [request("POST", "", &GATEWAY.replace("vgw1", "vgw\u{e9}")).as_bytes(), b""].concat());
    assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
    assert_eq!(daemon.asked(), [ADDED]);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let daemon = Daemon::rest(Limits::default());
    let body = [b"[{\"interface\":\"".as_slice(), &[0xff, 0xfe], b"\"}]"].concat();
    let head = format!("DELETE /gateway HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    let (head, answer) = ask(&daemon, [head.as_bytes(), &body].concat());
    assert!(head.starts_with("HTTP/1.1 500 ") && answer.contains("Invalid Json string"), "{head}{answer}");
    assert_eq!(daemon.asked(), [""; 0]);
}

#[test]
fn slow_clients_are_not_waited_for() {
    let short = Duration::from_millis(200);
    let daemon = Daemon::rest(Limits { frame_time: short, reply_time: short, ..Limits::default() });
    // A head that stays half, a body that never comes, and one that comes in drops.
    for start in ["POST /gate", "POST /gateway HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n["] {
        let mut client = daemon.connect();
        client.send(start.as_bytes()).unwrap();
        client.assert_closed();
    }
    let mut client = daemon.connect();
    client.0.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    client.send(b"POST /gateway HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n").unwrap();
    for sent in 0.. {
        match client.0.read(&mut [0]) {
            Ok(0) => break,
            Ok(_) => panic!("the server answered half a request"),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        if client.send(b" ").is_err() {
            break;
        }
        assert!(sent < 1000, "the server still waits");
    }
    assert_serves(&daemon);
}

#[test]
fn idle_clients_are_closed_and_more_than_the_limit_too() {
    let daemon = Daemon::rest(Limits { connections: 2, idle_time: Duration::from_millis(300), ..Limits::default() });
    let mut clients = [daemon.connect(), daemon.connect()];
    for client in &mut clients {
        client.send(request("POST", "", "[]").as_bytes()).unwrap();
        assert_eq!(receive(client).1, "{}");
    }
    daemon.connect().assert_closed();
    clients.iter_mut().for_each(Raw::assert_closed);
    assert_serves(&daemon);
}

#[test]
fn a_stop_does_not_wait_for_clients() {
    let mut daemon = Daemon::rest(Limits::default());
    let mut clients = [daemon.connect(), daemon.connect()];
    clients[0].send(b"POST /gateway HTTP/1.1\r\n").unwrap();
    assert_serves(&daemon);
    daemon.stop();
    clients.iter_mut().for_each(Raw::assert_closed);
}

/// Runs a program; what it prints.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(output.stderr));
    text(output.stdout)
}

#[test]
fn curl_is_served() {
    let daemon = Daemon::rest(Limits::default());
    let curl = |method: &str, body: &str| {
        let url = format!("http://{}/gateway", daemon.address());
        let json = "Content-Type: application/json";
        run(Command::new("curl").args([
            "-sS",
            "-X",
            method,
            "-H",
            json,
            "--data-binary",
            body,
            "-w",
            " %{http_code}",
            &url,
        ]))
    };
    assert_eq!(curl("POST", GATEWAY), "{} 200");
    // Long enough for curl to ask before it sends.
    assert_eq!(curl("POST", &(" ".repeat(100_000) + GATEWAY)), "{} 200");
    assert_eq!(curl("DELETE", r#"[{"interface":"vgw1"}]"#), "{} 200");
    assert_eq!(curl("DELETE", "x"), r#"{"error":"{ Invalid Json string ==> x }"} 500"#);
    assert_eq!(daemon.asked(), [ADDED, ADDED, "rest: delete [\"vgw1\"]"]);
}

#[test]
fn pythons_client_is_served() {
    let daemon = Daemon::rest(Limits::default());
    let program = "
import http.client, sys
connection = http.client.HTTPConnection('localhost', int(sys.argv[1]), timeout=20)
for method, body in (('POST', sys.argv[2]), ('DELETE', '[{\"interface\":\"vgw1\"}]')):
    connection.request(method, '/gateway', body=body, headers={'content-type': 'application/json'})
    answer = connection.getresponse()
    print(answer.status, answer.getheader('Content-Type'), answer.read().decode())
";
    let port = daemon.address().port().to_string();
    let said = run(Command::new("/usr/bin/python3").args(["-c", program, &port, GATEWAY]));
    assert_eq!(said, "200 application/json; charset=UTF-8 {}\n".repeat(2));
    assert_eq!(daemon.asked(), [ADDED, "rest: delete [\"vgw1\"]"]);
}
