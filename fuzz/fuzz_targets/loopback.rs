//! Thin: see [`fuzz::carrier::loopback`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::carrier::loopback(data));
