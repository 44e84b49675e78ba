//! One message of a client, decoded from memory.

use thrift::protocol::{
    TBinaryInputProtocol, TFieldIdentifier, TInputProtocol, TListIdentifier, TMapIdentifier, TMessageIdentifier,
    TMessageType, TSetIdentifier, TStructIdentifier, TType,
};
use thrift::{ProtocolErrorKind, TConfiguration, new_protocol_error};

/// What a client's message may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimits {
    /// Elements of a list, set or map.
    pub elements: usize,
    /// Bytes of a string.
    pub string: usize,
    /// Structs within structs.
    pub depth: usize,
}

/// A message's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The method.
    pub name: String,
    /// The message type as the byte that was sent; [`TMessageType`] numbers the known ones.
    pub kind: u8,
    /// The number that the reply carries again.
    pub sequence: i32,
}

/// Reads a whole message, given as a slice, in the binary protocol.
///
/// Generated readers trust the wire: they read a field by its id as what they expect there, whatever
/// type it announces, and they look at nothing behind the last field. So this reader refuses a value
/// that is read as another type than was announced, a container that cannot fit into the rest of the
/// message, and bytes behind the arguments. It does so before the handler runs.
///
/// In the arguments, field id -1 is read as 1: compilers numbered that way what had no explicit id
/// when the oldest clients were made.
#[derive(Debug)]
pub struct MessageReader<'a> {
    header: Header,
    body: TBinaryInputProtocol<&'a [u8]>,
    open: Vec<Open>,
}

/// Something that has begun and not ended.
#[derive(Debug)]
enum Open {
    /// A struct, with the type of the field that is being read.
    Struct(TType),
    /// A list or set, with the type of its elements.
    List(TType),
    /// A map, with the type that comes next and the one after that.
    Map(TType, TType),
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { elements: 4096, string: 64 * 1024, depth: 16 }
    }
}

impl<'a> MessageReader<'a> {
    /// Reads the header: strict (with the version word) or as old clients write it.
    ///
    /// # Errors
    /// The bytes are no message's beginning.
    pub fn new(message: &'a [u8], limits: MessageLimits) -> thrift::Result<Self> {
        let config = TConfiguration::builder()
            .max_container_size(Some(limits.elements))
            .max_string_size(Some(limits.string))
            .max_recursion_depth(Some(limits.depth))
            .build()?;
        let mut body = TBinaryInputProtocol::with_config(message, false, config);
        let header = read_header(&mut body)?;
        Ok(Self { header, body, open: Vec::new() })
    }

    /// The message's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Checks that a value of this type is due.
    fn expect(&mut self, read: TType) -> thrift::Result<()> {
        let due = match self.open.last_mut() {
            Some(Open::Struct(field)) => *field,
            Some(Open::List(element)) => *element,
            Some(Open::Map(next, other)) => {
                let due = *next;
                std::mem::swap(next, other);
                due
            }
            None => TType::Struct,
        };
        if due == read {
            return Ok(());
        }
        invalid(format!("found {due:?} where {read:?} belongs"))
    }

    /// Checks that so many elements can follow; each has at least one byte.
    fn expect_elements(&self, size: i32) -> thrift::Result<()> {
        let left = self.body.transport.len();
        if usize::try_from(size).is_ok_and(|size| size <= left) {
            return Ok(());
        }
        invalid(format!("{size} elements announced with {left} bytes left"))
    }
}

fn invalid<T>(message: String) -> thrift::Result<T> {
    Err(new_protocol_error(ProtocolErrorKind::InvalidData, message))
}

/// Reads a header. Unlike [`TInputProtocol::read_message_begin`] it accepts every message type, so
/// that the reply can say which method's message had a wrong one.
fn read_header(body: &mut TBinaryInputProtocol<&[u8]>) -> thrift::Result<Header> {
    // The version word's sign bit is set; the old form begins with the name, whose length is positive.
    let Some([first, second, _, kind]) = body.transport.first_chunk().copied() else {
        return invalid("shorter than a header".to_owned());
    };
    if first & 0x80 == 0 {
        let name = body.read_string()?;
        let kind = body.read_byte()?;
        return Ok(Header { name, kind, sequence: body.read_i32()? });
    }
    if [first, second] != [0x80, 0x01] {
        return Err(new_protocol_error(ProtocolErrorKind::BadVersion, format!("bad version {first:#04x}{second:02x}")));
    }
    body.read_i32()?;
    Ok(Header { name: body.read_string()?, kind, sequence: body.read_i32()? })
}

impl TInputProtocol for MessageReader<'_> {
    fn read_message_begin(&mut self) -> thrift::Result<TMessageIdentifier> {
        let Header { name, kind, sequence } = &self.header;
        Ok(TMessageIdentifier::new(name.clone(), TMessageType::try_from(*kind)?, *sequence))
    }

    fn read_message_end(&mut self) -> thrift::Result<()> {
        self.body.read_message_end()
    }

    fn read_struct_begin(&mut self) -> thrift::Result<Option<TStructIdentifier>> {
        self.expect(TType::Struct)?;
        self.open.push(Open::Struct(TType::Stop));
        self.body.read_struct_begin()
    }

    fn read_struct_end(&mut self) -> thrift::Result<()> {
        self.open.pop();
        let left = self.body.transport.len();
        if self.open.is_empty() && left > 0 {
            return invalid(format!("{left} bytes behind the arguments"));
        }
        self.body.read_struct_end()
    }

    fn read_field_begin(&mut self) -> thrift::Result<TFieldIdentifier> {
        let mut field = self.body.read_field_begin()?;
        if self.open.len() == 1 && field.id == Some(-1) {
            field.id = Some(1);
        }
        if let Some(Open::Struct(due)) = self.open.last_mut() {
            *due = field.field_type;
        }
        Ok(field)
    }

    fn read_field_end(&mut self) -> thrift::Result<()> {
        self.body.read_field_end()
    }

    fn read_bool(&mut self) -> thrift::Result<bool> {
        self.expect(TType::Bool)?;
        self.body.read_bool()
    }

    fn read_bytes(&mut self) -> thrift::Result<Vec<u8>> {
        self.expect(TType::String)?;
        self.body.read_bytes()
    }

    fn read_i8(&mut self) -> thrift::Result<i8> {
        self.expect(TType::I08)?;
        self.body.read_i8()
    }

    fn read_i16(&mut self) -> thrift::Result<i16> {
        self.expect(TType::I16)?;
        self.body.read_i16()
    }

    fn read_i32(&mut self) -> thrift::Result<i32> {
        self.expect(TType::I32)?;
        self.body.read_i32()
    }

    fn read_i64(&mut self) -> thrift::Result<i64> {
        self.expect(TType::I64)?;
        self.body.read_i64()
    }

    fn read_double(&mut self) -> thrift::Result<f64> {
        self.expect(TType::Double)?;
        self.body.read_double()
    }

    fn read_uuid(&mut self) -> thrift::Result<uuid::Uuid> {
        self.expect(TType::Uuid)?;
        self.body.read_uuid()
    }

    fn read_string(&mut self) -> thrift::Result<String> {
        self.expect(TType::String)?;
        self.body.read_string()
    }

    fn skip_binary(&mut self) -> thrift::Result<()> {
        self.expect(TType::String)?;
        self.body.skip_binary()
    }

    fn read_list_begin(&mut self) -> thrift::Result<TListIdentifier> {
        self.expect(TType::List)?;
        let list = self.body.read_list_begin()?;
        self.expect_elements(list.size)?;
        self.open.push(Open::List(list.element_type));
        Ok(list)
    }

    fn read_list_end(&mut self) -> thrift::Result<()> {
        self.open.pop();
        self.body.read_list_end()
    }

    fn read_set_begin(&mut self) -> thrift::Result<TSetIdentifier> {
        self.expect(TType::Set)?;
        let set = self.body.read_set_begin()?;
        self.expect_elements(set.size)?;
        self.open.push(Open::List(set.element_type));
        Ok(set)
    }

    fn read_set_end(&mut self) -> thrift::Result<()> {
        self.open.pop();
        self.body.read_set_end()
    }

    fn read_map_begin(&mut self) -> thrift::Result<TMapIdentifier> {
        self.expect(TType::Map)?;
        let map = self.body.read_map_begin()?;
        self.expect_elements(map.size)?;
        let (Some(key), Some(value)) = (map.key_type, map.value_type) else {
            return invalid("a map without types".to_owned());
        };
        self.open.push(Open::Map(key, value));
        Ok(map)
    }

    fn read_map_end(&mut self) -> thrift::Result<()> {
        self.open.pop();
        self.body.read_map_end()
    }

    fn read_byte(&mut self) -> thrift::Result<u8> {
        self.body.read_byte()
    }
}

#[cfg(test)]
mod tests;
