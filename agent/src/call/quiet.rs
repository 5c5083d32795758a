//! How long nobody has spoken.

use std::time::Duration;

use media::Mono;

use super::config::Policy;

/// The clock of silence.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quiet {
    since: Option<Mono>,
    /// The other side asked us to hold, or the model to wait: no question before this.
    hold_until: Option<Mono>,
    prompts: u32,
}

impl Quiet {
    /// It is quiet now; nothing changes when it was before.
    pub(super) fn begin(&mut self, now: Mono) {
        self.since.get_or_insert(now);
    }

    /// Somebody speaks or thinks.
    pub(super) fn stop(&mut self) {
        self.since = None;
    }

    /// The callee said something that makes sense.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// Wait patiently for this long.
    pub(super) fn hold(&mut self, now: Mono, ms: u32) {
        self.hold_until = Some(now + Duration::from_millis(u64::from(ms)));
    }

    /// We asked whether they are still there. `false` when that was asked often enough.
    pub(super) fn prompt(&mut self, policy: &Policy) -> bool {
        self.since = None;
        self.hold_until = None;
        self.prompts += 1;
        self.prompts <= policy.silence_prompts_max
    }

    /// Since when.
    pub(super) fn since(&self) -> Option<Mono> {
        self.since
    }

    /// When it has been quiet for too long.
    pub(super) fn deadline(&self, policy: &Policy) -> Option<Mono> {
        let limit = self.since? + Duration::from_millis(u64::from(policy.silence_ms_max));
        Some(self.hold_until.map_or(limit, |hold| hold.max(limit)))
    }
}
