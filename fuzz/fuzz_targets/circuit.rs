//! Thin: see [`fuzz::sound::circuit`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sound::circuit(data));
