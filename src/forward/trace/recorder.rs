//! Who takes note of a packet's steps.

use super::Step;

/// Takes note of the steps of packets. A step is noted before what it says is acted upon, so that the
/// last one is where a dropped packet ended.
pub trait Recorder {
    /// Takes note of a step; who does not want it does not make it.
    fn note(&mut self, step: impl FnOnce() -> Step);
}

/// Takes note of nothing, at no cost: the recorder of the packet path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Silent;

/// Writes every step down.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steps(pub Vec<Step>);

impl Recorder for Silent {
    #[inline(always)]
    fn note(&mut self, _: impl FnOnce() -> Step) {}
}

impl Recorder for Steps {
    fn note(&mut self, step: impl FnOnce() -> Step) {
        self.0.push(step());
    }
}
