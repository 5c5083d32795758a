//! Thin: see [`fuzz::mind::call`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::mind::call(data));
