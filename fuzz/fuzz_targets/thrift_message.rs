//! Any bytes as a message for either service: no panic, and every message with a readable header is
//! answered under its own name and number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vgw::api::{Following, MessageLimits, MessageReader, answer, instance_service, virtual_gateway};
use vgw::engine::{Caller, Handle};

/// TMessageType of an answer.
const REPLY: u8 = 2;
const EXCEPTION: u8 = 3;

fuzz_target!(|data: &[u8]| {
    let Some((service, message)) = data.split_first() else { return };
    if message.windows(10).any(|word| word == b"agent_conf") {
        // It would read a file.
        return;
    }
    // Nobody receives: requests are decoded and judged, and then answered "the daemon is stopping".
    let engine = Handle::new(crossbeam_channel::bounded(0).0);
    engine.events().close();
    let caller = Caller::Unix { uid: 0, pid: 1 };
    let processor = if service & 1 == 0 { instance_service(engine, caller) } else { virtual_gateway(engine, caller, std::sync::Arc::new(vgw::config::AtStart::of(&vgw::config::Config::default(), [])), Following::default()) };

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
