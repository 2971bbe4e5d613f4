//! Counts the interactions of eight weeks, one by one, in any order and in memory that grows only
//! with the number of interactions by a few dozen bytes each.

use std::collections::{BTreeSet, HashMap};

use cv_analytics_core::event::{MatchType, Outcome, ResponseForm};
use cv_analytics_core::store::observation_page::{ObservationPage, PagedObservation};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rustc_hash::FxBuildHasher;

use crate::model::{
    Capture, DeliveryCounts, ExcludedBy, MatchCounts, MatchSources, Outcomes, Thumbs, WEEKS,
};
use crate::settings::counting_rules::CountingRules;
use crate::skills::mentions::SkillMention;
use crate::tally::conversations::{Conversations, conversation_of};
use crate::tally::exclusions::Excluded;
use crate::tally::feedback::FeedbackTally;
use crate::tally::gaps::{GapTally, KnownOnCv, Trouble, failed_names};
use crate::tally::names::{Name, SkillIndex, TopicIndex};
use crate::tally::reading::{Reader, Reading};
use crate::tally::scores::{DisagreementExamples, ScoreTally};
use crate::tally::tracked_gaps::GapTracker;

/// So many conversations have to share a phrase before it is a topic.
const MIN_SHARED_BY: u64 = 3;

/// Everything that a report needs to know of its eight weeks.
pub(crate) struct Tally<'s> {
    /// The first moments of the eight weeks, oldest first, and the end of the last.
    bounds: Vec<Timestamp>,
    pub(crate) weeks: Vec<WeekTally>,
    pub(crate) gaps: GapTally,
    pub(crate) reader: Reader<'s>,
    pub(crate) cv: KnownOnCv,
    pub(crate) tracker: GapTracker<'s>,
    pub(crate) disagreements: DisagreementExamples,
    pub(crate) excluded: ExcludedBy,
    exclusions: Excluded<'s>,
    reading: Reading,
    failed: Vec<Name>,
    /// Interactions without a session so far: each is its own conversation.
    without_session: u64,
}

/// The counts of one week.
#[derive(Debug, Default)]
pub(crate) struct WeekTally {
    pub(crate) interactions: u64,
    pub(crate) without_session: u64,
    pub(crate) ignored_names: u64,
    pub(crate) queries: u64,
    pub(crate) responses: u64,
    pub(crate) joined: u64,
    /// Responses that also report bad answers: with an outcome, a question, or match `none`.
    pub(crate) telling_responses: u64,
    /// Responses that are partial or name something missing.
    pub(crate) shortcomings: u64,
    pub(crate) matches: MatchCounts,
    pub(crate) sources: MatchSources,
    /// Sum of the match scores in millionths: whole numbers add up alike in any order.
    score_sum: i128,
    scored: u64,
    pub(crate) scores: ScoreTally,
    pub(crate) outcomes: Outcomes,
    pub(crate) feedback: FeedbackTally,
    pub(crate) latencies_ms: Vec<u64>,
    /// The interactions' conversations with their moments.
    pub(crate) moments: Vec<Moment>,
    pub(crate) names: HashMap<Name, NameTally, FxBuildHasher>,
    /// The words that were used for a skill, in lower case.
    pub(crate) variants:
        HashMap<SkillIndex, HashMap<String, VariantTally, FxBuildHasher>, FxBuildHasher>,
}

/// One interaction in the course of its conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that do not depend on each other")]
pub(crate) struct Moment {
    pub(crate) conversation: u64,
    pub(crate) at: Timestamp,
    /// Whether the interaction has a session, so that its conversation could go on.
    pub(crate) in_a_session: bool,
    /// Whether there is a question.
    pub(crate) asked: bool,
    /// Whether there is a response.
    pub(crate) answered: bool,
    /// Whether the answer covered nothing.
    pub(crate) no_match: bool,
}

/// The counts of one skill or topic in one week.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTally {
    pub(crate) queries: u64,
    pub(crate) conversations: Conversations,
    pub(crate) matches: MatchCounts,
    pub(crate) unanswered: u64,
    pub(crate) failing: u64,
    pub(crate) thumbs: Thumbs,
}

/// The counts of one word for a skill.
#[derive(Debug, Default)]
pub(crate) struct VariantTally {
    pub(crate) queries: u64,
    /// Of them those in a gap of the skill.
    pub(crate) failing: u64,
    pub(crate) conversations: Conversations,
}

impl<'s> Tally<'s> {
    pub(crate) fn new(week: IsoWeek, rules: &'s CountingRules) -> Self {
        let mut bounds: Vec<Timestamp> =
            (0..WEEKS).rev().map(|back| week.earlier(back).start()).collect();
        bounds.push(week.end());
        let mut reader = Reader::new(rules);
        Self {
            bounds,
            weeks: (0..WEEKS).map(|_| WeekTally::default()).collect(),
            gaps: GapTally::default(),
            cv: KnownOnCv::new(rules, &mut reader.names),
            tracker: GapTracker::new(rules, &mut reader.names),
            reader,
            disagreements: DisagreementExamples::default(),
            excluded: ExcludedBy::default(),
            exclusions: Excluded::new(&rules.settings.exclusions),
            reading: Reading::default(),
            failed: Vec::new(),
            without_session: 0,
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
        if let Some(reason) = self.exclusions.cover(observation) {
            *reason.count_in(&mut self.excluded) += u64::from(last);
            return;
        }
        let conversation = conversation_of(observation, &mut self.without_session);
        let Self { reader, reading, failed, .. } = self;
        reader.read(observation, mentions, reading);
        let trouble = Trouble::of(observation);
        failed_names(trouble, reading, failed);
        week.ignored_names += reading.ignored_names;
        if week.add(observation, (conversation, at)) && last {
            self.disagreements.add(observation, at);
        }
        for name in reading.names() {
            let tally = week.names.entry(name).or_default();
            tally.queries += 1;
            tally.conversations.add(conversation);
            if last {
                tally.add(observation, failed.contains(&name));
            }
        }
        if last {
            week.add_variants(mentions, failed, conversation);
        }
        self.tracker.add(reading, trouble, failed, &reader.names, (at, place));
        if let Some(trouble) = trouble {
            let Self { gaps, cv, .. } = self;
            gaps.add(observation, trouble, reading, failed, cv, (conversation, place));
        }
    }

    /// Decides which phrases are topics, once all is counted: those that three conversations of the
    /// eight weeks share; the others are other questions. Gives the phrases that are.
    pub(crate) fn select_shared_phrases(&mut self) -> BTreeSet<String> {
        let names = &mut self.reader.names;
        let mut sharing: HashMap<Name, Conversations, FxBuildHasher> = HashMap::default();
        for week in &self.weeks {
            for (&name, tally) in &week.names {
                if let Name::Topic(topic) = name
                    && names.is_phrase(topic)
                {
                    sharing.entry(name).or_default().merge(tally.conversations.clone());
                }
            }
        }
        let mut shared = BTreeSet::new();
        let mut moved: HashMap<Name, Name, FxBuildHasher> = HashMap::default();
        for (name, mut conversations) in sharing {
            let topic = if conversations.count() >= MIN_SHARED_BY {
                let phrase = names.of(name).to_owned();
                let topic = names.topic(&phrase);
                shared.insert(phrase);
                topic
            } else {
                TopicIndex::OTHER
            };
            moved.insert(name, Name::Topic(topic));
        }
        for week in &mut self.weeks {
            let phrases: Vec<Name> =
                week.names.keys().filter(|name| moved.contains_key(name)).copied().collect();
            for phrase in phrases {
                if let (Some(tally), Some(&name)) = (week.names.remove(&phrase), moved.get(&phrase))
                {
                    week.names.entry(name).or_default().merge(tally);
                }
            }
        }
        self.gaps.rename(&moved);
        self.tracker.rename(&moved);
        shared
    }
}

impl WeekTally {
    /// Counts an interaction; says whether its score and its outcome disagree.
    pub(crate) fn add(
        &mut self,
        observation: &PagedObservation<'_>,
        (conversation, at): (u64, Timestamp),
    ) -> bool {
        self.interactions += 1;
        let in_a_session = observation.session.is_some();
        self.without_session += u64::from(!in_a_session);
        let (asked, answered) = (observation.query.is_some(), observation.response.is_some());
        self.queries += u64::from(asked);
        self.responses += u64::from(answered);
        self.joined += u64::from(asked && answered);
        self.latencies_ms.extend(latency_ms(observation));
        self.feedback.add(observation);
        let no_match = rating(observation) == Some(MatchType::None);
        self.moments.push(Moment { conversation, at, in_a_session, asked, answered, no_match });
        let response = observation.response.as_ref();
        *self.outcomes.count_mut(response.map(|response| response.outcome)) += 1;
        let Some(response) = response else { return false };
        self.telling_responses += u64::from(
            response.outcome_named
                || response.form != ResponseForm::Plain
                || response.match_type == Some(MatchType::None),
        );
        self.shortcomings += u64::from(
            response.match_type == Some(MatchType::Partial) || !response.missing_skills.is_empty(),
        );
        self.add_match(observation)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a score has at most 100 million millionths"
    )]
    fn add_match(&mut self, observation: &PagedObservation<'_>) -> bool {
        let Some(response) = &observation.response else { return false };
        if let Some(match_type) = rating(observation) {
            *self.matches.count_mut(match_type) += 1;
            *self.sources.count_mut(response.match_source) += 1;
            if let Some(score) = response.match_score {
                self.score_sum += i128::from((score.value() * 1e6).round() as i64);
                self.scored += 1;
            }
        }
        let Some(score) = response.match_score else { return false };
        self.scores.add(score, response.outcome, response.match_type)
    }

    /// Counts each word for a skill once.
    fn add_variants(&mut self, mentions: &[SkillMention<'_>], failed: &[Name], conversation: u64) {
        for (place, mention) in mentions.iter().enumerate() {
            let variant = mention.variant();
            let before = mentions.get(..place).unwrap_or_default();
            if before
                .iter()
                .any(|other| other.skill() == mention.skill() && other.variant() == variant)
            {
                continue;
            }
            let words = self.variants.entry(mention.skill().0).or_default();
            if !words.contains_key(variant.as_ref()) {
                words.insert(variant.as_ref().to_owned(), VariantTally::default());
            }
            if let Some(tally) = words.get_mut(variant.as_ref()) {
                tally.queries += 1;
                tally.failing += u64::from(failed.contains(&Name::Skill(mention.skill().0)));
                tally.conversations.add(conversation);
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
        MatchCounts { mean_score, ..self.matches }
    }

    /// Joined ÷ all, to four digits.
    #[expect(clippy::cast_precision_loss, reason = "ten-thousandths from 0 to 1")]
    pub(crate) fn join_rate(&self) -> Option<f64> {
        let all = self.interactions;
        (all > 0).then(|| ((20_000 * self.joined + all) / (2 * all)) as f64 / 10_000.0)
    }

    /// The distinct sessions, and each interaction without one.
    pub(crate) fn conversations(&mut self) -> u64 {
        self.moments.sort_unstable();
        self.moments.chunk_by(|one, next| one.conversation == next.conversation).count() as u64
    }

    /// The distinct conversations of those interactions that `counts` admits.
    pub(crate) fn conversations_of(&self, counts: impl Fn(&Moment) -> bool) -> u64 {
        let mut conversations = Conversations::default();
        let counted = self.moments.iter().filter(|moment| counts(moment));
        counted.for_each(|moment| conversations.add(moment.conversation));
        conversations.count()
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
            without_session: self.without_session,
            ignored_names: self.ignored_names,
            deliveries,
        }
    }
}

impl NameTally {
    fn add(&mut self, observation: &PagedObservation<'_>, fails: bool) {
        if let Some(match_type) = rating(observation) {
            *self.matches.count_mut(match_type) += 1;
        }
        self.unanswered += u64::from(observation.response.is_none());
        self.failing += u64::from(fails);
        if let Some(feedback) = &observation.feedback {
            self.thumbs.add(feedback.rating);
        }
    }

    /// Adds what another name counted.
    pub(crate) fn merge(&mut self, other: Self) {
        self.queries += other.queries;
        self.conversations.merge(other.conversations);
        for match_type in MatchType::ALL {
            *self.matches.count_mut(*match_type) += other.matches.count(*match_type);
        }
        self.unanswered += other.unanswered;
        self.failing += other.failing;
        self.thumbs.merge(other.thumbs);
    }
}

/// The match type that counts: nobody was answered fully by a quota message.
pub(crate) fn rating(observation: &PagedObservation<'_>) -> Option<MatchType> {
    let response = observation.response.as_ref()?;
    match response.outcome {
        Outcome::Answered | Outcome::NoMatch => response.match_type,
        _ => None,
    }
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
