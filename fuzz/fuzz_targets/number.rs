//! Thin: see [`fuzz::carrier::number`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::carrier::number(data));
