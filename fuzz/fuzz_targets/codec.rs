//! Thin: see [`fuzz::sound::codec`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::sound::codec(data));
