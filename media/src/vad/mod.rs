//! Voice activity: the cheap gate, the neural judge, and the edges of speech.

pub mod silero;
