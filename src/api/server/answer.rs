//! From a message to its reply.

use thrift::protocol::{TBinaryOutputProtocol, TMessageIdentifier, TMessageType, TOutputProtocol};
use thrift::server::TProcessor;
use thrift::{ApplicationError, ApplicationErrorKind, Error};

use crate::api::message::{Header, MessageLimits, MessageReader};
use crate::api::text::shown;

/// Serves one message and appends the reply to `reply`. What the arguments hold is read and checked
/// to the end before the processor's handler runs.
///
/// A message that cannot be served is answered by an exception: an unknown method and a wrong message
/// type exactly as OpenContrail answers them, and arguments that cannot be read by `PROTOCOL_ERROR`.
/// A one-way message is answered like a call.
///
/// # Errors
/// Not even a header could be read, so there is nobody to answer.
pub fn answer(
    processor: &dyn TProcessor,
    message: &[u8],
    limits: MessageLimits,
    reply: &mut Vec<u8>,
) -> thrift::Result<()> {
    let mut reader = MessageReader::new(message, limits)?;
    let header = reader.header().clone();
    if ![TMessageType::Call, TMessageType::OneWay].iter().any(|&kind| u8::from(kind) == header.kind) {
        // Without a text, as OpenContrail: clients say it themselves.
        let error = ApplicationError::new(ApplicationErrorKind::InvalidMessageType, "");
        return write_exception(&header, &error, reply);
    }
    let start = reply.len();
    match processor.process(&mut reader, &mut TBinaryOutputProtocol::new(&mut *reply, true)) {
        Ok(()) => Ok(()),
        Err(error) => {
            reply.truncate(start);
            let error = exception(&header, error);
            tracing::warn!(method = %shown(&header.name), "not served: {}", shown(&error.message));
            write_exception(&header, &error, reply)
        }
    }
}

/// The exception that tells a client about an error.
fn exception(header: &Header, error: Error) -> ApplicationError {
    match error {
        Error::Application(ApplicationError { kind: ApplicationErrorKind::UnknownMethod, .. }) => {
            let text = format!("Invalid method name: '{}'", header.name);
            ApplicationError::new(ApplicationErrorKind::UnknownMethod, text)
        }
        Error::Application(error) => error,
        Error::Protocol(error) => ApplicationError::new(ApplicationErrorKind::ProtocolError, error.message),
        Error::Transport(_) => {
            ApplicationError::new(ApplicationErrorKind::ProtocolError, "the message ends before its arguments do")
        }
        Error::User(error) => ApplicationError::new(ApplicationErrorKind::InternalError, error.to_string()),
    }
}

fn write_exception(header: &Header, error: &ApplicationError, reply: &mut Vec<u8>) -> thrift::Result<()> {
    let mut output = TBinaryOutputProtocol::new(reply, true);
    output.write_message_begin(&TMessageIdentifier::new(
        header.name.as_str(),
        TMessageType::Exception,
        header.sequence,
    ))?;
    Error::write_application_error_to_out_protocol(error, &mut output)?;
    output.write_message_end()
}
