//! Pictures as PNG: a canvas of pixels, letters, and the picture of one call.
//!
//! Rooms: `canvas`, `font` (letters of 5 by 7 dots), `strip` (waveform and spectrum of sound of any length in
//! bounded memory), `matrix` (who was taken for whom), `call` (waveform, spectrogram and line states over time).

mod call;
mod canvas;
mod font;
mod matrix;
mod strip;

pub use call::Call;
pub use canvas::{Canvas, Colour};
pub use matrix::Matrix;
pub use strip::Strip;
