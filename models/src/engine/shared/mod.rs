//! The product's files, beside loom's primitives.

#[path = "../../../../src/engine/shared/bulletin.rs"]
pub(crate) mod bulletin;
#[path = "../../../../src/engine/shared/link.rs"]
pub(crate) mod link;
#[path = "../../../../src/engine/shared/room.rs"]
pub(crate) mod room;
pub(crate) mod sync;
