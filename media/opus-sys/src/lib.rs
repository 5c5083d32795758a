//! The names `audiopus` calls, served by `unsafe-libopus`, a Rust translation of libopus 1.3.1.
//!
//! The published `audiopus_sys` builds C with cmake, or links whatever libopus the machine has.
//! Here nothing but a Rust compiler is needed. Everything is re-exported unchanged but the two
//! variadic control functions, to which `audiopus` always passes exactly one further argument, and
//! the version string, which it wants as a C string.
//!
//! The one place of the workspace where `unsafe` may stand: it is a foreign interface by nature.

use std::ffi::c_char;

use unsafe_libopus::varargs::{IntoVarArg, VarArgs};
pub use unsafe_libopus::*;

/// Controls an encoder with one argument: an `i32`, or a `&mut i32` that receives the answer.
///
/// # Safety
/// `encoder` must come from `opus_encoder_create` and not be freed.
pub unsafe fn opus_encoder_ctl<'a>(
    encoder: *mut OpusEncoder,
    request: i32,
    argument: impl IntoVarArg<'a>,
) -> i32 {
    unsafe { opus_encoder_ctl_impl(encoder, request, VarArgs::new(vec![argument.into_vararg()])) }
}

/// Controls a decoder with one argument: an `i32`, or a `&mut i32` that receives the answer.
///
/// # Safety
/// `decoder` must come from `opus_decoder_create` and not be freed.
pub unsafe fn opus_decoder_ctl<'a>(
    decoder: *mut OpusDecoder,
    request: i32,
    argument: impl IntoVarArg<'a>,
) -> i32 {
    unsafe { opus_decoder_ctl_impl(decoder, request, VarArgs::new(vec![argument.into_vararg()])) }
}

/// The library's version as a C string that lives for ever.
pub fn opus_get_version_string() -> *const c_char {
    c"unsafe-libopus 0.2 (libopus 1.3.1)".as_ptr()
}
