//! What to do, each with its evidence.
//!
//! Ranked by how many different people ask, how badly it is answered and whether it grows: people
//! times (a quarter plus the share of the questions about it that fail this way), half as much
//! again where it grows. What makes the figures themselves doubtful comes first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::BuildHasher;

use cv_analytics_core::event::Outcome;

use crate::gap_tally::Asked;
use crate::report::{
    Action, ActionKind, Capture, Evidence, Gap, GapKind, GapMark, GapType, SkillReport, Vocabulary,
};
use crate::tally::distinct;

/// Under this join rate the figures cannot be trusted.
pub(crate) const TRUSTED_JOIN_RATE: f64 = 0.99;
/// The most actions of a report.
const MOST: usize = 10;
/// A gap of one question in one week is no reason to act.
const FEWEST: u64 = 2;
/// How often people must have used a word before the CV should.
const FEWEST_WORDS: u64 = 3;

/// What advice rests on.
pub(crate) struct Advice<'r> {
    pub(crate) capture: &'r Capture,
    pub(crate) gaps: &'r [Gap],
    pub(crate) vocabulary: &'r [Vocabulary],
}

struct Candidate {
    action: Action,
    first: bool,
    people: u64,
    badness_per_mille: u64,
    grows: bool,
    weeks_running: u32,
}

impl Advice<'_> {
    pub(crate) fn actions<'s>(
        &self,
        faults: &mut HashMap<Option<Outcome>, Asked, impl BuildHasher>,
        skill: impl Fn(&str) -> Option<&'s SkillReport>,
    ) -> Vec<Action> {
        let mut candidates: Vec<Candidate> = self.capture_check().into_iter().collect();
        candidates.extend(faults.iter_mut().filter_map(|(outcome, asked)| fault(*outcome, asked)));
        candidates.extend(self.gaps.iter().filter_map(|gap| {
            let about = Some(gap)
                .filter(|gap| gap.gap_type == GapType::Skill)
                .and_then(|gap| skill(&gap.name));
            for_gap(gap, about)
        }));
        candidates.extend(
            self.vocabulary.iter().filter_map(|words| their_word(words, skill(&words.skill))),
        );
        candidates.sort_by(|a, b| a.rank().cmp(&b.rank()));
        let ranked = (1..).zip(candidates).take(MOST);
        ranked.map(|(priority, candidate)| Action { priority, ..candidate.action }).collect()
    }

    fn capture_check(&self) -> Option<Candidate> {
        self.capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
        let lost = self.capture.unanswered + self.capture.response_only;
        let all = lost + self.capture.joined;
        let why = format!(
            "{lost} of {all} interactions miss a half ({} without a response, {} without a query), so the figures are incomplete",
            self.capture.unanswered, self.capture.response_only
        );
        Some(Candidate {
            first: true,
            badness_per_mille: 1000 * lost / all.max(1),
            ..Candidate::new(ActionKind::CheckCapture, "capture", why, lost, None)
        })
    }
}

impl Candidate {
    fn new(kind: ActionKind, name: &str, why: String, queries: u64, sessions: Option<u64>) -> Self {
        Self {
            action: Action {
                priority: 0,
                kind,
                name: name.to_owned(),
                why,
                evidence: Evidence { queries, sessions },
            },
            first: false,
            people: sessions.unwrap_or(queries),
            badness_per_mille: 1000,
            grows: false,
            weeks_running: 1,
        }
    }

    /// People × (¼ + share) × 1½ where it grows, in two-thousandths.
    fn weight(&self) -> u64 {
        self.people * (250 + self.badness_per_mille) * if self.grows { 3 } else { 2 }
    }

    fn rank(&self) -> impl Ord + '_ {
        (
            Reverse(self.first),
            Reverse(self.weight()),
            Reverse(self.weeks_running),
            self.action.kind,
            &self.action.name,
        )
    }
}

fn fault(outcome: Option<Outcome>, asked: &mut Asked) -> Option<Candidate> {
    let what = match outcome {
        None => "no response came at all",
        Some(Outcome::Quota) => "a quota was used up",
        Some(Outcome::AiError) => "the model failed",
        Some(Outcome::Error) => "the agent met an error",
        Some(Outcome::Answered | Outcome::NoMatch | Outcome::Blocked | Outcome::OffHours) => {
            return None;
        }
    };
    if asked.queries < FEWEST {
        return None;
    }
    let name = outcome.map_or("unanswered", Outcome::code);
    let why = what.to_owned();
    Some(Candidate::new(
        ActionKind::FixFault,
        name,
        why,
        asked.queries,
        distinct(&mut asked.sessions),
    ))
}

fn for_gap(gap: &Gap, skill: Option<&SkillReport>) -> Option<Candidate> {
    if gap.queries < FEWEST && gap.weeks_running < 2 {
        return None;
    }
    let weeks = match gap.weeks_running {
        1 => String::new(),
        weeks => format!(", for {weeks} weeks running"),
    };
    let (kind, why) = match gap.kind {
        GapKind::Fault => return None,
        GapKind::NotOnCv | GapKind::Unmatched
            if matches!(gap.mark, Some(GapMark::Learning | GapMark::NotMine)) =>
        {
            return None;
        }
        GapKind::NotOnCv => {
            (ActionKind::AddOrLearn, format!("nothing matched, and it is not on the CV{weeks}"))
        }
        GapKind::Unmatched => (ActionKind::AddOrLearn, format!("nothing matched{weeks}")),
        GapKind::NotRetrieved => {
            (ActionKind::FixRetrieval, format!("it is on the CV, yet nothing matched{weeks}"))
        }
        GapKind::Blocked => {
            (ActionKind::RelaxFilter, format!("refused by a filter or outside hours{weeks}"))
        }
    };
    let asked = skill.map_or(gap.queries, |skill| skill.queries.max(gap.queries));
    Some(Candidate {
        badness_per_mille: 1000 * gap.queries / asked.max(1),
        grows: skill.is_some_and(|skill| skill.trend.grows()),
        weeks_running: gap.weeks_running,
        ..Candidate::new(kind, &gap.name, why, gap.queries, gap.sessions)
    })
}

fn their_word(words: &Vocabulary, skill: Option<&SkillReport>) -> Option<Candidate> {
    let (cv_word, on_cv) = (words.on_cv.first()?, &words.on_cv);
    let theirs = words
        .asked
        .iter()
        .find(|word| !on_cv.iter().any(|known| says_the_same(known, &word.text)))?;
    if theirs.queries < FEWEST_WORDS {
        return None;
    }
    let why = format!(
        "people say \u{201c}{}\u{201d}, the CV says \u{201c}{cv_word}\u{201d}",
        theirs.text
    );
    Some(Candidate {
        badness_per_mille: 0,
        grows: skill.is_some_and(|skill| skill.trend.grows()),
        ..Candidate::new(ActionKind::UseTheirWord, &words.skill, why, theirs.queries, None)
    })
}

/// Whether one of the words holds the other, spaces and punctuation aside: "CI/CD pipelines" says
/// "ci/cd", and "microsoft azure" says "azure".
fn says_the_same(known: &str, theirs: &str) -> bool {
    let letters = |word: &str| -> String {
        word.chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, '+' | '#'))
            .collect()
    };
    let (known, theirs) = (letters(known), letters(theirs));
    known.contains(&theirs) || theirs.contains(&known)
}
