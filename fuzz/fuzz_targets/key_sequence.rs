//! Thin: see [`fuzz::digits::key_sequence`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::digits::key_sequence(data));
