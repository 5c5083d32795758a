//! Whole circuits in virtual time, against a carrier that behaves like the real one.

mod carrier;
mod interruptions;
mod sound;
