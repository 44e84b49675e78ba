//! What may stand where the cursor is. The shells' scripts (packaging/completions) ask `vgw` itself, so
//! that they know every command that it has, and names of what stands right now.

mod line;
mod names;

pub(super) use line::complete;
