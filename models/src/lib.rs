//! What `src/engine/shared` promises, shown for every order in which threads can take their steps and every value
//! that relaxed memory lets them read. loom ends a model that can wait for ever: that is a lost wake-up.
#![cfg(test)]

mod engine;
