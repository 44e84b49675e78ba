//! Bytes that no proper client sends. After each the server still serves others, and nothing has been
//! asked of the conductor.

use proptest::prelude::*;
use vgw::api::{Following, Limits, MessageLimits, MessageReader, answer, instance_service};
use vgw::engine::{Caller, Handle};

use crate::daemon::{Daemon, own_service};
use crate::wire::{add, call, exception, field, frame, gateway, list, message, reply, string};

/// These bytes make the server close the connection.
fn assert_closes(bytes: &[u8]) {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    client.send(bytes).unwrap();
    client.assert_closed();
    daemon.assert_serves();
    assert_eq!(daemon.asked(), [""; 0]);
}

/// This call is answered by PROTOCOL_ERROR with this text, and the connection lives on.
fn assert_refused(arguments: &[u8], text: &str) {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let request = call("AddVirtualGateway", 5, arguments);
    assert_eq!(client.call(&request), exception("AddVirtualGateway", 5, text, 7));
    assert_eq!(client.call(&call("KeepAliveCheck", 6, b"\0")), reply("KeepAliveCheck", 6, true));
    assert_eq!(daemon.asked(), [""; 0]);
}

fn good() -> Vec<u8> {
    gateway("vgw1", "net1", &[("10.0.0.0", 8)])
}

#[test]
fn frame_lengths_out_of_range() {
    for length in [0_u32, 1024 * 1024 + 1, 16_000_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] {
        assert_closes(&length.to_be_bytes());
    }
}

#[test]
fn the_longest_frame_is_read() {
    let daemon = Daemon::tcp(Limits::default());
    let unknown = field(11, 99, &string(&"x".repeat(64 * 1024)));
    let mut arguments = unknown.repeat(15);
    let left = 1024 * 1024 - call("Connect", 1, &arguments).len() - field(11, 99, &string("")).len() - 1;
    arguments.extend(field(11, 99, &string(&"x".repeat(left))));
    arguments.push(0);
    let request = call("Connect", 1, &arguments);
    assert_eq!(request.len(), 1024 * 1024);
    assert_eq!(daemon.connect().call(&request), reply("Connect", 1, true));
}

#[test]
fn other_protocols() {
    assert_closes(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // A TLS 1.2 client hello's record and handshake headers.
    assert_closes(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    // Binary without frames: the version word is read as a length.
    assert_closes(&call("KeepAliveCheck", 1, b"\0"));
    // The compact protocol in a frame.
    assert_closes(&frame(b"\x82\x21\x01\x0eKeepAliveCheck\x00"));
    assert_closes(&frame(b"[1,\"KeepAliveCheck\",1,0,{}]"));
}

#[test]
fn headers_that_cannot_be_read() {
    assert_closes(&frame(b"\0"));
    assert_closes(&frame(b"\x80\x02\0\x01\0\0\0\0\0\0\0\0\0"));
    assert_closes(&frame(b"\x80\x01\0\x01\xff\xff\xff\xff"));
    assert_closes(&frame(b"\x80\x01\0\x01\x7f\xff\xff\xff"));
    assert_closes(&frame(b"\x80\x01\0\x01\0\0\0\x02\xff\xfe\0\0\0\x01\0"));
    assert_closes(&frame(&message(1, &"x".repeat(70_000), 1, b"\0")));
}

#[test]
fn announced_sizes_are_not_believed() {
    let announced = |size: i32| [vec![15, 0, 1, 12], size.to_be_bytes().to_vec()].concat();
    assert_refused(&announced(99_000_000), "Container size 99000000 exceeds maximum allowed size of 4096");
    assert_refused(&announced(-1), "Negative container size: -1");
    assert_refused(&announced(4096), "4096 elements announced with 0 bytes left");
    assert_refused(
        &field(11, 9, &i32::MAX.to_be_bytes()),
        "Byte array size 2147483647 exceeds maximum allowed size of 65536",
    );
}

#[test]
fn arguments_that_are_not_as_declared() {
    let arguments = |elements: Vec<u8>| [field(15, 1, &elements), vec![0]].concat();
    assert_refused(&arguments(list(11, &[string("vgw1")])), "found String where Struct belongs");
    assert_refused(&[field(11, 1, &string("vgw1")), vec![0]].concat(), "found String where List belongs");
    // The same as a set, which is the same on the wire but for the type.
    assert_refused(&[field(14, 1, &list(12, &[good()])), vec![0]].concat(), "found Set where List belongs");
    let nameless = [field(11, 2, &string("net1")), field(15, 3, &list(12, &[])), vec![0]].concat();
    assert_refused(&arguments(list(12, &[nameless])), "missing required field VirtualGatewayRequest.interface_name");
    assert_refused(b"\0", "missing required field InstanceServiceAddVirtualGatewayArgs.vgw_list");
    assert_refused(&arguments(vec![77, 0, 0, 0, 1]), "cannot convert 77 to TType");
}

#[test]
fn messages_that_end_too_late_or_too_soon() {
    let whole = [field(15, 1, &list(12, &[good()])), vec![0]].concat();
    assert_refused(&[whole.clone(), vec![0]].concat(), "1 bytes behind the arguments");
    assert_refused(&whole[..whole.len() - 1], "the message ends before its arguments do");
}

#[test]
fn a_struct_does_not_run_on_into_the_next_frame() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let whole = add(&[good()]);
    let (head, tail) = whole.split_at(whole.len() - 10);
    let text = "the message ends before its arguments do";
    assert_eq!(client.call(head), exception("AddVirtualGateway", 9, text, 7));
    client.send(&frame(tail)).unwrap();
    client.assert_closed();
    assert_eq!(daemon.asked(), [""; 0]);
}

#[test]
fn nesting_is_bounded() {
    assert_refused(&[12, 0, 99].repeat(100_000), "Maximum recursion depth 16 exceeded");
}

#[test]
fn unknown_fields_are_skipped() {
    let daemon = Daemon::tcp(Limits::default());
    let mut extended = field(12, 50, &[field(15, 1, &list(8, &[vec![0; 4]])), vec![0]].concat());
    extended.extend(good());
    assert_eq!(daemon.connect().call(&add(&[extended])), reply("AddVirtualGateway", 9, true));
    assert_eq!(daemon.asked(), ["thrift: add [\"vgw1 in net1 subnets {10.0.0.0/8} routes {}\"] seen []"]);
}

/// Found by fuzzing: the generated reader panicked, which cost the connection.
#[test]
fn a_union_of_an_unknown_field_is_refused() {
    let message = include_bytes!("../fixtures/fuzz/union-of-an-unknown-field");
    let mut answered = Vec::new();
    let processor = own_service(
        Handle::new(crossbeam_channel::bounded(0).0),
        Caller::Unix { uid: 0, pid: 1 },
        Following::default(),
    );
    answer(&*processor, message, MessageLimits::default(), &mut answered).unwrap();
    assert_eq!(answered, exception("rehearse", 5, "received a union with an unknown field", 7));
}

#[test]
fn text_cannot_forge_a_log_line_or_a_name() {
    let daemon = Daemon::tcp(Limits::default());
    for name in ["vgw1\nERROR", "\u{1b}[2J", "vgw\0", "\u{202e}1wgv"] {
        assert_eq!(
            daemon.connect().call(&add(&[gateway(name, "net1", &[("10.0.0.0", 8)])])),
            reply("AddVirtualGateway", 9, false)
        );
    }
    assert_eq!(daemon.asked(), [""; 0]);
}

proptest! {
    /// Bytes changed at random in good messages: no panic, and whatever has a readable header is
    /// answered under its own name and number.
    #[test]
    fn damaged_messages_are_answered_or_refused(
        own in any::<bool>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        // Nobody receives: what can be read is answered "the daemon is stopping".
        let engine = Handle::new(crossbeam_channel::bounded(0).0);
        let caller = Caller::Unix { uid: 0, pid: 1 };
        let (processor, mut bytes) = if own {
            let text = |id, text| field(11, id, &string(text));
            let port = [text(1, "tap0"), text(2, "net1"), field(15, 3, &list(11, &[string("10.0.0.1")])), vec![0]];
            let arguments = [field(12, 1, &port.concat()), vec![0]].concat();
            (own_service(engine, caller, Following::default()), call("add_port", 7, &arguments))
        } else {
            (instance_service(engine, caller), add(&[good(), good()]))
        };
        for (index, byte) in damage {
            *index.get_mut(&mut bytes) = byte;
        }
        let limits = MessageLimits::default();
        let header = |bytes: &[u8]| MessageReader::new(bytes, limits).map(|reader| reader.header().clone());
        let mut reply = Vec::new();
        match (header(&bytes), answer(&*processor, &bytes, limits, &mut reply)) {
            (Ok(asked), Ok(())) => {
                let answered = header(&reply).unwrap();
                prop_assert_eq!((answered.name, answered.sequence), (asked.name, asked.sequence));
                prop_assert!([2, 3].contains(&answered.kind));
            }
            (Err(_), Err(_)) => prop_assert!(reply.is_empty()),
            (header, answer) => prop_assert!(false, "{:?} but {:?}", header, answer),
        }
    }
}
