//! Thin: see [`fuzz::vendors::openai`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::vendors::openai(data));
