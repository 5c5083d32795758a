//! Thin: see [`fuzz::packets::jitter`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::packets::jitter(data));
