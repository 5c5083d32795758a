//! Thin: see [`fuzz::digits::rfc4733`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::digits::rfc4733(data));
