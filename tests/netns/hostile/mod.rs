//! Guests that mean harm, or are broken: on a real tap, beside other tenants.

mod flood;
mod frames;
mod marks;
mod raw;
mod refused;
