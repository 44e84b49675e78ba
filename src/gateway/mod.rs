//! The product: what was asked for, the audit window, and what follows from both.

mod refusal;
mod spec;

pub use refusal::Refusal;
pub use spec::{GatewaySpec, GuestSpec, PortKind, PortSpec, StaticRoute, UplinkName, UplinkSpec};
