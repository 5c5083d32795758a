//! Thin: see [`fuzz::records::wav`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::records::wav(data));
