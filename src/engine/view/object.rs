//! What is ours in the host, and what would be done there.

use crate::gateway::{Applied, Difference, Layout, UplinkSpec};

/// Something of ours in the kernel, or that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectView {
    /// What it is, as `ip` lists it.
    pub object: String,
    /// Why it is there.
    pub purpose: &'static str,
    /// For whom: `gateway vgw1`, `uplink display`.
    pub owners: Vec<String>,
    /// How it stands.
    pub state: ObjectState,
}

/// How an object stands in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectState {
    /// As it should.
    InPlace,
    /// It should be there, and is not.
    Missing,
    /// It is there, but not as it should be.
    Differs,
    /// It bears our mark, and nothing calls for it.
    LeftOver,
}

/// A change of the kernel that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// The `ip` command that would do it, without the word `ip`.
    pub command: String,
    /// For whom, as in [`ObjectView::owners`].
    pub owners: Vec<String>,
}

/// What a change would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RehearsalView {
    /// What would be answered.
    pub applied: Applied,
    /// What would be done, in order.
    pub steps: Vec<StepView>,
}

/// What another configuration would come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparisonView {
    /// What it has differently from the one that stands.
    pub differences: Vec<Difference>,
    /// What would be done, in order.
    pub steps: Vec<StepView>,
}

/// An uplink that somebody else has set up, taken over or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportView {
    /// How it was set up.
    pub layout: Layout,
    /// The uplink that does the same.
    pub uplink: UplinkSpec,
    /// The table that it had.
    pub table: u32,
    /// What was done, or would be.
    pub steps: Vec<StepView>,
    /// Why it was not, or could not be taken over.
    pub hindrance: Option<String>,
}
