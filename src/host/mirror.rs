//! What is known of the kernel without asking it.

use super::kernel::{Kernel, KernelError, Observed, Outcome};
use super::operation::Operation;
use super::state::HostState;

/// What the kernel showed when it was last observed, with the effects of all changes that it has
/// acknowledged since. In doubt until it is refreshed: at first, and after whatever did not go as
/// this knowledge foretold.
#[derive(Debug, Default)]
pub struct Mirror {
    seen: Observed,
    trusted: bool,
}

impl Mirror {
    /// What the kernel has, as far as is known.
    #[must_use]
    pub fn seen(&self) -> &Observed {
        &self.seen
    }

    /// True if the kernel must be observed before anything is built on this.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !self.trusted
    }

    /// Something did not go as expected: nothing is to be built on this until it is refreshed.
    pub fn doubt(&mut self) {
        self.trusted = false;
    }

    /// Observes the kernel.
    ///
    /// # Errors
    /// As [`Kernel::observe`]; the doubt remains.
    pub fn refresh(&mut self, kernel: &mut (impl Kernel + ?Sized)) -> Result<(), KernelError> {
        self.seen = kernel.observe()?;
        self.trusted = true;
        Ok(())
    }

    /// Asks the kernel whether somebody else has been at work since it was last asked; doubts if so.
    pub fn listen(&mut self, kernel: &mut (impl Kernel + ?Sized)) -> bool {
        let has_news = kernel.has_news(&self.seen);
        self.trusted &= !has_news;
        has_news
    }

    /// Takes in what became of an operation.
    pub fn note(&mut self, operation: &Operation, outcome: Outcome) {
        self.seen.note(operation);
        if outcome == Outcome::AlreadySo {
            self.doubt();
        }
    }

    /// Reads anew what these operations were about.
    ///
    /// # Errors
    /// As [`Kernel::reread`]; what is known is in doubt then.
    pub fn reread(&mut self, kernel: &mut (impl Kernel + ?Sized), operations: &[Operation]) -> Result<(), KernelError> {
        kernel.reread(operations, &mut self.seen).inspect_err(|_| self.trusted = false)
    }

    /// Holds what is known in the trees of what is wanted, as far as both agree, so that the next
    /// [`diff()`](super::diff()) costs what has changed by then.
    pub fn share_with(&mut self, want: &HostState) {
        self.seen.ours = self.seen.ours.sharing(want);
    }
}
