//! Thin: see [`fuzz::vendors::deepgram`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::vendors::deepgram(data));
