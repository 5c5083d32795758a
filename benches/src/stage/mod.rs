//! Everything a call pays for, piece by piece: each stage is defined once, for both clocks.
//!
//! A stage called `x-naive` does the work of `x` as one writes it without thinking; it is there for
//! the ratio, measured in the same run.

mod bridge;
mod call;
mod ear;
mod hand_over;
mod signal;
mod tls;
mod wire;

/// What is repeated.
pub type Work = Box<dyn FnMut()>;

/// One thing that is measured.
#[derive(Clone, Copy)]
pub struct Stage {
    /// For people and for the baseline.
    pub name: &'static str,
    /// What one repetition is, for the tables.
    pub what: &'static str,
    /// Asserts that it computes what it should, and is warm afterwards.
    pub set_up: fn() -> Work,
    /// Repetitions when instructions are counted; none: not counted.
    pub counted: u32,
}

/// All stages, in the order a frame takes.
pub fn all() -> impl Iterator<Item = &'static Stage> {
    [
        wire::STAGES,
        tls::STAGES,
        signal::STAGES,
        ear::STAGES,
        call::STAGES,
        bridge::STAGES,
        hand_over::STAGES,
    ]
    .into_iter()
    .flatten()
}

/// Does it so many times. The instruction counter looks for this function by its name, and counts
/// inside it only.
#[inline(never)]
pub fn repeat(work: &mut Work, times: u32) {
    for _ in 0..times {
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_and_naive_ways_have_a_better_one() {
        let names: Vec<&str> = all().map(|stage| stage.name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        for name in names.iter().filter_map(|name| name.strip_suffix("-naive")) {
            assert!(names.contains(&name), "{name}");
        }
    }

    #[test]
    fn every_stage_computes_what_it_should() {
        for stage in all() {
            repeat(&mut (stage.set_up)(), 2);
        }
    }
}
