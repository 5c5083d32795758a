//! Puts burden on a server that speaks the Twilio media-stream dialect and measures what its
//! callers would hear.

fn main() {}
