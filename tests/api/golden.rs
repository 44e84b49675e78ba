//! Bytes as OpenContrail's clients send them and its agent answers them.

use vgw::api::Limits;

use crate::daemon::Daemon;
use crate::wire::{call, exception, field, frame, message, reply};

/// AddVirtualGateway of vgw1 in default-domain:admin:vn1:vn1, subnet 20.30.40.0/24, route 8.8.8.0/24.
const ADD: &str = "0000009080010001000000114164645669727475616c47617465776179000000000f00010c000000010b0001000000047667\
    77310b00020000001c64656661756c742d646f6d61696e3a61646d696e3a766e313a766e310f00030c000000010b00010000000a32302e33302e\
    34302e300600020018000f00040c000000010b000100000007382e382e382e300600020018000000";
const ADD_TRUE: &str = "0000002280010002000000114164645669727475616c47617465776179000000000200000100";
const ADD_FALSE: &str = "0000002280010002000000114164645669727475616c47617465776179000000000200000000";
const CONNECT: &str = "000000258001000100000018436f6e6e656374466f725669727475616c476174657761790000000000";
const CONNECT_TRUE: &str = "000000298001000200000018436f6e6e656374466f725669727475616c47617465776179000000000200000100";
/// AddPort of tap05050505-05 with 10.0.0.5 and fd00::5, and its DeletePort, as Apache's library sends them.
const ADD_PORT: &str = "000001168001000100000007416464506f7274000000000f00010c000000010f000106000000100005000500050005000500\
    0500050005000500050005000500050005000500050f00020600000010000100010001000100010001000100010001000100\
    01000100010001000100010b00030000000e74617030353035303530352d30350b00040000000831302e302e302e350f0005\
    060000001000030003000300030003000300030003000300030003000300030003000300030b00060000001130323a30303a\
    30303a30303a30303a30350b000700000003766d310f000a0600000010000200020002000200020002000200020002000200\
    020002000200020002000206000c00000b000d00000007666430303a3a350000";
const DELETE_PORT: &str = "0000003f800100010000000a44656c657465506f7274000000000f0001060000001000050005000500050005000500050005\
    0005000500050005000500050005000500";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Sends a frame as it is and gives the reply as it is.
fn exchange(daemon: &Daemon, request: &[u8]) -> Vec<u8> {
    let mut client = daemon.connect();
    client.send(request).unwrap();
    frame(&client.receive())
}

#[test]
fn replies_are_byte_identical() {
    let daemon = Daemon::tcp(Limits::default());
    assert_eq!(exchange(&daemon, &bytes(ADD)), bytes(ADD_TRUE));
    assert_eq!(exchange(&daemon, &bytes(CONNECT)), bytes(CONNECT_TRUE));
    assert_eq!(
        daemon.asked(),
        [
            "thrift: add [\"vgw1 in default-domain:admin:vn1:vn1 subnets {20.30.40.0/24} routes {8.8.8.0/24}\"] seen []",
            "thrift: connect",
        ]
    );
}

#[test]
fn a_refused_element_is_byte_identical_too() {
    let daemon = Daemon::tcp(Limits::default());
    let mut request = bytes(ADD);
    // The subnet's length becomes 33.
    let length = request.windows(5).position(|window| window == [6, 0, 2, 0, 24]).unwrap() + 4;
    request[length] = 33;
    assert_eq!(exchange(&daemon, &request), bytes(ADD_FALSE));
}

#[test]
fn a_header_without_version_is_served() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let old = b"\0\0\0\x0eKeepAliveCheck\x01\0\0\0\x05\0";
    assert_eq!(client.call(old), reply("KeepAliveCheck", 5, true));
}

#[test]
fn an_argument_without_id_is_served() {
    let daemon = Daemon::tcp(Limits::default());
    let request = String::from_utf8_lossy(ADD.as_bytes()).replace("000000000f00010c", "000000000fffff0c");
    assert_ne!(request, ADD);
    assert_eq!(exchange(&daemon, &bytes(&request)), bytes(ADD_TRUE));
}

#[test]
fn ports_are_served_as_clients_of_all_ages_send_them() {
    let daemon = Daemon::tcp(Limits::default());
    let frames = [(ADD_PORT, "0f00010c", "AddPort"), (DELETE_PORT, "0f000106", "DeletePort")];
    for (request, argument, method) in frames {
        let answer = frame(&reply(method, 0, true));
        assert_eq!(exchange(&daemon, &bytes(request)), answer);
        // Before OpenContrail R1.06 the arguments had no ids.
        let old = request.replacen(argument, &argument.replace("0001", "ffff"), 1);
        assert_ne!(old, request);
        assert_eq!(exchange(&daemon, &bytes(&old)), answer);
    }
    let id = "05050505-0505-0505-0505-050505050505";
    let add = format!(
        "thrift: add ports [\"tap05050505-05 {id} in 03030303-0303-0303-0303-030303030303 {{10.0.0.5/32, fd00::5/128}} \
         Some(02:00:00:00:00:05)\"] seen []"
    );
    let delete = format!("thrift: delete port {id}");
    assert_eq!(daemon.asked(), [add.clone(), add, delete.clone(), delete]);
}

#[test]
fn one_way_calls_are_answered() {
    let daemon = Daemon::tcp(Limits::default());
    assert_eq!(daemon.connect().call(&message(4, "Connect", 2, b"\0")), reply("Connect", 2, true));
}

#[test]
fn unknown_methods_and_message_types_leave_the_connection_open() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let unknown = exception("Frobnicate", 3, "Invalid method name: 'Frobnicate'", 1);
    assert_eq!(client.call(&call("Frobnicate", 3, b"\0")), unknown);
    for kind in [0, 2, 3, 5, 255] {
        let wrong = exception("KeepAliveCheck", 4, "", 2);
        assert_eq!(client.call(&message(kind, "KeepAliveCheck", 4, b"\0")), wrong, "type {kind}");
    }
    assert_eq!(client.call(&call("KeepAliveCheck", -1, b"\0")), reply("KeepAliveCheck", -1, true));
}

#[test]
fn methods_that_are_not_served_say_so() {
    let daemon = Daemon::tcp(Limits::default());
    let mut client = daemon.connect();
    let request = [field(11, 1, &frame(b"10.0.0.1")), field(11, 2, &frame(b"net1")), vec![0]].concat();
    let request = call("AddHostRoute", 6, &request);
    let why = "AddHostRoute is not served by this daemon: the host's own routing leads to its addresses";
    assert_eq!(client.call(&request), exception("AddHostRoute", 6, why, 6));
    assert_eq!(client.call(&call("KeepAliveCheck", 8, b"\0")), reply("KeepAliveCheck", 8, true));
    assert_eq!(daemon.asked(), [""; 0]);
}
