//! Thin: see [`fuzz::requests::call_request`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::requests::call_request(data));
