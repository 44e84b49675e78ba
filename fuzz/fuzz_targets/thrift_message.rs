//! Any bytes as a message for either service: no panic, and every message with a readable header is
//! answered under its own name and number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::api::{MessageLimits, MessageReader, answer};
use vgw_fuzz::service;

/// TMessageType of an answer.
const REPLY: u8 = 2;
const EXCEPTION: u8 = 3;

fuzz_target!(|data: &[u8]| {
    let Some((number, message)) = data.split_first() else { return };
    if message.windows(10).any(|word| word == b"agent_conf") {
        // It would read a file.
        return;
    }
    let processor = service(number & 1 == 1);

    let limits = MessageLimits::default();
    let mut reply = Vec::new();
    let header = MessageReader::new(message, limits).map(|reader| reader.header().clone());
    match (header, answer(&*processor, message, limits, &mut reply)) {
        (Ok(asked), Ok(())) => {
            let answered = MessageReader::new(&reply, limits).expect("a reply has a header").header().clone();
            assert_eq!((&answered.name, answered.sequence), (&asked.name, asked.sequence));
            assert!([REPLY, EXCEPTION].contains(&answered.kind));
        }
        (Err(_), Err(_)) => assert!(reply.is_empty()),
        (header, answer) => panic!("{header:?} but {answer:?}"),
    }
});
