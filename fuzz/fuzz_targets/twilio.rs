//! Thin: see [`fuzz::carrier::twilio`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::carrier::twilio(data));
