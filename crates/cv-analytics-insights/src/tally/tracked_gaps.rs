//! Gaps that the owner closes: how questions about them were answered before the mark and since.

use std::cmp::Reverse;
use std::collections::HashMap;

use cv_analytics_core::observation_page::PagedObservation;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use crate::model::{GapMark, GapType, WEEKS};
use crate::settings::gap_marks::{MarkedGap, MarksInForce};
use crate::skills::topics::topic;
use crate::tally::asked_skills::{AskedSkills, SkillIndex};
use crate::tally::gaps::Trouble;

/// One question in so many that finds nothing opens a gap again.
const OPENS_AT_ONE_IN: u64 = 4;

/// A gap that the owner marked `have-it` or `learning`, and how its questions are answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowedGap {
    /// The skill's or topic's name.
    pub name: String,
    /// Which of the two.
    #[serde(rename = "type")]
    pub gap_type: GapType,
    /// What the owner said of it.
    pub mark: GapMark,
    /// Since when, ISO 8601; `None` for a mark that was written without a moment.
    pub since: Option<String>,
    /// The week of that moment.
    pub since_week: Option<String>,
    /// Weeks since then, the one of the mark and the report's own included; 0 where the mark is
    /// later than the report's week, eight at most.
    pub weeks_since: u32,
    /// How it stands.
    pub state: FollowState,
    /// The first of the weeks without a break in which it fails again.
    pub reopened_in: Option<String>,
    /// Questions of the eight weeks before the mark; `None` where its moment is not known.
    pub before: Option<FollowCounts>,
    /// Questions of the eight weeks since.
    pub after: FollowCounts,
    /// All questions about it, eight weeks, oldest first; `None` for a week without any data.
    pub weeks: Vec<Option<FollowCounts>>,
}

/// How a followed gap stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowState {
    /// Marked `have-it`, and it fails again.
    Reopened,
    /// Marked `have-it`, and its questions are answered.
    Closed,
    /// Marked `have-it`, and no question since has shown whether it helped.
    Waiting,
    /// Marked `learning`.
    Learning,
}

/// Questions about one gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowCounts {
    /// Interactions that are about it.
    pub asked: u64,
    /// Of them those that were answered, and not with match type none: no gap of any kind.
    pub answered: u64,
    /// Of them those in which nothing matched. The others failed or were refused.
    pub unmatched: u64,
}

impl FollowCounts {
    fn add(&mut self, trouble: Option<Trouble>) {
        self.asked += 1;
        match trouble {
            None => self.answered += 1,
            Some(Trouble::NoMatch) => self.unmatched += 1,
            Some(Trouble::Fault | Trouble::Blocked) => {}
        }
    }

    fn add_all(&mut self, other: Self) {
        self.asked += other.asked;
        self.answered += other.answered;
        self.unmatched += other.unmatched;
    }

    /// Whether these questions show anything of what the agent knows.
    const fn tell(self) -> bool {
        self.answered + self.unmatched > 0
    }

    /// Whether nothing matched for one in four or more of those that show anything.
    const fn fail(self) -> bool {
        self.tell() && self.unmatched * OPENS_AT_ONE_IN >= self.answered + self.unmatched
    }
}

/// Counts the questions about marked gaps.
pub(crate) struct FollowTally {
    followed: Vec<Followed>,
    by_skill: HashMap<SkillIndex, usize, FxBuildHasher>,
    /// By the topic's name in small letters; empty where every mark is a known skill's.
    by_topic: HashMap<String, usize, FxBuildHasher>,
}

struct Followed {
    /// The name as set.
    name: String,
    mark: GapMark,
    since: Option<Timestamp>,
    skill: Option<SkillIndex>,
    /// The name of the topic as questions gave it.
    topic: Option<String>,
    before: [FollowCounts; WEEKS as usize],
    after: [FollowCounts; WEEKS as usize],
}

impl FollowTally {
    pub(crate) fn new(marks: &MarksInForce<'_>, asked: &mut AskedSkills<'_>) -> Self {
        let mut tally = Self {
            followed: Vec::new(),
            by_skill: HashMap::default(),
            by_topic: HashMap::default(),
        };
        for (key, name, MarkedGap { mark, at, .. }) in marks.iter() {
            let Some(mark @ (GapMark::HaveIt | GapMark::Learning)) = *mark else { continue };
            let place = tally.followed.len();
            let (skill, known) = asked.reserve(key);
            tally.by_skill.insert(skill, place);
            if !known {
                tally.by_topic.insert(key.to_owned(), place);
            }
            tally.followed.push(Followed {
                name: name.to_owned(),
                mark,
                since: *at,
                skill: None,
                topic: None,
                before: Default::default(),
                after: Default::default(),
            });
        }
        tally
    }

    /// Counts an interaction of the week at `place` of the eight.
    pub(crate) fn add(
        &mut self,
        observation: &PagedObservation<'_>,
        skills: &[SkillIndex],
        at: Timestamp,
        place: usize,
    ) {
        if self.followed.is_empty() {
            return;
        }
        for skill in skills {
            let followed = self.by_skill.get(skill).and_then(|&of| self.followed.get_mut(of));
            if let Some(followed) = followed {
                followed.skill = Some(*skill);
                followed.add(observation, at, place);
            }
        }
        if skills.is_empty()
            && !self.by_topic.is_empty()
            && let Some(topic) = observation.query.as_ref().and_then(|query| topic(query.text))
            && let Some(&of) = self.by_topic.get(&topic.to_lowercase())
            && let Some(followed) = self.followed.get_mut(of)
        {
            followed.add(observation, at, place);
            followed.topic = Some(topic);
        }
    }

    /// The gaps that are followed in the report of `week`: those that fail again first, then by
    /// state, by questions since, and by name. One that nobody asked about in eight weeks and that
    /// was marked before them is left out.
    pub(crate) fn followed(
        &self,
        week: IsoWeek,
        asked: &AskedSkills<'_>,
        has_data: &[bool],
    ) -> Vec<FollowedGap> {
        let mut followed: Vec<FollowedGap> =
            self.followed.iter().filter_map(|gap| gap.report(week, asked, has_data)).collect();
        followed.sort_by(|a, b| {
            let rank = |gap: &FollowedGap| (gap.state, Reverse(gap.after.asked));
            (rank(a), &a.name).cmp(&(rank(b), &b.name))
        });
        followed
    }
}

impl Followed {
    fn add(&mut self, observation: &PagedObservation<'_>, at: Timestamp, place: usize) {
        let since = self.since.is_none_or(|since| at >= since);
        let weeks = if since { &mut self.after } else { &mut self.before };
        if let Some(counts) = weeks.get_mut(place) {
            counts.add(Trouble::of(observation));
        }
    }

    fn report(
        &self,
        week: IsoWeek,
        asked: &AskedSkills<'_>,
        has_data: &[bool],
    ) -> Option<FollowedGap> {
        let total = |weeks: &[FollowCounts]| {
            let mut total = FollowCounts::default();
            for counts in weeks {
                total.add_all(*counts);
            }
            total
        };
        let (before, after) = (total(&self.before), total(&self.after));
        let window = week.earlier(WEEKS - 1).start();
        if before.asked + after.asked == 0 && self.since.is_none_or(|since| since < window) {
            return None;
        }
        let weeks = self.before.iter().zip(&self.after).zip(has_data);
        let weeks = weeks.map(|((before, after), has_data)| {
            has_data.then(|| {
                let mut counts = *before;
                counts.add_all(*after);
                counts
            })
        });
        let (state, failing) = self.state();
        let (gap_type, name) = match (self.skill, &self.topic) {
            (Some(skill), _) => (GapType::Skill, asked.name(skill)),
            (None, Some(topic)) => (GapType::Topic, topic.as_str()),
            (None, None) if asked.is_known(&self.name) => (GapType::Skill, self.name.as_str()),
            (None, None) => (GapType::Topic, self.name.as_str()),
        };
        Some(FollowedGap {
            name: name.to_owned(),
            gap_type,
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

    /// How it stands by the last week since the mark whose questions show anything; with how many
    /// weeks ago it began to fail again.
    fn state(&self) -> (FollowState, Option<u8>) {
        if self.mark == GapMark::Learning {
            return (FollowState::Learning, None);
        }
        let mut telling = (0..).zip(self.after.iter().rev()).filter(|(_, counts)| counts.tell());
        match telling.next() {
            None => (FollowState::Waiting, None),
            Some((_, last)) if !last.fail() => (FollowState::Closed, None),
            Some((last, _)) => {
                let failing = telling.take_while(|(_, counts)| counts.fail()).last();
                (FollowState::Reopened, Some(failing.map_or(last, |(back, _)| back)))
            }
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
