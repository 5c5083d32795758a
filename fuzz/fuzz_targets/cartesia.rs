//! Thin: see [`fuzz::vendors::cartesia`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::vendors::cartesia(data));
