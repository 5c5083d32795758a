//! Whole circuits in virtual time, against a carrier that behaves like the real one.

mod allocation;
mod carrier;
mod interruptions;
mod pacing;
mod sound;
