use proptest::prelude::*;

use super::*;

fn status(text: &str) -> u16 {
    head(text.as_bytes(), 100, false).unwrap_err().0
}

#[test]
fn heads_are_read() {
    let text = b"POST /gateway?x=1 HTTP/1.1\r\nhost: h\r\nCONTENT-length: 12\r\nExpect: 100-Continue\r\naccept: a/b\r\nAccept: c\r\n\r\nbody";
    let expected = Head {
        method: "POST".to_owned(),
        path: "/gateway".to_owned(),
        accept: "a/b,c".to_owned(),
        lengths: (text.len() - 4, 12),
        waits: true,
        is_last: false,
    };
    assert_eq!(head(text, 100, false), Ok(Some(expected)));
    assert_eq!(head(&text[..text.len() - 5], 100, false), Ok(None));
    let is_last = |text: &str| head(text.as_bytes(), 100, false).unwrap().unwrap().is_last;
    assert!(is_last("GET / HTTP/1.0\r\n\r\n"));
    assert!(is_last("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n"));
    assert!(!is_last("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"));
}

#[test]
fn heads_that_could_mean_two_things_are_refused() {
    let with = |fields: &str| status(&format!("POST /gateway HTTP/1.1\r\nHost: h\r\n{fields}\r\n"));
    assert_eq!(with("Transfer-Encoding: chunked\r\n"), 411);
    assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400);
    assert_eq!(with("Content-Length: 5\r\nContent-Length: 5\r\n"), 400);
    for length in ["+5", "5, 5", "-1", "0x5", "", "5 5", "\u{0665}"] {
        assert_eq!(with(&format!("Content-Length: {length}\r\n")), 400, "{length}");
    }
    assert_eq!(with("Content-Length: 101\r\n"), 413);
    assert_eq!(with("Content-Length: 99999999999999999999999999\r\n"), 413);
    assert_eq!(with("Expect: tea\r\n"), 417);
    assert_eq!(with("Host: i\r\n"), 400);
    assert_eq!(with("Content-Length : 5\r\n"), 400);
    assert_eq!(with(" folded: 5\r\n"), 400);
    assert_eq!(status("POST /gateway HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status("\u{16}\u{3}\u{1}\u{2}\0\u{1}"), 400);
}

#[test]
fn pages_of_browsers_are_refused() {
    let asked = |host: &str, field: &str, is_local| {
        let text = format!("POST /gateway HTTP/1.1\r\nHost: {host}\r\n{field}\r\n");
        head(text.as_bytes(), 100, is_local).map(drop).map_err(|refused| refused.0)
    };
    assert_eq!(asked("localhost:9091", "", true), Ok(()));
    assert_eq!(asked("example.org:9091", "", true), Err(403), "a name that leads here");
    assert_eq!(asked("example.org:9091", "", false), Ok(()), "this host may have any name");
    for origin in ["https://example.org", "null", "http://localhost:9091", ""] {
        for is_local in [true, false] {
            assert_eq!(asked("localhost", &format!("Origin: {origin}\r\n"), is_local), Err(403), "{origin}");
        }
    }
    assert_eq!(head(b"GET / HTTP/1.0\r\n\r\n", 100, true).map(drop), Ok(()), "no browser is so old");
}

#[test]
fn heads_are_bounded() {
    let many = "a: b\r\n".repeat(FIELDS);
    assert_eq!(status(&format!("POST / HTTP/1.1\r\nHost: h\r\n{many}\r\n")), 431);
    assert_eq!(status(&format!("POST /{}", "x".repeat(HEAD))), 431);
    assert_eq!(status(&format!("POST /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(HEAD))), 431);
}

proptest! {
    /// No bytes make the reader panic, and a body never begins behind the head's own bytes.
    #[test]
    fn damaged_heads_are_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        rest in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut bytes = b"DELETE /gateway HTTP/1.1\r\nHost: localhost:9091\r\nContent-Length: 23\r\n\r\n".to_vec();
        for (index, byte) in damage {
            *index.get_mut(&mut bytes) = byte;
        }
        bytes.extend(rest);
        if let Ok(Some(head)) = head(&bytes, 1000, false) {
            prop_assert!(head.lengths.0 <= bytes.len() && head.lengths.1 <= 1000);
        }
    }
}
