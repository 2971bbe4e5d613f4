//! Counts the interactions of eight weeks, one by one, in any order and in memory that grows only
//! with the number of interactions by a few dozen bytes each.

use std::collections::{BTreeSet, HashMap};

use cv_analytics_core::event::{ResponseForm, SessionDigest, Traffic};
use cv_analytics_core::observation_page::{ObservationPage, PagedObservation};
use cv_analytics_core::store::ObservedResponse;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rustc_hash::FxBuildHasher;

use crate::model::{Capture, DeliveryCounts, ExcludedBy, MatchCounts, Outcomes, WEEKS};
use crate::settings::Exclusions;
use crate::settings::gap_marks::MarksInForce;
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillDictionary;
use crate::skills::mentions::SkillMention;
use crate::tally::asked_skills::{AskedSkills, SkillIndex};
use crate::tally::gaps::GapTally;
use crate::tally::scores::{DisagreementExamples, ScoreTally};
use crate::tally::tracked_gaps::FollowTally;

/// Everything that a report needs to know of its eight weeks.
pub(crate) struct Tally<'s> {
    /// The first moments of the eight weeks, oldest first, and the end of the last.
    bounds: Vec<Timestamp>,
    pub(crate) weeks: Vec<WeekTally>,
    pub(crate) gaps: GapTally<'s>,
    pub(crate) asked: AskedSkills<'s>,
    pub(crate) followed: FollowTally,
    pub(crate) disagreements: DisagreementExamples,
    pub(crate) excluded: ExcludedBy,
    exclusions: Excluded<'s>,
    skills: Vec<SkillIndex>,
}

/// The counts of one week.
#[derive(Debug, Default)]
pub(crate) struct WeekTally {
    pub(crate) interactions: u64,
    pub(crate) with_session: u64,
    pub(crate) queries: u64,
    pub(crate) responses: u64,
    pub(crate) joined: u64,
    pub(crate) matches: MatchCounts,
    /// Sum of the match scores in millionths: whole numbers add up alike in any order.
    score_sum: i128,
    scored: u64,
    pub(crate) scores: ScoreTally,
    pub(crate) outcomes: Outcomes,
    pub(crate) latencies_ms: Vec<u64>,
    /// The sessions, one for each interaction that has one.
    pub(crate) sessions: Vec<SessionDigest>,
    pub(crate) skills: HashMap<SkillIndex, SkillTally, FxBuildHasher>,
}

/// The counts of one skill in one week.
#[derive(Debug, Default)]
pub(crate) struct SkillTally {
    pub(crate) queries: u64,
    pub(crate) sessions: Vec<SessionDigest>,
    pub(crate) matches: MatchCounts,
    pub(crate) unanswered: u64,
    pub(crate) variants: HashMap<String, u64, FxBuildHasher>,
}

impl<'s> Tally<'s> {
    pub(crate) fn new(
        week: IsoWeek,
        dictionary: &'s SkillDictionary,
        cv: Option<&'s CvList>,
        exclusions: &'s Exclusions,
        marks: &MarksInForce<'s>,
    ) -> Self {
        let mut bounds: Vec<Timestamp> =
            (0..WEEKS).rev().map(|back| week.earlier(back).start()).collect();
        bounds.push(week.end());
        let mut asked = AskedSkills::new(dictionary);
        Self {
            bounds,
            weeks: (0..WEEKS).map(|_| WeekTally::default()).collect(),
            gaps: GapTally::new(cv),
            followed: FollowTally::new(marks, &mut asked),
            asked,
            disagreements: DisagreementExamples::default(),
            excluded: ExcludedBy::default(),
            exclusions: Excluded::new(exclusions),
            skills: Vec::new(),
        }
    }

    /// Counts interactions; those outside the eight weeks are passed over.
    pub(crate) fn add_all(&mut self, page: &ObservationPage) {
        let mut mentions = Vec::new();
        for observation in page.iter() {
            self.add(&observation, &mut mentions);
        }
    }

    fn add<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) {
        let Some(at) = observation.at() else { return };
        let Some(place) = self.bounds.partition_point(|start| *start <= at).checked_sub(1) else {
            return;
        };
        let last = place + 1 == usize::from(WEEKS);
        let Some(week) = self.weeks.get_mut(place) else { return };
        let session = observation.session;
        if let Some(reason) = self.exclusions.cover(observation) {
            *reason.count_in(&mut self.excluded) += u64::from(last);
            return;
        }
        self.asked.of(observation, mentions, &mut self.skills);
        if week.add(observation, session) && last {
            self.disagreements.add(observation, at);
        }
        for &skill in &self.skills {
            let tally = week.skills.entry(skill).or_default();
            tally.queries += 1;
            tally.sessions.extend(session.filter(|_| place + 2 >= usize::from(WEEKS)));
            if last {
                tally.add(observation);
            }
        }
        if last {
            week.add_variants(mentions);
        }
        self.followed.add(observation, &self.skills, at, place);
        self.gaps.add(observation, &self.skills, session, place);
    }
}

impl WeekTally {
    /// Counts an interaction; says whether its score and its outcome disagree.
    fn add(&mut self, observation: &PagedObservation<'_>, session: Option<SessionDigest>) -> bool {
        self.interactions += 1;
        self.with_session += u64::from(session.is_some());
        self.sessions.extend(session);
        let (asked, answered) = (observation.query.is_some(), observation.response.is_some());
        self.queries += u64::from(asked);
        self.responses += u64::from(answered);
        self.joined += u64::from(asked && answered);
        self.latencies_ms.extend(latency_ms(observation));
        let response = observation.response.as_ref();
        *self.outcomes.count_mut(response.map(|response| response.outcome)) += 1;
        response.is_some_and(|response| self.add_match(response))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a score has at most 100 million millionths"
    )]
    fn add_match<A, B>(&mut self, response: &ObservedResponse<A, B>) -> bool {
        if let Some(match_type) = response.match_type {
            *self.matches.count_mut(match_type) += 1;
        }
        let Some(score) = response.match_score else { return false };
        self.score_sum += i128::from((score.value() * 1e6).round() as i64);
        self.scored += 1;
        self.scores.add(score, response.outcome, response.match_type)
    }

    fn add_variants(&mut self, mentions: &[SkillMention<'_>]) {
        for (place, mention) in mentions.iter().enumerate() {
            let variant = mention.variant();
            let before = mentions.get(..place).unwrap_or_default();
            if before
                .iter()
                .any(|other| other.skill() == mention.skill() && other.variant() == variant)
            {
                continue;
            }
            if let Some(tally) = self.skills.get_mut(&mention.skill().0) {
                match tally.variants.get_mut(variant.as_ref()) {
                    Some(count) => *count += 1,
                    None => {
                        tally.variants.insert(variant.into_owned(), 1);
                    }
                }
            }
        }
    }

    /// Match types and the mean score, to one digit.
    #[expect(clippy::cast_precision_loss, reason = "tenths of a score from 0 to 100")]
    pub(crate) fn match_counts(&self) -> MatchCounts {
        let mean_score = (self.scored > 0).then(|| {
            let unit = i128::from(self.scored) * 100_000;
            ((2 * self.score_sum + unit) / (2 * unit)) as f64 / 10.0
        });
        MatchCounts { mean_score, ..self.matches.clone() }
    }

    /// Joined ÷ all, to four digits.
    #[expect(clippy::cast_precision_loss, reason = "ten-thousandths from 0 to 1")]
    pub(crate) fn join_rate(&self) -> Option<f64> {
        let all = self.interactions;
        (all > 0).then(|| ((20_000 * self.joined + all) / (2 * all)) as f64 / 10_000.0)
    }

    /// Capture health.
    pub(crate) fn capture(&self, deliveries: DeliveryCounts) -> Capture {
        Capture {
            queries: self.queries,
            responses: self.responses,
            joined: self.joined,
            unanswered: self.queries - self.joined,
            response_only: self.responses - self.joined,
            join_rate: self.join_rate(),
            deliveries,
        }
    }
}

impl SkillTally {
    fn add(&mut self, observation: &PagedObservation<'_>) {
        match &observation.response {
            Some(response) => {
                if let Some(match_type) = response.match_type {
                    *self.matches.count_mut(match_type) += 1;
                }
            }
            None => self.unanswered += 1,
        }
    }
}

/// How many different sessions there are; `None` where there are none at all.
pub(crate) fn distinct(sessions: &mut Vec<SessionDigest>) -> Option<u64> {
    sessions.sort_unstable();
    sessions.dedup();
    (!sessions.is_empty()).then_some(sessions.len() as u64)
}

/// `performance.totalTime` where given, else response − query; negative or under one timestamp is
/// not collected. Whole milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and a float saturates"
)]
pub(crate) fn latency_ms(observation: &PagedObservation<'_>) -> Option<u64> {
    let response = observation.response.as_ref()?;
    if let Some(total) = response.total_time_ms {
        return (total >= 0.0).then(|| total.round() as u64);
    }
    let query = observation.query.as_ref().filter(|_| response.form != ResponseForm::Combined)?;
    u64::try_from(response.at.as_millis() - query.at.as_millis()).ok()
}

/// What the owner leaves out, with its sessions ready to compare.
pub(crate) struct Excluded<'s> {
    sessions: BTreeSet<SessionDigest>,
    request_ids: &'s BTreeSet<String>,
}

impl<'s> Excluded<'s> {
    pub(crate) fn new(exclusions: &'s Exclusions) -> Self {
        let sessions =
            exclusions.sessions.iter().map(|session| SessionDigest::of(session)).collect();
        Self { sessions, request_ids: &exclusions.request_ids }
    }

    /// Why the interaction is left out, if it is: canaries, known bots and the owner's own traffic
    /// by the flag of the intake, and what the owner lists.
    pub(crate) fn cover(&self, observation: &PagedObservation<'_>) -> Option<Exclusion> {
        match observation.traffic {
            Traffic::Bot => Some(Exclusion::Bot),
            Traffic::Own => Some(Exclusion::Own),
            Traffic::Canary => Some(Exclusion::Canary),
            Traffic::Visitor => {
                let listed =
                    observation.session.is_some_and(|session| self.sessions.contains(&session))
                        || self.request_ids.contains(observation.request_id);
                listed.then_some(Exclusion::Listed)
            }
        }
    }
}

/// Why an interaction is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exclusion {
    Own,
    Bot,
    Canary,
    Listed,
}

impl Exclusion {
    fn count_in(self, counts: &mut ExcludedBy) -> &mut u64 {
        match self {
            Self::Own => &mut counts.own,
            Self::Bot => &mut counts.bots,
            Self::Canary => &mut counts.canaries,
            Self::Listed => &mut counts.listed,
        }
    }
}
