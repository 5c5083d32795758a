//! A circuit's inputs and outputs as bytes, for exact replay.
