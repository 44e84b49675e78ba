//! Threads and who owns what: one conductor owns the registry and the kernel; each worker owns a
//! forwarder and its queue of every port.

mod command;
mod device;
mod handle;
mod view;

pub use command::{AddGateways, Applied, Caller, Command, Failure, Reply};
pub use device::{Device, DeviceError};
pub use handle::Handle;
pub use view::{
    AuditView, Counters, GatewayView, InstanceView, LookupView, PortView, RouteView, StatusView, UplinkView,
};
