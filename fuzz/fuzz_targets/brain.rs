//! Thin: see [`fuzz::mind::brain`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::mind::brain(data));
