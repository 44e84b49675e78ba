//! What is wrong with a request by itself.

use crate::api::generated::virtual_gateway::{ErrorKind, RequestError};

/// A field that cannot be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub(crate) struct Fault {
    /// The field in the wire's spelling, an element of a list as `subnets[2]`.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl Fault {
    pub(super) fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }
}

impl From<Fault> for RequestError {
    fn from(fault: Fault) -> Self {
        Self { kind: ErrorKind::INVALID, field: fault.field, reason: fault.reason }
    }
}
