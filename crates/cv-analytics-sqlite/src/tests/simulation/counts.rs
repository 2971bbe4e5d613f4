//! What happened in a run, or in many.

use cv_analytics_harness::seeded;

/// How often each thing happened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) answered: u64,
    pub(super) lost_answers: u64,
    pub(super) swallowed: u64,
    pub(super) refused_as_erased: u64,
    pub(super) imported: u64,
    pub(super) forgotten: u64,
    pub(super) retained: u64,
    pub(super) letters_dropped: u64,
    pub(super) letters_retried: u64,
    pub(super) restored: u64,
    pub(super) killed: u64,
    pub(super) killed_while_writing: u64,
    pub(super) killed_while_erasing: u64,
    pub(super) full_disks: u64,
    pub(super) clock_jumps: u64,
}

impl seeded::Counts for Counts {
    fn each(&mut self) -> Vec<&mut u64> {
        vec![
            &mut self.answered,
            &mut self.lost_answers,
            &mut self.swallowed,
            &mut self.refused_as_erased,
            &mut self.imported,
            &mut self.forgotten,
            &mut self.retained,
            &mut self.letters_dropped,
            &mut self.letters_retried,
            &mut self.restored,
            &mut self.killed,
            &mut self.killed_while_writing,
            &mut self.killed_while_erasing,
            &mut self.full_disks,
            &mut self.clock_jumps,
        ]
    }
}
