//! Any bytes as what a Thrift client sends on its connection: as many replies as there are frames with a readable
//! message at the beginning, each under its message's name and number, and then the right end.

#![no_main]

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use libfuzzer_sys::fuzz_target;
use vgw::api::{Limits, MessageReader, serve_framed};
use vgw::clock::ManualClock;
use vgw_fuzz::service;

/// Takes a frame off; `None` if there is no whole one of an allowed length.
fn frame<'b>(bytes: &mut &'b [u8], limit: usize) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| (1..=limit).contains(length))?;
    let (frame, behind) = rest.split_at_checked(length)?;
    *bytes = behind;
    Some(frame)
}

fuzz_target!(|input: &[u8]| {
    let Some((number, sent)) = input.split_first() else { return };
    if sent.len() > 20_000 || sent.windows(10).any(|word| word == b"agent_conf") {
        // The second would read a file.
        return;
    }
    let processor = service(number & 1 == 1);
    let limits = Limits { frame: 10_000, ..Limits::own_service() };

    let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
    client.write_all(sent).expect("there is room");
    client.shutdown(Shutdown::Write).expect("it is open");
    let ending = serve_framed(server, processor, &ManualClock::default(), &limits).expect("descriptors");
    let mut received = Vec::new();
    // Bytes that the server has not taken reset the connection behind the replies.
    let _ = client.read_to_end(&mut received);

    let (mut asked, mut answered) = (sent, &received[..]);
    while let Some(message) = frame(&mut asked, limits.frame) {
        let Ok(reader) = MessageReader::new(message, limits.message) else {
            assert_eq!(answered, [0; 0]);
            assert!(ending.starts_with("a frame holds no Thrift message"), "{ending}");
            return;
        };
        let reply = frame(&mut answered, usize::MAX).expect("a reply");
        let reader_of_reply = MessageReader::new(reply, limits.message).expect("a reply has a header");
        let (header, own) = (reader.header(), reader_of_reply.header());
        assert_eq!((&own.name, own.sequence), (&header.name, header.sequence));
    }
    assert_eq!(answered, [0; 0]);
    let expected = match asked.first_chunk::<4>().map(|length| u32::from_be_bytes(*length) as usize) {
        None if asked.is_empty() => "closed by the client",
        Some(length) if !(1..=limits.frame).contains(&length) => "a frame of ",
        _ => "closed by the client ",
    };
    assert!(ending.starts_with(expected), "{ending}");
});
