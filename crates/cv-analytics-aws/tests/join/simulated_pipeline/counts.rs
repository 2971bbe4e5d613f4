//! What came to pass in a run, or in many.

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) throttled: u64,
    pub(super) lost_answers: u64,
    pub(super) late_reads: u64,
    pub(super) crashes: u64,
    /// Requests on which two executors worked at once.
    pub(super) at_once: u64,
    pub(super) acknowledged: u64,
    /// Messages that were acknowledged, and were delivered again all the same.
    pub(super) acknowledged_in_vain: u64,
    pub(super) dead_letters: u64,
    pub(super) sweeps: u64,
    pub(super) promoted: u64,
    pub(super) joined_by_sweep: u64,
    pub(super) expired_rows: u64,
    pub(super) erased: u64,
}

impl Counts {
    fn each(&mut self) -> [&mut u64; 14] {
        [
            &mut self.calls,
            &mut self.throttled,
            &mut self.lost_answers,
            &mut self.late_reads,
            &mut self.crashes,
            &mut self.at_once,
            &mut self.acknowledged,
            &mut self.acknowledged_in_vain,
            &mut self.dead_letters,
            &mut self.sweeps,
            &mut self.promoted,
            &mut self.joined_by_sweep,
            &mut self.expired_rows,
            &mut self.erased,
        ]
    }

    /// All of them together.
    pub(super) fn total(runs: &[Self]) -> Self {
        let mut total = Self::default();
        for mut run in runs.iter().copied() {
            for (sum, count) in total.each().into_iter().zip(run.each()) {
                *sum += *count;
            }
        }
        total
    }

    /// How often that happened which happened least.
    pub(super) fn least(mut self) -> u64 {
        self.each().into_iter().map(|count| *count).min().unwrap_or_default()
    }
}
