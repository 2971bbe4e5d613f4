//! Gaps that the owner closes: how questions about them were answered before the mark and since.

use std::cmp::Reverse;
use std::collections::HashMap;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rustc_hash::FxBuildHasher;

use crate::model::{GapMark, NameType, TrackedCounts, TrackedGap, TrackedState, WEEKS};
use crate::settings::counting_rules::CountingRules;
use crate::settings::gap_marks::MarkedGap;
use crate::skills::name_key;
use crate::tally::gaps::Trouble;
use crate::tally::names::{Name, Names, TopicIndex};
use crate::tally::reading::Reading;

/// So many questions, or so many weeks of them, of which more than half fail, open a gap again.
const REOPENED_BY_QUESTIONS: u64 = 5;
const REOPENED_BY_WEEKS: usize = 2;

impl TrackedCounts {
    fn add_all(&mut self, other: Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.unmatched += other.unmatched;
        self.partly += other.partly;
    }

    /// How many of these questions show what the agent knows.
    const fn shown(self) -> u64 {
        self.answered + self.unmatched
    }

    /// Whether more than half of those fail.
    const fn fail(self) -> bool {
        self.unmatched * 2 > self.shown()
    }
}

type Weeks = [TrackedCounts; WEEKS as usize];

fn add_weeks(weeks: &mut Weeks, more: &Weeks) {
    for (counts, more) in weeks.iter_mut().zip(more) {
        counts.add_all(*more);
    }
}

/// Counts the questions about marked gaps.
pub(crate) struct GapTracker<'s> {
    tracked: Vec<Tracked<'s>>,
    /// By the gap's key.
    by_key: HashMap<String, usize, FxBuildHasher>,
    /// Which gap a name is; `None` for one that is not tracked.
    by_name: HashMap<Name, Option<usize>, FxBuildHasher>,
    /// Questions before the mark and since it.
    counts: HashMap<Name, (Weeks, Weeks), FxBuildHasher>,
}

struct Tracked<'s> {
    /// The name as set.
    name: &'s str,
    mark: GapMark,
    since: Option<Timestamp>,
    /// Whether it is a skill that the dictionary knows.
    known_skill: bool,
}

impl<'s> GapTracker<'s> {
    pub(crate) fn new(rules: &'s CountingRules, names: &mut Names<'_>) -> Self {
        let mut tracker = Self {
            tracked: Vec::new(),
            by_key: HashMap::default(),
            by_name: HashMap::default(),
            counts: HashMap::default(),
        };
        for (key, MarkedGap { mark, at, .. }, name) in rules.marked_gaps() {
            let Some(mark @ (GapMark::HaveIt | GapMark::Learning)) = *mark else { continue };
            let place = tracker.tracked.len();
            tracker.by_name.insert(Name::Skill(names.skill(name)), Some(place));
            tracker.by_key.insert(key.to_owned(), place);
            let known_skill = names.is_known(name);
            tracker.tracked.push(Tracked { name, mark, since: *at, known_skill });
        }
        tracker
    }

    /// Counts an interaction of the week at `place` of the eight.
    pub(crate) fn add(
        &mut self,
        reading: &Reading,
        trouble: Option<Trouble>,
        failed: &[Name],
        names: &Names<'_>,
        (at, place): (Timestamp, usize),
    ) {
        if self.tracked.is_empty() {
            return;
        }
        let Self { tracked, by_key, by_name, counts } = self;
        for name in reading.names() {
            let of = *by_name.entry(name).or_insert_with(|| match name {
                Name::Topic(_) => {
                    let name = names.of(name);
                    by_key
                        .get(&name.to_lowercase())
                        .or_else(|| by_key.get(&name_key(name)))
                        .copied()
                }
                Name::Skill(_) => None,
            });
            let Some(gap) = of.and_then(|of| tracked.get(of)) else { continue };
            let (before, after) = counts.entry(name).or_default();
            let since = gap.since.is_none_or(|since| at >= since);
            if let Some(counts) = if since { after } else { before }.get_mut(place) {
                counts.asked += 1;
                match trouble {
                    Some(Trouble::Fault | Trouble::Blocked) => {}
                    Some(trouble) if failed.contains(&name) => {
                        counts.unmatched += 1;
                        counts.partly += u64::from(trouble == Trouble::Partial);
                    }
                    _ => counts.answered += 1,
                }
            }
        }
    }

    /// Lets every name that `moved` knows count under another; a tracked phrase that too few
    /// conversations share counts no longer.
    pub(crate) fn rename(&mut self, moved: &HashMap<Name, Name, FxBuildHasher>) {
        for (name, to) in moved {
            let Some((before, after)) = self.counts.remove(name) else { continue };
            if let Some(of) = self.by_name.remove(name)
                && !matches!(to, Name::Topic(TopicIndex::OTHER))
            {
                self.by_name.insert(*to, of);
                let kept = self.counts.entry(*to).or_default();
                add_weeks(&mut kept.0, &before);
                add_weeks(&mut kept.1, &after);
            }
        }
    }

    /// The gaps that are tracked in the report of `week`: those that fail again first, then by state, by questions
    /// since, and by name. One that nobody asked about in eight weeks and that was marked before them is left out.
    pub(crate) fn report(
        &self,
        week: IsoWeek,
        names: &Names<'_>,
        has_data: &[bool],
    ) -> Vec<TrackedGap> {
        let mut asked: Vec<Vec<Name>> = vec![Vec::new(); self.tracked.len()];
        for name in self.counts.keys() {
            if let Some(of) = self.by_name.get(name).copied().flatten()
                && let Some(asked) = asked.get_mut(of)
            {
                asked.push(*name);
            }
        }
        let mut reports = Vec::new();
        for (gap, mut asked) in self.tracked.iter().zip(asked) {
            asked.sort_unstable();
            let (mut before, mut after) = (Weeks::default(), Weeks::default());
            for (asked_before, asked_after) in asked.iter().filter_map(|name| self.counts.get(name))
            {
                add_weeks(&mut before, asked_before);
                add_weeks(&mut after, asked_after);
            }
            let name = asked.first().map(|&name| (name.name_type(), names.of(name)));
            reports.extend(gap.report(week, name, (&before, &after), has_data));
        }
        reports.sort_by(|a, b| {
            let rank = |gap: &TrackedGap| (gap.state, Reverse(gap.after.asked));
            (rank(a), &a.name).cmp(&(rank(b), &b.name))
        });
        reports
    }
}

impl Tracked<'_> {
    fn report(
        &self,
        week: IsoWeek,
        name: Option<(NameType, &str)>,
        (before_weeks, after_weeks): (&Weeks, &Weeks),
        has_data: &[bool],
    ) -> Option<TrackedGap> {
        let total = |weeks: &Weeks| {
            let mut total = TrackedCounts::default();
            for counts in weeks {
                total.add_all(*counts);
            }
            total
        };
        let (before, after) = (total(before_weeks), total(after_weeks));
        let window = week.earlier(WEEKS - 1).start();
        if before.asked + after.asked == 0 && self.since.is_none_or(|since| since < window) {
            return None;
        }
        let weeks = before_weeks.iter().zip(after_weeks).zip(has_data);
        let weeks = weeks.map(|((before, after), has_data)| {
            has_data.then(|| {
                let mut counts = *before;
                counts.add_all(*after);
                counts
            })
        });
        let (state, failing) = self.state(after_weeks);
        let otherwise = if self.known_skill { NameType::Skill } else { NameType::Topic };
        let (name_type, name) = name.unwrap_or((otherwise, self.name));
        Some(TrackedGap {
            name: name.to_owned(),
            name_type,
            mark: self.mark,
            since: self.since.map(|since| since.to_string()),
            since_week: self.since.map(|since| IsoWeek::containing(since).to_string()),
            weeks_since: self.weeks_since(week),
            state,
            reopened_in: failing.map(|back| week.earlier(back).to_string()),
            before: self.since.map(|_| before),
            after,
            weeks: weeks.collect(),
        })
    }

    /// How it stands by the last weeks since the mark whose questions show anything: as long as each
    /// of them fails, they are taken together. With how many weeks ago it began to fail again.
    fn state(&self, after: &Weeks) -> (TrackedState, Option<u8>) {
        if self.mark == GapMark::Learning {
            return (TrackedState::Learning, None);
        }
        let shown = (0..).zip(after.iter().rev()).filter(|(_, counts)| counts.shown() > 0);
        let failing: Vec<(u8, &TrackedCounts)> =
            shown.clone().take_while(|(_, counts)| counts.fail()).collect();
        let questions: u64 = failing.iter().map(|(_, counts)| counts.shown()).sum();
        match failing.last() {
            Some(&(back, _))
                if questions >= REOPENED_BY_QUESTIONS || failing.len() >= REOPENED_BY_WEEKS =>
            {
                (TrackedState::Reopened, Some(back))
            }
            None if shown.count() > 0 => (TrackedState::Closed, None),
            _ => (TrackedState::Waiting, None),
        }
    }

    fn weeks_since(&self, week: IsoWeek) -> u32 {
        let weeks = u32::from(WEEKS);
        match self.since {
            None => weeks,
            Some(since) if since >= week.end() => 0,
            Some(since) => {
                let back = (0..WEEKS).find(|back| since >= week.earlier(*back).start());
                back.map_or(weeks, |back| u32::from(back) + 1)
            }
        }
    }
}
