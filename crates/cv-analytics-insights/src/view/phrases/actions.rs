//! What to do and why, in words: titles, reasons, evidence, and the headline of the first action.

use cv_analytics_core::event::{MatchType, Outcome};

use crate::model::{
    Action, ActionKind, Capture, Evidence, Gap, GapKind, GapMark, NameType, Report, WeekFigures,
};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Ended, Halves};
use crate::view::context::ViewContext;
use crate::view::links::text::LinkedText;
use crate::view::phrases::gap_mark_buttons::mark_name;
use crate::view::phrases::gaps::open_for;
use crate::view::phrases::{
    ANSWER_WITHOUT_QUESTION, QUESTION_WITHOUT_ANSWER, in_conversations, last_week,
};
use crate::view::text::{
    capitalised, counted, day, listed, long_date, number, questions, sanitize, times,
};

const WORD_COLUMNS: usize = 40;

/// What a reason says beyond the evidence of its action.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WhyDetails<'a> {
    /// The CV's word, for [`ActionKind::UseTheirWord`].
    pub(crate) cv_word: Option<&'a str>,
    /// When a reopened gap was marked `have-it`, ISO 8601; `Some("")` where unknown, `None` where not reopened.
    pub(crate) reopened_since: Option<&'a str>,
    /// Questions without an answer, for [`ActionKind::CheckCapture`].
    pub(crate) unanswered: u64,
    /// Answers without a question, for the same.
    pub(crate) response_only: u64,
    /// All interactions, for the same.
    pub(crate) interactions: u64,
}

/// Why an action is due, in a sentence or two: the contract's `actions[].why`. `name` is an outcome's code for
/// [`ActionKind::FixFault`]. Strangers' words stand in it as they came: what shows it sanitizes it.
pub(crate) fn why(
    kind: ActionKind,
    name: &str,
    evidence: &Evidence,
    details: WhyDetails<'_>,
) -> String {
    if let Some(since) = details.reopened_since {
        let since = day(since).map(|day| format!(" on {}", long_date(day))).unwrap_or_default();
        let mark = mark_name(GapMark::HaveIt);
        return format!("You marked it “{mark}”{since}, but the gap is open again.");
    }
    let interactions = counted(details.interactions, "interaction", "interactions");
    let of_all = format!("{} of {interactions}", number(evidence.queries));
    let reason = match kind {
        ActionKind::AddOrLearn if evidence.gap.is_some_and(|gap| gap.kind == GapKind::NotOnCv) => {
            "Not on your CV.".to_owned()
        }
        ActionKind::AddOrLearn | ActionKind::AnswerTopic => match evidence.partly {
            0 => "Your agent has no answer about it.".to_owned(),
            partly if partly == evidence.queries => {
                "Your agent answers it only in part.".to_owned()
            }
            _ => "Your agent answers it in part at best.".to_owned(),
        },
        ActionKind::FixRetrieval => "On your CV, but your agent does not find it.".to_owned(),
        ActionKind::ReviewFilter => {
            "Check that your filter should have stopped these questions.".to_owned()
        }
        ActionKind::ReviewHours => {
            "These questions came outside your agent's hours. Check that the hours still fit."
                .to_owned()
        }
        ActionKind::FixFault => match Ended::from_code(name) {
            Some(Ended::Unanswered) => {
                "No answer arrived: your agent failed, or its message was lost.".to_owned()
            }
            Some(Ended::With(Outcome::Quota)) => format!("The quota ran out in {of_all}."),
            Some(Ended::With(Outcome::AiError)) => format!("The model failed in {of_all}."),
            _ => format!("Your agent reported an error in {of_all}."),
        },
        ActionKind::UseTheirWord => {
            let theirs = evidence.word.as_deref().unwrap_or(name);
            let ours = details.cv_word.unwrap_or(name);
            format!(
                "People say “{theirs}”, your CV says “{ours}”, and questions with their word are \
                 answered worse."
            )
        }
        ActionKind::CheckCapture => {
            let halves = [
                (details.unanswered, QUESTION_WITHOUT_ANSWER),
                (details.response_only, ANSWER_WITHOUT_QUESTION),
            ];
            let missing = halves.into_iter().filter(|(count, _)| *count > 0);
            let missing = missing.map(|(count, (one, many))| counted(count, one, many));
            format!("A half is missing in {of_all}: {}.", listed(&missing.collect::<Vec<_>>()))
        }
        ActionKind::MoveOver => {
            "Your agent never sends an outcome, the question or a match “none”. What it cannot \
             answer stays unseen."
                .to_owned()
        }
    };
    let open = evidence.weeks_running.and_then(open_for);
    open.map_or(reason.clone(), |open| format!("{reason} {}.", capitalised(&open)))
}

/// One action in words, with what its week says of it.
pub(in crate::view) struct ActionWords<'a> {
    pub(in crate::view) action: &'a Action,
    /// The gap that it is about.
    pub(in crate::view) gap: Option<&'a Gap>,
    capture: &'a Capture,
    closed: bool,
    last_week: Option<&'a WeekFigures>,
    pub(in crate::view) at: &'a ViewContext<'a>,
}

impl<'a> ActionWords<'a> {
    pub(in crate::view) fn of(
        action: &'a Action,
        report: &'a Report,
        at: &'a ViewContext<'a>,
    ) -> Self {
        let gap = action.evidence.gap.and_then(|of| {
            let is_it =
                |gap: &&Gap| gap.kind == of.kind && gap.is_about(of.name_type, &action.name);
            report.gaps.iter().find(is_it)
        });
        let (capture, last_week) = (&report.capture, report.last_week());
        Self { action, gap, capture, closed: report.closed, last_week, at }
    }

    /// What to do, as a heading.
    pub(in crate::view) fn title(&self) -> String {
        let Self { action, at, .. } = *self;
        let name = at.name(&action.name);
        match action.kind {
            ActionKind::AddOrLearn => format!("Add {name} to your CV, if you know it"),
            ActionKind::FixRetrieval => format!("Help your agent find {name} on your CV"),
            ActionKind::AnswerTopic => format!("Give your agent an answer about {name}"),
            ActionKind::ReviewFilter => "Look at what your filter stops".to_owned(),
            ActionKind::ReviewHours => {
                "Look at what is asked outside your agent's hours".to_owned()
            }
            ActionKind::FixFault => match Ended::from_code(&action.name) {
                Some(Ended::Unanswered) => "Find out why questions get no answer".to_owned(),
                Some(Ended::With(Outcome::Quota)) => {
                    "Raise the quota that turns questions away".to_owned()
                }
                Some(Ended::With(Outcome::AiError)) => "Find out why the model fails".to_owned(),
                Some(Ended::With(Outcome::Error)) => "Find out why your agent fails".to_owned(),
                _ => format!("Find out why your agent fails: {name}"),
            },
            ActionKind::UseTheirWord => match &action.evidence.word {
                Some(word) => format!("Write “{}” on your CV, as people do", at.name(word)),
                None => format!("Use your visitors' word for {name}"),
            },
            ActionKind::CheckCapture => "Find out where questions or answers get lost".to_owned(),
            ActionKind::MoveOver => {
                "Let your agent report every answer, not only good ones".to_owned()
            }
        }
    }

    /// Why, as one sentence or more, sanitized.
    pub(in crate::view) fn reason(&self) -> String {
        let why = capitalised(&sanitize(&self.action.why, self.at.limits.reason_columns));
        if why.ends_with(['.', '!', '?', '…']) { why } else { why + "." }
    }

    /// The week's headline, where this is its first action:
    /// `Your agent can't answer GraphQL questions again: 7 of 8 this week.`
    pub(super) fn headline(&self) -> LinkedText {
        let Self { action: Action { name: key, evidence, .. }, at, .. } = *self;
        let name = at.name(key);
        let these = at.linked(questions(evidence.queries), self.behind());
        let count = at.count(evidence.queries, self.behind());
        let week = if self.closed { "this week" } else { "this week so far" };
        let is_topic = evidence.gap.is_some_and(|gap| gap.name_type == NameType::Topic);
        let asked =
            if is_topic { format!("questions about {name}") } else { format!("{name} questions") };
        let again = self.again();
        let fared = |lead: String, noun: &str| {
            let fares = self.fares(&format!("{noun} {week}"));
            LinkedText::filled("{}: {}.", [lead.into(), fares])
        };
        match self.action.kind {
            ActionKind::FixRetrieval if again.is_empty() => {
                let how =
                    if self.is_only_partly() { "covers it only in part" } else { "misses it" };
                fared(format!("{name} is on your CV, but your agent {how}"), " questions")
            }
            ActionKind::AnswerTopic if again.is_empty() => {
                fared(format!("Your agent has no answer about {name}"), " questions")
            }
            ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::AnswerTopic => {
                let lead = if self.is_only_partly() {
                    format!("Your agent answers {asked} only in part{again}")
                } else {
                    format!("Your agent can't answer {asked}{again}")
                };
                fared(lead, "")
            }
            ActionKind::ReviewFilter => {
                LinkedText::filled("Your filter stopped {} {}.", [these, week.into()])
            }
            ActionKind::ReviewHours => {
                let sentence = "{} came outside your agent's hours {}.";
                LinkedText::filled(sentence, [these, week.into()])
            }
            ActionKind::FixFault => {
                let (before, after) = fault(key);
                let all = questions(self.capture.queries);
                let all = at.linked(all, at.this_week().half(Halves::Query));
                let parts = [capitalised(before).into(), count, all, after.into(), week.into()];
                LinkedText::filled("{}{} of {}{} {}.", parts)
            }
            ActionKind::UseTheirWord => {
                let sentence = "People say “{}” for {}: {} {}, answered worse than those with your \
                                CV's word.";
                let word = self.word(WORD_COLUMNS).into();
                LinkedText::filled(sentence, [word, name.into(), these, week.into()])
            }
            ActionKind::CheckCapture => {
                let sentence = "Part of this week is missing: {} of {} interactions came without a \
                                question or an answer.";
                let all = at.count(self.capture.interactions(), at.this_week());
                LinkedText::filled(sentence, [count, all])
            }
            ActionKind::MoveOver => {
                "Your agent reports only its good answers, so its gaps stay unseen.".into()
            }
        }
    }

    /// The same in a few words, for a subject line: `can't answer GraphQL again, 7 of 8 questions`.
    pub(super) fn news(&self, columns: usize) -> String {
        let Action { name: key, evidence, .. } = self.action;
        let name = sanitize(key, columns);
        match self.action.kind {
            ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::AnswerTopic => {
                let how =
                    if self.is_only_partly() { "answers only in part:" } else { "can't answer" };
                format!("{how} {name}{}, {}", self.again(), self.fares(" questions"))
            }
            ActionKind::ReviewFilter => {
                format!("your filter stopped {}", questions(evidence.queries))
            }
            ActionKind::ReviewHours => format!("{} outside hours", questions(evidence.queries)),
            ActionKind::FixFault => {
                let (before, after) = fault(key);
                let all = questions(self.capture.queries);
                format!("{before}{} of {all}{after}", number(evidence.queries))
            }
            ActionKind::UseTheirWord => {
                format!("people say “{}” for {name}", self.word(columns))
            }
            ActionKind::CheckCapture => "part of the week is missing".to_owned(),
            ActionKind::MoveOver => "only good answers are reported".to_owned(),
        }
    }

    /// The figures behind it: `Asked 50 times (16 last week); 30 not covered, in 26 conversations`.
    pub(in crate::view) fn evidence(&self) -> LinkedText {
        let at = self.at;
        let Evidence { queries, conversations, asked, previous, .. } = self.action.evidence;
        let in_conversations = in_conversations(queries, conversations);
        let Some(asked) = asked else {
            let (one, many) = match self.action.kind {
                ActionKind::CheckCapture => ("interaction", "interactions"),
                ActionKind::MoveOver => ("answer", "answers"),
                _ => ("question", "questions"),
            };
            return at
                .linked(counted(queries, one, many), self.behind())
                .text(in_conversations)
                .append(self.ended_last_week().unwrap_or_default());
        };
        let asked = at.linked(times(asked), self.about(at.this_week()));
        let before = previous.map(|count| self.in_brackets(count, |week| self.about(week)));
        let fared = if self.action.kind == ActionKind::UseTheirWord {
            let word = self.word(WORD_COLUMNS);
            at.count(queries, self.behind()).text(format!(" with the word “{word}”"))
        } else {
            let (missed, partly) = self.missed_and_partly();
            let missed = missed.map(|missed| missed.text(" not covered"));
            let partly = partly.map(|partly| partly.text(" covered in part"));
            LinkedText::listed(missed.into_iter().chain(partly).collect())
        };
        let comma = if in_conversations.is_empty() { "" } else { "," };
        let before = before.unwrap_or_default();
        let parts = [asked, before, fared, comma.into(), in_conversations.into()];
        LinkedText::filled("Asked {}{}; {}{}{}", parts)
    }

    pub(in crate::view) fn behind(&self) -> Option<QuestionFilter> {
        QuestionFilter::behind(self.action, self.at.week_name())
    }

    fn about(&self, week: QuestionFilter) -> QuestionFilter {
        let name_type = self.action.evidence.gap.map_or(NameType::Skill, |gap| gap.name_type);
        self.at.about(week, name_type, &self.action.name)
    }

    /// The visitors' word, sanitized.
    fn word(&self, columns: usize) -> String {
        sanitize(self.action.evidence.word.as_deref().unwrap_or(&self.action.name), columns)
    }

    /// Whether all its questions were answered in part.
    const fn is_only_partly(&self) -> bool {
        self.action.evidence.partly == self.action.evidence.queries
    }

    /// ` again`, where its gap fails although the owner closed it.
    fn again(&self) -> &'static str {
        if self.gap.is_some_and(|gap| gap.reopened) { " again" } else { "" }
    }

    /// Of how many questions how many were not answered: `7 of 8`, `12 of 50, and 18 more only in part`; how many were
    /// answered in part, where all those are. `noun` stands behind the first number.
    fn fares(&self, noun: &str) -> LinkedText {
        let at = self.at;
        let asked = self.action.evidence.asked;
        let asked = asked.map(|asked| at.count(asked, self.about(at.this_week())));
        let of_asked = asked.map(|asked| LinkedText::filled(" of {}", [asked]));
        let (missed, partly) = self.missed_and_partly();
        let more = missed.as_ref().and(partly.clone());
        let more = more.map(|more| LinkedText::filled(", and {} more only in part", [more]));
        let first = missed.or(partly).unwrap_or_default();
        first.append(of_asked.unwrap_or_default()).text(noun).append(more.unwrap_or_default())
    }

    /// How many were not answered and how many in part, each with its questions; `None` for none.
    fn missed_and_partly(&self) -> (Option<LinkedText>, Option<LinkedText>) {
        let Evidence { queries, partly, .. } = self.action.evidence;
        let covered = |rating: MatchType| self.behind().map(|filter| filter.coverage(rating));
        let missed = if partly > 0 { covered(MatchType::None) } else { self.behind() };
        let linked = |count: u64, filter| (count > 0).then(|| self.at.count(count, filter));
        (
            linked(queries.saturating_sub(partly), missed),
            linked(partly, covered(MatchType::Partial)),
        )
    }

    /// How often it was last week, where it is about an outcome: ` (2 last week)`.
    fn ended_last_week(&self) -> Option<LinkedText> {
        let Action { kind, name, .. } = self.action;
        let is_outcome = matches!(
            kind,
            ActionKind::FixFault | ActionKind::ReviewFilter | ActionKind::ReviewHours
        );
        let ended = Ended::from_code(name).filter(|_| is_outcome)?;
        let count = self.last_week?.outcomes.count(ended.outcome());
        Some(self.in_brackets(count, |week| week.outcome(ended)))
    }

    /// ` (16 last week)`.
    fn in_brackets(
        &self,
        count: u64,
        filter: impl FnOnce(QuestionFilter) -> QuestionFilter,
    ) -> LinkedText {
        let before = match count {
            0 => "none last week".into(),
            count => last_week(number(count), self.at, filter),
        };
        LinkedText::filled(" ({})", [before])
    }
}

/// What a fault did, before the questions and after them.
fn fault(code: &str) -> (&'static str, &'static str) {
    match Ended::from_code(code) {
        Some(Ended::Unanswered) => ("", " got no answer"),
        Some(Ended::With(Outcome::Quota)) => ("your quota turned away ", ""),
        Some(Ended::With(Outcome::AiError)) => ("your agent's model failed for ", ""),
        _ => ("your agent failed for ", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapOf;
    use crate::view::limits::Limits;
    use crate::view::links::Links;

    fn evidence_of(kind: GapKind, name_type: NameType) -> Evidence {
        Evidence {
            queries: 30,
            conversations: 26,
            asked: Some(50),
            previous: Some(16),
            weeks_running: Some(8),
            gap: Some(GapOf { name_type, kind }),
            ..Evidence::default()
        }
    }

    #[test]
    fn a_reason_says_what_was_checked_and_no_more() {
        let none = WhyDetails::default();
        let skill = |kind| evidence_of(kind, NameType::Skill);
        let topic = evidence_of(GapKind::NoAnswer, NameType::Topic);
        for (kind, evidence, details, expect) in [
            (
                ActionKind::AddOrLearn,
                skill(GapKind::NotOnCv),
                none,
                "Not on your CV. Open for 8 weeks or more.",
            ),
            (
                ActionKind::AddOrLearn,
                Evidence { partly: 12, ..skill(GapKind::Unmatched) },
                none,
                "Your agent answers it in part at best. Open for 8 weeks or more.",
            ),
            (
                ActionKind::AddOrLearn,
                Evidence { weeks_running: Some(1), ..skill(GapKind::Unmatched) },
                none,
                "Your agent has no answer about it.",
            ),
            (
                ActionKind::FixRetrieval,
                Evidence { weeks_running: Some(1), ..skill(GapKind::NotRetrieved) },
                none,
                "On your CV, but your agent does not find it.",
            ),
            (
                ActionKind::FixRetrieval,
                skill(GapKind::NotRetrieved),
                WhyDetails { reopened_since: Some("2026-10-21T08:12:00Z"), ..none },
                "You marked it “On my CV now” on 21 October 2026, but the gap is open again.",
            ),
            (
                ActionKind::AnswerTopic,
                Evidence { weeks_running: Some(5), ..topic },
                none,
                "Your agent has no answer about it. Open for 5 weeks.",
            ),
            (
                ActionKind::CheckCapture,
                Evidence { queries: 9, ..Evidence::default() },
                WhyDetails { unanswered: 8, response_only: 1, interactions: 112, ..none },
                "A half is missing in 9 of 112 interactions: 8 questions without an answer and 1 answer without a question.",
            ),
            (
                ActionKind::CheckCapture,
                Evidence { queries: 1, ..Evidence::default() },
                WhyDetails { response_only: 1, interactions: 112, ..none },
                "A half is missing in 1 of 112 interactions: 1 answer without a question.",
            ),
            (
                ActionKind::FixFault,
                Evidence { queries: 5, ..Evidence::default() },
                WhyDetails { interactions: 96, ..none },
                "The quota ran out in 5 of 96 interactions.",
            ),
        ] {
            let name = if kind == ActionKind::FixFault { Outcome::Quota.code() } else { "x" };
            assert_eq!(why(kind, name, &evidence, details), expect);
        }
    }

    #[test]
    fn a_partial_answer_is_not_called_a_failure() {
        let mut action = Action {
            priority: 1,
            kind: ActionKind::AddOrLearn,
            name: "Kubernetes".to_owned(),
            why: String::new(),
            evidence: evidence_of(GapKind::NotOnCv, NameType::Skill),
            suggestion: None,
        };
        let report = include_str!("../../../../../fixtures/reports/rich-week.json");
        let report: Report = serde_json::from_str(report).unwrap();
        let at = ViewContext::new(&Links::None, "2026-W47", Limits::MAIL);
        for (partly, expect) in [
            (0, "Asked 50 times (16 last week); 30 not covered, in 26 conversations"),
            (
                18,
                "Asked 50 times (16 last week); 12 not covered and 18 covered in part, in 26 \
                 conversations",
            ),
            (30, "Asked 50 times (16 last week); 30 covered in part, in 26 conversations"),
        ] {
            action.evidence.partly = partly;
            let words = ActionWords::of(&action, &report, &at);
            assert_eq!(words.evidence().to_string(), expect);
            assert_eq!(words.title(), "Add Kubernetes to your CV, if you know it");
        }
    }
}
