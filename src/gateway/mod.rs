//! The product: what was asked for, the audit window, and what follows from both.

mod spec;

pub use spec::{GatewaySpec, GuestSpec, PortKind, PortSpec, StaticRoute, UplinkName, UplinkSpec};
