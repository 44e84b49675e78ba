//! Bytes with meaning: a frame with its offload header, a checked view of it, in-place edits and
//! the messages that the gateway writes itself.

mod batch;
mod buffer;
mod offload;

pub use batch::Batch;
pub use buffer::{Packet, ReceiveError};
pub use offload::{Checksum, Offload, OffloadError, SegmentKind, Segmentation, VNET_HEADER};
