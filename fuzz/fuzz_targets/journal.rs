//! Thin: see [`fuzz::records::journal`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::records::journal(data));
