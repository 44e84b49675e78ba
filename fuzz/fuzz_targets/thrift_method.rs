//! Any bytes as the arguments of each method of both services: they are read and judged without a panic, the reply
//! is whole, and the same arguments have the same answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use thrift::protocol::{TInputProtocol, TType};
use vgw::api::{Limits, MessageReader, answer};
use vgw_fuzz::service;

/// What arguments are read by: the methods of either service that take some.
const COMPATIBLE: [&str; 16] = [
    "AddPort",
    "KeepAliveCheck",
    "Connect",
    "DeletePort",
    "AddVirtualGateway",
    "DeleteVirtualGateway",
    "ConnectForVirtualGateway",
    "AuditTimerForVirtualGateway",
    "TunnelNHEntryAdd",
    "TunnelNHEntryDelete",
    "RouteEntryAdd",
    "RouteEntryDelete",
    "AddHostRoute",
    "AddLocalVmRoute",
    "AddRemoteVmRoute",
    "CreateVrf",
];
const OWN: [&str; 41] = [
    "add_gateway",
    "delete_gateway",
    "list_gateways",
    "add_port",
    "delete_port",
    "list_ports",
    "add_uplink",
    "delete_uplink",
    "import_uplinks",
    "read_lease",
    "list_uplinks",
    "list_instances",
    "add_route",
    "delete_route",
    "list_routes",
    "lookup_route",
    "add_network",
    "delete_network",
    "list_networks",
    "rehearse",
    "list_host_objects",
    "diff_host",
    "compare_configuration",
    "apply_configuration",
    "confirm_configuration",
    "roll_back_configuration",
    "trace",
    "list_drops",
    "last_drops",
    "start_capture",
    "next_packets",
    "events",
    "status",
    "connect",
    "set_audit_timeout",
    "audit",
    "take_fabric",
    "confirm_fabric",
    "give_back_fabric",
    "fabric",
    "no_such_method",
];

const UNKNOWN_METHOD: &[u8] = b"Invalid method name";

fuzz_target!(|input: &[u8]| {
    let Some((&number, arguments)) = input.split_first() else { return };
    if arguments.windows(10).any(|word| word == b"agent_conf") {
        // It would read a file.
        return;
    }
    let method = *COMPATIBLE.iter().chain(&OWN).cycle().nth(number.into()).expect("it goes round");
    let is_own = OWN.contains(&method);
    let mut message = vec![0x80, 0x01, 0, 1];
    message.extend(u32::try_from(method.len()).expect("short").to_be_bytes());
    message.extend(method.bytes());
    message.extend([0, 0, 0, number]);
    message.extend_from_slice(arguments);

    let limits = if is_own { Limits::own_service() } else { Limits::default() }.message;
    let asked = || {
        let processor = service(is_own);
        let mut reply = Vec::new();
        answer(&*processor, &message, limits, &mut reply).expect("the header is sound");
        reply
    };
    let reply = asked();
    let mut reader = MessageReader::new(&reply, limits).expect("a reply has a header");
    assert_eq!((reader.header().name.as_str(), reader.header().sequence), (method, number.into()));
    let is_unknown = reply.windows(UNKNOWN_METHOD.len()).any(|word| word == UNKNOWN_METHOD);
    assert_eq!(is_unknown && reader.header().kind == 3, method == "no_such_method");
    reader.skip(TType::Struct).expect("the reply is whole");
    assert_eq!(asked(), reply);
});
