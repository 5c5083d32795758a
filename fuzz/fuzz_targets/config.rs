//! Thin: see [`fuzz::records::config`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::records::config(data));
