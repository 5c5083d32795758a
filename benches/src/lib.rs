//! Measures the house: one criterion bench per thing whose cost a call pays, see `benches/benches`.
//!
//! This library holds what several benches share: sound to feed them with.
