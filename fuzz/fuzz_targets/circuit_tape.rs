//! Thin: see [`fuzz::records::circuit_tape`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::records::circuit_tape(data));
