//! What we say: one account of what was queued, sent, confirmed and cleared, and its pacing.
