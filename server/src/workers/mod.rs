//! Bounded threads for what computes: the ear, the mouth, the judge.

pub mod ear;
pub mod judge;
pub mod mouth;
