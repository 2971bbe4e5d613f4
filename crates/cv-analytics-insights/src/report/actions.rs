//! What to do, each with its evidence: one cause, one action.
//!
//! Ranked by how many conversations ask, how badly it is answered (a partial answer weighs half)
//! and whether it grows: conversations times (a quarter plus the share of the questions about it
//! that fail this way), half as much again where it grows or fails again after the owner closed it.
//! What makes the figures themselves doubtful, and an outage, comes first.

use std::cmp::Reverse;
use std::collections::HashMap;

use cv_analytics_core::event::Outcome;

use crate::model::{
    Action, ActionKind, Capture, Evidence, Gap, GapKind, GapMark, GapOf, NameFigures, NameType,
    OTHER_QUESTIONS, OTHERS, TRUSTED_JOIN_RATE, TrackedGap, Vocabulary,
};
use crate::questions::parameters::Ended;
use crate::report::suggestion;
use crate::skills::dictionary::SkillDictionary;
use crate::tally::weeks::VariantTally;
use crate::view::phrases::actions::{WhyDetails, why};

/// The most actions of a report.
const MAX_ACTIONS: usize = 10;
/// A gap of one question in one week is not a reason to act.
const MIN_QUESTIONS: u64 = 2;
/// How often people must have used a word before the CV should.
const MIN_WORD_QUESTIONS: u64 = 3;
/// A fault of one interaction in so many, and of so many at least, is an outage.
const OUTAGE_ONE_IN: u64 = 5;
const OUTAGE_MIN_QUESTIONS: u64 = 5;
/// Topics about which nobody has to give an answer: what has no name, small talk, and abuse.
const NO_ANSWER_WANTED: [&str; 4] =
    [OTHER_QUESTIONS, "greetings", "off-topic requests", "prompt injection and abuse"];
/// How badly a refused question is answered, per mille: a filter and hours are the owner's choice.
const REFUSED_BADNESS: u64 = 250;

/// What advice rests on.
pub(crate) struct Advice<'r> {
    pub(crate) capture: &'r Capture,
    pub(crate) interactions: u64,
    pub(crate) gaps: &'r [Gap],
    pub(crate) tracked: &'r [TrackedGap],
    pub(crate) vocabulary: &'r [Vocabulary],
    pub(crate) dictionary: &'r SkillDictionary,
    /// The rows of skills and topics, by type and name.
    pub(crate) figures: HashMap<(NameType, &'r str), &'r NameFigures>,
    /// The words of this week for each skill, by its name.
    pub(crate) words: HashMap<String, Vec<(String, VariantTally)>>,
    /// Faults and refusals of this week: outcome (`None`: unanswered), questions, conversations.
    pub(crate) by_outcome: Vec<(Option<Outcome>, u64, u64)>,
    /// Conversations of the interactions that miss a half, and of those that miss the question.
    pub(crate) lone_halves: u64,
    pub(crate) lone_responses: u64,
    /// The responses, and their conversations, of an agent that reports only its good answers.
    pub(crate) good_answers_only: Option<(u64, u64)>,
}

struct Candidate {
    action: Action,
    /// Before all others, the lowest first.
    precedence: u8,
    badness_per_mille: u64,
    /// Whether it grows, or fails again.
    is_urgent: bool,
}

impl Advice<'_> {
    pub(crate) fn actions(&self) -> Vec<Action> {
        let mut candidates: Vec<Candidate> = Vec::new();
        candidates.extend(self.move_over());
        candidates.extend(self.faults());
        candidates.extend(self.capture_check(&candidates));
        candidates.extend(self.refusals());
        let mut gaps: Vec<Candidate> =
            self.gaps.iter().filter_map(|gap| self.for_gap(gap)).collect();
        for word in self.vocabulary.iter().filter_map(|words| self.their_word(words)) {
            // One cause, one action: where the word has most of the gap, it is the cause.
            let gap = gaps.iter().position(|gap| {
                gap.action.name == word.action.name
                    && gap.action.evidence.gap.is_some_and(|gap| gap.name_type == NameType::Skill)
            });
            let failing = word.badness_per_mille * word.action.evidence.queries / 1000;
            match gap {
                Some(gap)
                    if gaps
                        .get(gap)
                        .is_some_and(|gap| gap.action.evidence.queries >= 2 * failing) => {}
                Some(gap) => {
                    gaps.remove(gap);
                    gaps.push(word);
                }
                None => gaps.push(word),
            }
        }
        candidates.extend(gaps);
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let ranked = (1..).zip(candidates).take(MAX_ACTIONS);
        ranked.map(|(priority, candidate)| Action { priority, ..candidate.action }).collect()
    }

    /// An agent that reports only its good answers: every figure of failures is blind.
    fn move_over(&self) -> Option<Candidate> {
        let (responses, conversations) = self.good_answers_only?;
        let evidence = Evidence { queries: responses, conversations, ..Evidence::default() };
        Some(Candidate {
            precedence: 1,
            ..Candidate::new(ActionKind::MoveOver, "responses", evidence, WhyDetails::default())
        })
    }

    /// One action for each outcome that is a fault.
    fn faults(&self) -> Vec<Candidate> {
        let is_fault = |outcome: &Option<Outcome>| match outcome {
            // Its cause is that the agent reports only its good answers.
            None => self.good_answers_only.is_none(),
            Some(outcome) => {
                matches!(outcome, Outcome::Quota | Outcome::AiError | Outcome::Error)
            }
        };
        let faults = || self.by_outcome.iter().filter(|(outcome, _, _)| is_fault(outcome));
        // An outage may end in several ways: in a quota, and in no answer at all.
        let failed: u64 = faults().map(|(_, queries, _)| queries).sum();
        let outage = failed >= OUTAGE_MIN_QUESTIONS && failed * OUTAGE_ONE_IN >= self.interactions;
        faults()
            .filter(|(_, queries, _)| *queries >= MIN_QUESTIONS)
            .map(|&(outcome, queries, conversations)| {
                let name = Ended::from(outcome).code();
                let evidence = Evidence { queries, conversations, ..Evidence::default() };
                Candidate {
                    precedence: if outage { 0 } else { LAST_PRIORITY },
                    ..Candidate::new(
                        ActionKind::FixFault,
                        name,
                        evidence,
                        WhyDetails { interactions: self.interactions, ..WhyDetails::default() },
                    )
                }
            })
            .collect()
    }

    /// Halves are missing, and no other action says why.
    fn capture_check(&self, others: &[Candidate]) -> Option<Candidate> {
        self.capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
        let Capture { unanswered, response_only, joined, .. } = *self.capture;
        let explained = self.good_answers_only.is_some()
            || others.iter().any(|other| {
                other.action.kind == ActionKind::FixFault
                    && other.action.name == Ended::Unanswered.code()
            });
        let (name, queries, conversations) = match (explained, response_only) {
            (true, 0) => return None,
            (true, lost) => ("response_only", lost, self.lone_responses),
            (false, _) => ("capture", unanswered + response_only, self.lone_halves),
        };
        let evidence = Evidence { queries, conversations, ..Evidence::default() };
        let details = WhyDetails {
            interactions: joined + unanswered + response_only,
            unanswered: if explained { 0 } else { unanswered },
            response_only,
            ..WhyDetails::default()
        };
        Some(Candidate {
            precedence: 2,
            ..Candidate::new(ActionKind::CheckCapture, name, evidence, details)
        })
    }

    /// One action for what the filter stops, one for what comes outside the hours.
    fn refusals(&self) -> Vec<Candidate> {
        let refused = self.by_outcome.iter().filter_map(|&(outcome, queries, conversations)| {
            let kind = match outcome {
                Some(Outcome::Blocked) => ActionKind::ReviewFilter,
                Some(Outcome::OffHours) => ActionKind::ReviewHours,
                _ => return None,
            };
            let name = outcome.map_or("", Outcome::code);
            let evidence = Evidence { queries, conversations, ..Evidence::default() };
            (queries >= MIN_QUESTIONS).then(|| Candidate {
                badness_per_mille: REFUSED_BADNESS,
                ..Candidate::new(kind, name, evidence, WhyDetails::default())
            })
        });
        refused.collect()
    }

    fn for_gap(&self, gap: &Gap) -> Option<Candidate> {
        let is_nameless = gap.name == OTHERS
            || (gap.name_type == NameType::Topic && NO_ANSWER_WANTED.contains(&gap.name.as_str()));
        let is_single = gap.queries < MIN_QUESTIONS && gap.weeks_running < 2 && !gap.reopened;
        if is_nameless || is_single {
            return None;
        }
        let kind = match (gap.kind, gap.mark) {
            (_, Some(GapMark::NotMine | GapMark::Noise))
            | (GapKind::Fault | GapKind::Blocked, _)
            | (
                GapKind::NotOnCv | GapKind::Unmatched | GapKind::NoAnswer,
                Some(GapMark::Learning),
            ) => {
                return None;
            }
            // It is on the CV since, or nobody has asked since: nothing to do before it fails again.
            (_, Some(GapMark::HaveIt)) if !gap.reopened => return None,
            (GapKind::NoAnswer, _) => ActionKind::AnswerTopic,
            (_, Some(GapMark::HaveIt)) | (GapKind::NotRetrieved, _) => ActionKind::FixRetrieval,
            (GapKind::NotOnCv | GapKind::Unmatched, None) => ActionKind::AddOrLearn,
        };
        let figures = self.figures.get(&(gap.name_type, gap.name.as_str()));
        let asked = figures.map_or(gap.queries, |figures| figures.queries.max(gap.queries));
        let grows = figures.map(|figures| figures.trend.grows());
        let evidence = Evidence {
            queries: gap.queries,
            conversations: gap.conversations,
            partly: gap.partly,
            asked: figures.map(|_| asked),
            grows,
            previous: figures.and_then(|figures| figures.previous),
            weeks_running: Some(gap.weeks_running),
            gap: Some(GapOf { name_type: gap.name_type, kind: gap.kind }),
            word: None,
        };
        let tracked = self.tracked.iter().find(|tracked| tracked.name == gap.name);
        let since = tracked.and_then(|tracked| tracked.since.as_deref()).unwrap_or_default();
        let details = WhyDetails {
            reopened_since: Some(since).filter(|_| gap.reopened),
            ..WhyDetails::default()
        };
        let mut candidate = Candidate {
            badness_per_mille: (1000 * gap.queries - 500 * gap.partly) / asked.max(1),
            is_urgent: grows == Some(true) || gap.reopened,
            ..Candidate::new(kind, &gap.name, evidence, details)
        };
        if kind == ActionKind::AddOrLearn {
            let words = self.vocabulary.iter().find(|words| words.skill == gap.name);
            let own = gap.name.to_lowercase();
            let theirs = words.and_then(|words| words.asked.iter().find(|word| word.text != own));
            candidate.action.suggestion = suggestion::cv_line(
                self.dictionary,
                &gap.name,
                theirs.map(|word| word.text.as_str()),
            );
        }
        Some(candidate)
    }

    /// A word for a skill that the CV does not use, where it is answered worse than the CV's own.
    fn their_word(&self, words: &Vocabulary) -> Option<Candidate> {
        let cv_word = words.on_cv.first()?;
        let figures = self.figures.get(&(NameType::Skill, words.skill.as_str()));
        let tallies = self.words.get(&words.skill)?;
        let is_on_cv = |word: &str| words.on_cv.iter().any(|known| are_equivalent(known, word));
        let (own, own_failing) = tallies
            .iter()
            .filter(|(word, _)| is_on_cv(word))
            .fold((0, 0), |(all, failing), (_, tally)| {
                (all + tally.queries, failing + tally.failing)
            });
        let theirs = words.asked.iter().find(|word| !is_on_cv(&word.text))?;
        let (_, tally) = tallies.iter().find(|(word, _)| *word == theirs.text)?;
        let is_worse = own > 0 && tally.failing * own > own_failing * tally.queries;
        if tally.queries < MIN_WORD_QUESTIONS || !is_worse {
            return None;
        }
        let grows = figures.map(|figures| figures.trend.grows());
        let evidence = Evidence {
            queries: tally.queries,
            conversations: tally.conversations.clone().count(),
            asked: figures.map(|figures| figures.queries),
            grows,
            previous: figures.and_then(|figures| figures.previous),
            word: Some(theirs.text.clone()),
            ..Evidence::default()
        };
        let details = WhyDetails { cv_word: Some(cv_word), ..WhyDetails::default() };
        let mut candidate = Candidate {
            badness_per_mille: 1000 * tally.failing / tally.queries.max(1),
            is_urgent: grows == Some(true),
            ..Candidate::new(ActionKind::UseTheirWord, &words.skill, evidence, details)
        };
        candidate.action.suggestion =
            suggestion::cv_line(self.dictionary, &words.skill, Some(&theirs.text));
        Some(candidate)
    }
}

/// The precedence of what has none.
const LAST_PRIORITY: u8 = 9;

impl Candidate {
    fn new(kind: ActionKind, name: &str, evidence: Evidence, details: WhyDetails<'_>) -> Self {
        Self {
            action: Action {
                priority: 0,
                kind,
                name: name.to_owned(),
                why: why(kind, name, &evidence, details),
                evidence,
                suggestion: None,
            },
            precedence: LAST_PRIORITY,
            badness_per_mille: 1000,
            is_urgent: false,
        }
    }

    /// Conversations × (¼ + share) × 1½ where it is urgent, in two-thousandths.
    fn weight(&self) -> u64 {
        let conversations = self.action.evidence.conversations;
        conversations * (250 + self.badness_per_mille) * if self.is_urgent { 3 } else { 2 }
    }

    fn rank(&self) -> impl Ord + '_ {
        (
            self.precedence,
            Reverse(self.weight()),
            Reverse(self.action.evidence.weeks_running),
            self.action.kind,
            &self.action.name,
        )
    }
}

/// Whether one of the words holds the other, spaces and punctuation aside: "CI/CD pipelines" says
/// "ci/cd", and "microsoft azure" says "azure".
fn are_equivalent(known: &str, theirs: &str) -> bool {
    let letters = |word: &str| -> String {
        word.chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, '+' | '#'))
            .collect()
    };
    let (known, theirs) = (letters(known), letters(theirs));
    known.contains(&theirs) || theirs.contains(&known)
}
