//! The two Thrift services.

pub mod generated;
