//! The interactions behind a figure, by the very rules by which the report counts them.

use std::ops::RangeInclusive;

use cv_analytics_core::event::{MatchType, Outcome, SessionDigest, Traffic};
use cv_analytics_core::observation_page::{ObservationPage, PagedObservation};
use cv_analytics_core::timestamp::Timestamp;

use crate::model::{GapKind, GapType};
use crate::settings::Exclusions;
use crate::skills::cv_list::CvList;
use crate::skills::dictionary::SkillDictionary;
use crate::skills::mentions::SkillMention;
use crate::skills::topics::topic;
use crate::tally::asked_skills::{AskedSkills, SkillIndex};
use crate::tally::gaps::{GapSubject, Trouble, gaps_of};
use crate::tally::scores::disagree;
use crate::tally::weeks::{Excluded, Exclusion, latency_ms};

/// What is looked for: everything that is set has to hold. Without [`Filter::left_out`] only
/// interactions that count are found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// About this skill.
    pub skill: Option<String>,
    /// With this word for a skill in the question, in small letters; for [`Filter::skill`] where
    /// that is set.
    pub word: Option<String>,
    /// About this skill, or with this topic where no skill is known; in a gap or not.
    pub about: Option<String>,
    /// In the gap of this skill or topic.
    pub gap: Option<String>,
    /// In a gap of this type.
    pub gap_type: Option<GapType>,
    /// In a gap of this kind.
    pub kind: Option<GapKind>,
    /// With these halves.
    pub halves: Option<HalvesThere>,
    /// Covered this well.
    pub coverage: Option<Coverage>,
    /// Handled with this end; `Some(None)`: no response has come.
    pub outcome: Option<Option<Outcome>>,
    /// Handled this well.
    pub handled: Option<Handled>,
    /// With a match score in this range.
    pub score: Option<ScoreRange>,
    /// With a score that disagrees with how the handling ended.
    pub disagrees: bool,
    /// Of this session.
    pub session: Option<SessionDigest>,
    /// Of any session.
    pub in_a_session: bool,
    /// With a latency in this range, milliseconds.
    pub took_ms: Option<RangeInclusive<u64>>,
    /// At this moment or later.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// With these words in the question, in any case.
    pub text: Option<String>,
    /// Left out of the figures, and why; in place of those that count.
    pub left_out: Option<LeftOut>,
}

/// Which halves an interaction has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalvesThere {
    /// A question, with or without an answer.
    Query,
    /// An answer, with or without a question.
    Response,
    /// Both.
    Both,
    /// One of them alone.
    One,
    /// An answer alone.
    ResponseAlone,
}

/// How well a question is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// By the agent's own rating.
    Rated(MatchType),
    /// However well, by the agent's own rating.
    AnyRating,
    /// The agent did not say.
    Unrated,
}

/// How a question fared, by the rule that decides gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It is no gap of any kind.
    Well,
    /// Nothing matched.
    Unmatched,
    /// A quota, the model or an error, or no answer came.
    Failed,
    /// A filter or the hour.
    Refused,
}

/// Match scores from a lowest one to below another; up to 100 where that is the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// The lowest.
    pub from: f64,
    /// Above the highest.
    pub to: f64,
}

/// Why an interaction counts in no figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// For whatever reason.
    Any,
    /// It is a bot's, the owner's own, or a canary.
    Traffic(Traffic),
    /// The owner lists it or its session.
    Listed,
}

impl ScoreRange {
    /// Whether `score` lies in it.
    pub fn contains(self, score: f64) -> bool {
        score >= self.from && (score < self.to || (self.to >= 100.0 && score <= 100.0))
    }
}

/// What the report sees in one interaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Why it counts in no figure; `None` where it counts.
    pub left_out: Option<LeftOut>,
    /// The skills that it is about.
    pub skills: Vec<String>,
    /// The gaps that it belongs to.
    pub gaps: Vec<(String, GapType, GapKind)>,
    /// How long the answer took, milliseconds.
    pub latency_ms: Option<u64>,
}

/// Finds interactions in pages.
pub struct DrillDown<'s> {
    filter: &'s Filter,
    exclusions: Excluded<'s>,
    asked: AskedSkills<'s>,
    cv: Option<&'s CvList>,
    skill: Option<SkillIndex>,
    about: Option<SkillIndex>,
    /// The topic that is looked for, in small letters.
    about_topic: Option<String>,
    gap_skill: Option<SkillIndex>,
    text: Option<String>,
    skills: Vec<SkillIndex>,
}

impl<'s> DrillDown<'s> {
    /// Makes a search for what `filter` says, under the settings of a report.
    pub fn new(
        filter: &'s Filter,
        dictionary: &'s SkillDictionary,
        cv: Option<&'s CvList>,
        exclusions: &'s Exclusions,
    ) -> Self {
        let mut asked = AskedSkills::new(dictionary);
        Self {
            skill: filter.skill.as_deref().map(|name| asked.number(name)),
            about: filter.about.as_deref().map(|name| asked.number(name)),
            about_topic: filter
                .about
                .as_deref()
                .filter(|name| !asked.is_known(name))
                .map(str::to_lowercase),
            gap_skill: filter.gap.as_deref().map(|name| asked.number(name)),
            text: filter.text.as_ref().map(|text| text.to_lowercase()),
            exclusions: Excluded::new(exclusions),
            asked,
            cv,
            filter,
            skills: Vec::new(),
        }
    }

    /// Gives those of `page` that are looked for to `found`.
    pub fn search<'p>(
        &mut self,
        page: &'p ObservationPage,
        mut found: impl FnMut(&PagedObservation<'p>),
    ) {
        let mut mentions = Vec::new();
        for observation in page.iter() {
            if self.admits(&observation, &mut mentions) {
                found(&observation);
            }
        }
    }

    /// What the report sees in `observation`, whether or not it is looked for.
    pub fn sight(&mut self, observation: &PagedObservation<'_>) -> Sight {
        let mut mentions = Vec::new();
        self.asked.of(observation, &mut mentions, &mut self.skills);
        let name = |skill: SkillIndex| self.asked.name(skill).to_owned();
        let gaps =
            gaps_of(observation, &self.skills, self.cv).map(|(subject, kind)| match subject {
                GapSubject::Skill(skill) => (name(skill), GapType::Skill, kind),
                GapSubject::Topic(topic) => (topic, GapType::Topic, kind),
            });
        Sight {
            left_out: self.left_out(observation),
            gaps: gaps.collect(),
            skills: self.skills.iter().map(|&skill| name(skill)).collect(),
            latency_ms: latency_ms(observation),
        }
    }

    fn left_out(&self, observation: &PagedObservation<'_>) -> Option<LeftOut> {
        self.exclusions.cover(observation).map(|reason| match reason {
            Exclusion::Own => LeftOut::Traffic(Traffic::Own),
            Exclusion::Bot => LeftOut::Traffic(Traffic::Bot),
            Exclusion::Canary => LeftOut::Traffic(Traffic::Canary),
            Exclusion::Listed => LeftOut::Listed,
        })
    }

    fn admits<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) -> bool {
        let filter = self.filter;
        let counts = match (filter.left_out, self.left_out(observation)) {
            (None, left_out) => left_out.is_none(),
            (Some(LeftOut::Any), left_out) => left_out.is_some(),
            (wanted, left_out) => wanted == left_out,
        };
        counts && self.has_the_values(observation) && self.is_about(observation, mentions)
    }

    fn has_the_values(&self, observation: &PagedObservation<'_>) -> bool {
        let filter = self.filter;
        let (asked, response) = (observation.query.is_some(), observation.response.as_ref());
        let halves = filter.halves.is_none_or(|halves| match halves {
            HalvesThere::Query => asked,
            HalvesThere::Response => response.is_some(),
            HalvesThere::Both => asked && response.is_some(),
            HalvesThere::One => asked != response.is_some(),
            HalvesThere::ResponseAlone => !asked && response.is_some(),
        });
        let match_type = response.and_then(|response| response.match_type);
        let score = response.and_then(|response| response.match_score);
        halves
            && filter.coverage.is_none_or(|coverage| match coverage {
                Coverage::Rated(wanted) => match_type == Some(wanted),
                Coverage::AnyRating => match_type.is_some(),
                Coverage::Unrated => response.is_some() && match_type.is_none(),
            })
            && filter
                .outcome
                .is_none_or(|outcome| response.map(|response| response.outcome) == outcome)
            && filter.handled.is_none_or(|handled| handled == Handled::of(observation))
            && filter.since.is_none_or(|since| observation.at().is_some_and(|at| at >= since))
            && filter.until.is_none_or(|until| observation.at().is_some_and(|at| at < until))
            && filter
                .score
                .is_none_or(|range| score.is_some_and(|score| range.contains(score.value())))
            && (!filter.disagrees
                || response.is_some_and(|response| {
                    score.is_some_and(|score| disagree(score.value(), response.outcome, match_type))
                }))
            && filter.session.is_none_or(|session| observation.session == Some(session))
            && (!filter.in_a_session || observation.session.is_some())
            && filter
                .took_ms
                .as_ref()
                .is_none_or(|range| latency_ms(observation).is_some_and(|ms| range.contains(&ms)))
            && self.text.as_deref().is_none_or(|text| {
                observation.query.as_ref().is_some_and(|query| contains(query.text, text))
            })
    }

    fn is_about<'p>(
        &mut self,
        observation: &PagedObservation<'p>,
        mentions: &mut Vec<SkillMention<'p>>,
    ) -> bool {
        let filter = self.filter;
        let in_a_gap = filter.gap.is_some() || filter.gap_type.is_some() || filter.kind.is_some();
        if self.skill.is_none() && self.about.is_none() && filter.word.is_none() && !in_a_gap {
            return true;
        }
        self.asked.of(observation, mentions, &mut self.skills);
        if self.about.is_some_and(|skill| !self.skills.contains(&skill))
            && !self.has_topic(observation)
        {
            return false;
        }
        let about = self.skill.is_none_or(|skill| self.skills.contains(&skill));
        let said = filter.word.as_deref().is_none_or(|word| {
            mentions.iter().any(|mention| {
                self.skill.is_none_or(|skill| mention.skill().0 == skill)
                    && mention.variant() == word
            })
        });
        let fails = || {
            gaps_of(observation, &self.skills, self.cv).any(|(subject, kind)| {
                let named = match &subject {
                    GapSubject::Skill(skill) => self.gap_skill.is_none_or(|name| name == *skill),
                    GapSubject::Topic(topic) => {
                        filter.gap.as_deref().is_none_or(|name| name == topic)
                    }
                };
                let of_type = filter.gap_type.is_none_or(|wanted| {
                    matches!(
                        (wanted, &subject),
                        (GapType::Skill, GapSubject::Skill(_))
                            | (GapType::Topic, GapSubject::Topic(_))
                    )
                });
                named && of_type && filter.kind.is_none_or(|wanted| wanted == kind)
            })
        };
        about && said && (!in_a_gap || fails())
    }

    /// Whether the question names no skill and has the topic that is looked for.
    fn has_topic(&self, observation: &PagedObservation<'_>) -> bool {
        self.skills.is_empty()
            && self.about_topic.as_ref().is_some_and(|wanted| {
                let found = observation.query.as_ref().and_then(|query| topic(query.text));
                found.is_some_and(|found| found.to_lowercase() == *wanted)
            })
    }
}

impl Handled {
    fn of(observation: &PagedObservation<'_>) -> Self {
        match Trouble::of(observation) {
            None => Self::Well,
            Some(Trouble::NoMatch) => Self::Unmatched,
            Some(Trouble::Fault) => Self::Failed,
            Some(Trouble::Blocked) => Self::Refused,
        }
    }
}

/// Whether `text` has `part`, which is in small letters.
fn contains(text: &str, part: &str) -> bool {
    if text.is_ascii() && part.is_ascii() {
        let same = |bytes: &[u8]| bytes.eq_ignore_ascii_case(part.as_bytes());
        return part.is_empty() || text.as_bytes().windows(part.len()).any(same);
    }
    text.to_lowercase().contains(part)
}
