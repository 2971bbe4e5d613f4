//! What came to pass in a run, or in many.

use cv_analytics_harness::seeded;

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
    /// Words of feedback that were put, or were found to be replaced.
    pub(super) feedback: u64,
}

impl seeded::Counts for Counts {
    fn each(&mut self) -> Vec<&mut u64> {
        vec![
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
            &mut self.feedback,
        ]
    }
}
