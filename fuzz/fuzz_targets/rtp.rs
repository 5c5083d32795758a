//! Thin: see [`fuzz::packets::rtp`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::packets::rtp(data));
