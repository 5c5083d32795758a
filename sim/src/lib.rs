//! The other end of the line, in virtual or real time.
//!
//! ```text
//!   agent's carrier stream ◀──wire──▶ line ──frames──▶ callee (script with sounds)
//!   vendor dialects        ◀──wire──▶ vendor (emulators: Deepgram, OpenAI, Cartesia)
//!   world: Circuit + Call + dialects + line under one seed and one virtual clock
//! ```
//!
//! Rooms: `callee` (who answers), `tree` (a machine that answers first), `queue` and `mailbox` (nodes of
//! a tree that are rooms of their own), `trial` (a navigator tries a tree), `line` (the carrier between
//! us and them, and the truth of what was heard), `directory` (number → script), `recording`, `sound`
//! (what callees play), `ear` (tones, words), `vendor` (emulators of vendors' wires), `world` (a whole
//! call). Never heard of: the inside of `server`.

pub mod callee;
pub mod directory;
pub mod ear;
pub mod line;
pub mod mailbox;
pub mod queue;
pub mod recording;
pub mod sound;
pub mod tree;
pub mod trial;
pub mod vendor;
pub mod world;
