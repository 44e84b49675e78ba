//! The models, where the product's files find what they name.

mod events;
mod room;
mod shared;
mod workers;

/// Runs a model in every order in which a thread is interrupted at most three times, which takes seconds; in as many
/// as the environment says by `LOOM_MAX_PREEMPTIONS`, otherwise.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(3));
    builder.check(run);
}
