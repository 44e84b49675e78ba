use proptest::prelude::*;
use thrift::protocol::{TBinaryOutputProtocol, TListIdentifier, TOutputProtocol};

use super::*;
use crate::api::generated::instance_service::{Subnet, VirtualGatewayRequest};
use thrift::protocol::TSerializable;

/// A header and behind it what `body` writes.
fn message(body: impl FnOnce(&mut dyn TOutputProtocol) -> thrift::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut output = TBinaryOutputProtocol::new(&mut bytes, true);
    output.write_message_begin(&TMessageIdentifier::new("Method", TMessageType::Call, 7)).unwrap();
    body(&mut output).unwrap();
    bytes
}

/// Reads the message's arguments as the struct `T`.
fn read<T: TSerializable>(bytes: &[u8]) -> Result<T, String> {
    let mut reader = MessageReader::new(bytes, MessageLimits::default()).map_err(told)?;
    T::read_from_in_protocol(&mut reader).map_err(told)
}

fn told(error: thrift::Error) -> String {
    match error {
        thrift::Error::Protocol(error) => error.message,
        thrift::Error::Transport(error) => format!("transport: {}", error.message),
        other => other.to_string(),
    }
}

fn subnet() -> Subnet {
    Subnet { prefix: "10.0.0.0".to_owned(), plen: 8 }
}

fn field(output: &mut dyn TOutputProtocol, kind: TType, id: i16) -> thrift::Result<()> {
    output.write_field_begin(&TFieldIdentifier::new("", kind, id))
}

#[test]
fn both_forms_of_the_header_are_read() {
    let strict = message(|output| subnet().write_to_out_protocol(output));
    let header = MessageReader::new(&strict, MessageLimits::default()).unwrap().header().clone();
    assert_eq!(header, Header { name: "Method".to_owned(), kind: 1, sequence: 7 });

    let old = b"\0\0\0\x06Method\x01\0\0\0\x07";
    assert_eq!(*MessageReader::new(old, MessageLimits::default()).unwrap().header(), header);
}

#[test]
fn what_is_no_header_is_refused() {
    let bad = |bytes: &[u8]| MessageReader::new(bytes, MessageLimits::default()).map(|_| ()).map_err(told).unwrap_err();
    assert_eq!(bad(b"\x80\x01\0"), "shorter than a header");
    assert_eq!(bad(b"\x82\x21\x01\x00method"), "bad version 0x8221");
    assert_eq!(bad(b"\x80\x01\0\x01\xff\xff\xff\xff"), "Negative byte array size: -1");
    assert_eq!(bad(b"\x7f\xff\xff\xff"), "Byte array size 2147483647 exceeds maximum allowed size of 65536");
    assert!(bad(b"\x80\x01\0\x01\0\0\0\x02\xff\xfe\0\0\0\0").contains("utf-8"));
}

#[test]
fn a_value_of_another_type_than_announced_is_refused() {
    // As an i64, whose upper bytes would read as a fine i16 and leave the rest to be misread.
    let bytes = message(|output| {
        field(output, TType::String, 1)?;
        output.write_string("10.0.0.0")?;
        field(output, TType::I64, 2)?;
        output.write_i64(8)?;
        output.write_field_stop()
    });
    assert_eq!(read::<Subnet>(&bytes).unwrap_err(), "found I64 where I16 belongs");

    let bytes = message(|output| {
        field(output, TType::List, 3)?;
        output.write_list_begin(&TListIdentifier::new(TType::I32, 1))?;
        output.write_i32(0)?;
        output.write_field_stop()
    });
    assert_eq!(read::<VirtualGatewayRequest>(&bytes).unwrap_err(), "found I32 where Struct belongs");
}

#[test]
fn bytes_behind_the_arguments_are_refused() {
    let mut bytes = message(|output| subnet().write_to_out_protocol(output));
    assert_eq!(read::<Subnet>(&bytes), Ok(subnet()));
    bytes.push(0);
    assert_eq!(read::<Subnet>(&bytes).unwrap_err(), "1 bytes behind the arguments");
}

#[test]
fn a_container_that_cannot_fit_is_refused() {
    let list = |size: i32| {
        message(|output| {
            field(output, TType::List, 3)?;
            output.write_list_begin(&TListIdentifier::new(TType::Struct, size))
        })
    };
    let bad = |size| read::<VirtualGatewayRequest>(&list(size)).unwrap_err();
    assert_eq!(bad(-1), "Negative container size: -1");
    assert_eq!(bad(1), "1 elements announced with 0 bytes left");
    assert_eq!(bad(99_000_000), "Container size 99000000 exceeds maximum allowed size of 4096");
}

#[test]
fn unknown_fields_of_every_type_are_skipped() {
    let bytes = message(|output| {
        field(output, TType::Map, 99)?;
        output.write_map_begin(&TMapIdentifier::new(TType::String, TType::List, 2))?;
        for key in ["a", "b"] {
            output.write_string(key)?;
            output.write_list_begin(&TListIdentifier::new(TType::Bool, 1))?;
            output.write_bool(true)?;
        }
        field(output, TType::Struct, 98)?;
        subnet().write_to_out_protocol(output)?;
        field(output, TType::Set, 97)?;
        output.write_set_begin(&TSetIdentifier::new(TType::Double, 1))?;
        output.write_double(1.5)?;
        field(output, TType::String, 1)?;
        output.write_string("10.0.0.0")?;
        field(output, TType::I16, 2)?;
        output.write_i16(8)?;
        output.write_field_stop()
    });
    assert_eq!(read::<Subnet>(&bytes), Ok(subnet()));
}

#[test]
fn nesting_is_bounded() {
    let depth = 100_000;
    let structs = message(|output| (0..depth).try_for_each(|_| field(output, TType::Struct, 99)));
    assert_eq!(read::<Subnet>(&structs).unwrap_err(), "Maximum recursion depth 16 exceeded");
    let lists = message(|output| {
        field(output, TType::List, 99)?;
        (0..depth).try_for_each(|_| output.write_list_begin(&TListIdentifier::new(TType::List, 1)))
    });
    assert_eq!(read::<Subnet>(&lists).unwrap_err(), "cannot parse past List");
}

#[test]
fn id_minus_one_is_the_first_argument_and_only_there() {
    let numbered = |id| {
        message(|output| {
            field(output, TType::String, id)?;
            output.write_string("10.0.0.0")?;
            field(output, TType::I16, 2)?;
            output.write_i16(8)?;
            output.write_field_stop()
        })
    };
    assert_eq!(read::<Subnet>(&numbered(-1)), Ok(subnet()));
    assert!(read::<Subnet>(&numbered(-2)).is_err());
}

proptest! {
    #[test]
    fn cut_messages_fail_and_whole_ones_do_not(cut in 0usize..1000, plen: i16, prefix in "\\PC{0,40}") {
        let subnet = Subnet { prefix, plen };
        let whole = message(|output| subnet.write_to_out_protocol(output));
        prop_assert_eq!(read::<Subnet>(&whole), Ok(subnet));
        let cut = cut % whole.len();
        prop_assert!(read::<Subnet>(&whole[..cut]).is_err());
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = message(|_| Ok(()));
        bytes.extend(tail);
        let _ = read::<VirtualGatewayRequest>(&bytes);
    }
}
