//! What a call is told once, at its birth, and the reasons it wants to be called again.

use serde::{Deserialize, Serialize};
use telephony::{Direction, E164};

use crate::{brief::Brief, menu};

/// Everything a [`Call`](super::Call) is told at its birth: the first line of its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallConfig {
    /// Who placed it.
    pub direction: Direction,
    /// Whom it goes to. An outbound call without it ends at once as an invalid number.
    pub to: Option<E164>,
    /// Caller number to show, or (inbound) who calls.
    pub from: Option<E164>,
    /// The errand.
    pub brief: Brief,
    /// How long everything may take.
    #[serde(default)]
    pub policy: Policy,
}

/// How long everything may take. Times in ms unless the name says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Give up ringing after this long, in s.
    pub ring_seconds_max: u32,
    /// From answer to the media stream.
    pub media_wait_ms_max: u32,
    /// A stream that was torn down may come back for this long.
    pub reattach_ms_max: u32,
    /// The callee normally speaks first: how long we wait for it.
    pub opening_silence_ms: u32,
    /// Endpoint after the last speech sample when the words are complete.
    pub endpoint_short_ms: u32,
    /// Endpoint when nothing can be told from the words.
    pub endpoint_ms: u32,
    /// Endpoint when the words want to go on ("and", "um", a comma).
    pub endpoint_long_ms: u32,
    /// After the endpoint: how long to wait for the recogniser's final text.
    pub final_wait_ms_max: u32,
    /// Nobody speaks for this long: ask whether they are still there.
    pub silence_ms_max: u32,
    /// How often to ask before the farewell.
    pub silence_prompts_max: u32,
    /// The longest wait the model may ask for (being put on hold).
    pub hold_ms_max: u32,
    /// From asking the model to its first word.
    pub think_ms_max: u32,
    /// From asking the voice to the first frame on its way.
    pub speak_ms_max: u32,
    /// A farewell is given this long to be heard.
    pub farewell_ms_max: u32,
    /// From our hang-up to the carrier's word that the call is over.
    pub hangup_ms_max: u32,
    /// How long the user's own leg may ring.
    pub bridge_ring_ms_max: u32,
    /// From answer to the end of the call, farewell included.
    pub duration_ms_max: u32,
    /// Phone menus: who decides there, and how long everything may take.
    pub menu: menu::Policy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            ring_seconds_max: 45,
            media_wait_ms_max: 10_000,
            reattach_ms_max: 5_000,
            opening_silence_ms: 1_800,
            endpoint_short_ms: 350,
            endpoint_ms: 700,
            endpoint_long_ms: 1_100,
            final_wait_ms_max: 1_500,
            silence_ms_max: 8_000,
            silence_prompts_max: 2,
            hold_ms_max: 300_000,
            think_ms_max: 12_000,
            speak_ms_max: 6_000,
            farewell_ms_max: 15_000,
            hangup_ms_max: 2_000,
            bridge_ring_ms_max: 45_000,
            duration_ms_max: 900_000,
            menu: menu::Policy::default(),
        }
    }
}

/// Why a call wants to be called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// It has rung long enough.
    Ring,
    /// The media stream should stand by now.
    Media,
    /// The callee did not speak first.
    Opening,
    /// The callee's turn may be over.
    Endpoint,
    /// Nobody speaks.
    Silence,
    /// A menu is to be answered, or was waited for long enough.
    Menu,
    /// What is on the line is judged again.
    Line,
    /// The model is late, or may be asked again.
    Think,
    /// The voice is late, or an utterance never ended.
    Speech,
    /// The farewell had its time.
    Farewell,
    /// The carrier had its time to end the call.
    Hangup,
    /// The user's own leg had its time to answer.
    Bridge,
    /// The call had its time.
    Duration,
}
