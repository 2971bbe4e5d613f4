//! The figures of a period, and which period fared worst.

use cv_analytics_core::event::{MatchType, Outcome};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::WeekFigures;
use cv_analytics_insights::view::phrases::FAILED_OR_UNANSWERED;

use crate::weeks::periods::Period;
use crate::weeks::totals::CountedWeek;

/// Questions that a period has to have before its share is worth a comparison.
pub(super) const MIN_QUESTIONS: u64 = 20;
/// The part that a quota, the model or an error stopped, or that got no answer.
pub(super) const FAILED: &str = "failed";
/// The parts of a column from the bottom up: a class of the stylesheet, and what it is called.
pub(super) const PARTS: [(&str, &str); 5] = [
    (MatchType::Full.code(), "Fully covered"),
    (MatchType::Partial.code(), "Partly covered"),
    (MatchType::None.code(), "Not covered"),
    (FAILED, FAILED_OR_UNANSWERED),
    ("other", "Stopped or not rated"),
];

/// The figures of a period, added up.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) interactions: u64,
    pub(super) queries: u64,
    /// In the order of [`PARTS`].
    pub(super) parts: [u64; 5],
}

impl Sums {
    pub(super) fn of<'c>(weeks: impl Iterator<Item = &'c CountedWeek>) -> Option<Self> {
        let figures = weeks.filter_map(|week| week.figures.as_ref());
        figures
            .fold(None, |sums: Option<Self>, figures| Some(sums.unwrap_or_default().plus(figures)))
    }

    pub(super) fn plus(self, figures: &WeekFigures) -> Self {
        let [full, partial, none] = [MatchType::Full, MatchType::Partial, MatchType::None]
            .map(|kind| figures.matches.count(kind));
        let faults = [Some(Outcome::Quota), Some(Outcome::AiError), Some(Outcome::Error), None];
        let failed = faults.map(|outcome| figures.outcomes.count(outcome)).iter().sum::<u64>();
        let known = full + partial + none + failed;
        let parts = [full, partial, none, failed, figures.interactions.saturating_sub(known)];
        let mut sums = self;
        sums.interactions += figures.interactions;
        sums.queries += figures.queries;
        for (sum, part) in sums.parts.iter_mut().zip(parts) {
            *sum += part;
        }
        sums
    }

    /// Those that got no good answer: not covered, failed, or unanswered.
    pub(super) fn bad(&self) -> u64 {
        let [_, _, none, failed, _] = self.parts;
        none + failed
    }

    /// Whether a share says something.
    pub(super) fn is_many(&self) -> bool {
        self.interactions >= MIN_QUESTIONS
    }

    /// Compares shares, and of equal ones the counts, without rounding.
    pub(super) fn worse_than(&self, other: &Self) -> bool {
        let (ours, theirs) = (u128::from(self.bad()), u128::from(other.bad()));
        let (mine, other_ones) = (u128::from(self.interactions), u128::from(other.interactions));
        (ours * other_ones, ours) > (theirs * mine, theirs)
    }
}

/// The worst closed period with enough questions, the newest of equals; `None` under two, or where all went well.
pub(super) fn worst(periods: &[Period], sums: &[Option<Sums>], now: Timestamp) -> Option<usize> {
    let comparable = (0..).zip(periods).zip(sums).filter_map(|((place, period), sums)| {
        let sums = (*sums)?;
        (sums.is_many() && !period.is_open(now)).then_some((place, sums))
    });
    let comparable: Vec<(usize, Sums)> = comparable.collect();
    if comparable.len() < 2 {
        return None;
    }
    let worse = |best: (usize, Sums), one: (usize, Sums)| {
        if best.1.worse_than(&one.1) { best } else { one }
    };
    let (place, sums) = comparable.into_iter().reduce(worse)?;
    (sums.bad() > 0).then_some(place)
}
