//! Thin: see [`fuzz::packets::rtcp`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::packets::rtcp(data));
