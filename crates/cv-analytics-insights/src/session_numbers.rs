//! Small numbers for sessions, so that a report holds four bytes for each mention of one.

use std::collections::HashMap;

use cv_analytics_core::event::SessionDigest;
use rustc_hash::FxBuildHasher;

/// Numbers sessions in the order in which they come.
#[derive(Debug, Default)]
pub(crate) struct SessionNumbers {
    numbers: HashMap<SessionDigest, u32, FxBuildHasher>,
}

impl SessionNumbers {
    /// The session's number.
    pub(crate) fn number(&mut self, session: SessionDigest) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(session).or_insert(next)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }
}
