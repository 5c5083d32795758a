//! Thin: see [`fuzz::carrier::stream_token`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::carrier::stream_token(data));
