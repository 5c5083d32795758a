//! Thin: see [`fuzz::digits::tones`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::digits::tones(data));
