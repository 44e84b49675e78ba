//! Any bytes as the requests of an HTTP client: every reply is whole, no request is answered twice, and where the
//! bytes end does not change what came before, so that nobody's request is taken for a part of another's.

#![no_main]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use libfuzzer_sys::fuzz_target;
use vgw::api::{Limits, rest, serve_http};
use vgw::clock::ManualClock;
use vgw::engine::{Caller, Handle};

/// Statuses of the service itself; with all others the connection ends.
const SERVED: [u16; 3] = [200, 404, 500];

/// What the server sends to a client that sends this and no more, and why it ended the connection.
fn exchange(request: &[u8], is_local: bool) -> (Vec<u8>, String) {
    let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
    client.write_all(request).expect("there is room");
    client.shutdown(Shutdown::Write).expect("it is open");
    let service = rest(Handle::new(crossbeam_channel::bounded(0).0), Caller::Unix { uid: 0, pid: 1 });
    let limits = Limits { frame: 1000, ..Limits::default() };
    let ending = serve_http(server, service, is_local, &ManualClock::default(), &limits).expect("descriptors");
    let mut replies = Vec::new();
    // Bytes that the server has not taken reset the connection behind the replies.
    let _ = client.read_to_end(&mut replies);
    (replies, ending)
}

/// The replies one after another: status, body, and whether the connection ends with it.
fn replies(mut bytes: &[u8]) -> Vec<(u16, Vec<u8>, bool)> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let mut fields = [httparse::EMPTY_HEADER; 8];
        let mut reply = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(start) = reply.parse(bytes).expect("a sound head") else {
            panic!("half a head")
        };
        let status = reply.code.expect("a status");
        let value = |name| reply.headers.iter().find(|field| field.name == name).map(|field| field.value);
        if status == 100 {
            assert!(reply.headers.is_empty());
            bytes = &bytes[start..];
            continue;
        }
        let length = std::str::from_utf8(value("Content-Length").expect("a length")).expect("text");
        let (body, behind) = bytes[start..].split_at(length.parse().expect("a number"));
        serde_json::from_slice::<serde_json::Value>(body).expect("JSON");
        let is_last = value("Connection") == Some(b"close");
        assert!(!is_last || behind.is_empty());
        assert!(is_last || SERVED.contains(&status), "{status} and it goes on");
        found.push((status, body.to_vec(), is_last));
        bytes = behind;
    }
    found
}

fuzz_target!(|input: &[u8]| {
    let Some(([flags, high, low], request)) = input.split_first_chunk() else { return };
    if request.len() > 4000 {
        return;
    }
    let is_local = flags & 1 != 0;
    let (bytes, ending) = exchange(request, is_local);
    let whole = replies(&bytes);
    assert!(whole.iter().rev().skip(1).all(|(.., is_last)| !is_last));
    assert_eq!(ending.starts_with("a request was refused"), whole.last().is_some_and(|last| !SERVED.contains(&last.0)));
    // A request has a line and a field at least.
    assert!(whole.len() <= 1 + request.len() / 18);

    let cut = usize::from(u16::from_be_bytes([*high, *low])) % (request.len() + 1);
    let (bytes, _) = exchange(&request[..cut], is_local);
    let mut part = replies(&bytes);
    if part.last().is_some_and(|last| !SERVED.contains(&last.0)) {
        part.pop();
    }
    assert!(whole.starts_with(&part), "{part:?} is not how {whole:?} begins");
});
