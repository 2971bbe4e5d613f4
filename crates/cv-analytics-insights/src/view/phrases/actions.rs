//! What to do and why, in words: the headline, titles, reasons and evidence of actions.

use cv_analytics_core::event::Outcome;

use crate::model::{Action, ActionKind, Evidence, GapKind, GapMark, NameType, Report};
use crate::questions::filter::QuestionFilter;
use crate::view::linked_text::LinkedText;
use crate::view::links::{Links, WeekLinks};
use crate::view::phrases::gaps::{mark_name, open_for};
use crate::view::phrases::{
    ANSWER_WITHOUT_QUESTION, QUESTION_WITHOUT_ANSWER, all_interactions, figures_of_last_week,
    in_conversations, last_week,
};
use crate::view::text::{
    capitalised, counted, day, listed, long_date, number, questions, sanitize, times,
};

/// Columns of a visitors' word.
const WORD_COLUMNS: usize = 40;

/// What a reason says beyond the evidence of its action.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WhyDetails<'a> {
    /// The CV's word, for [`ActionKind::UseTheirWord`].
    pub(crate) cv_word: Option<&'a str>,
    /// Since when a gap is marked `have-it` that fails again, ISO 8601; `Some("")` where nobody knows
    /// since when, `None` where it does not fail again.
    pub(crate) reopened_since: Option<&'a str>,
    /// Questions without an answer, for [`ActionKind::CheckCapture`].
    pub(crate) unanswered: u64,
    /// Answers without a question, for the same.
    pub(crate) response_only: u64,
    /// All interactions, for the same.
    pub(crate) interactions: u64,
}

/// Why an action is due, in a sentence or two: the contract's `actions[].why`. `name` is an outcome's
/// code for [`ActionKind::FixFault`]. Strangers' words stand in it as they came: what shows it
/// sanitizes it.
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
        ActionKind::FixFault => match name {
            "unanswered" => {
                "No answer arrived: your agent failed, or its message was lost.".to_owned()
            }
            "quota" => format!("The quota ran out in {of_all}."),
            "ai_error" => format!("The model failed in {of_all}."),
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

/// What to do, as a heading.
pub fn title(action: &Action, columns: usize) -> String {
    let name = sanitize(&action.name, columns);
    match action.kind {
        ActionKind::AddOrLearn => format!("Add {name} to your CV, if you know it"),
        ActionKind::FixRetrieval => format!("Help your agent find {name} on your CV"),
        ActionKind::AnswerTopic => format!("Give your agent an answer about {name}"),
        ActionKind::ReviewFilter => "Look at what your filter stops".to_owned(),
        ActionKind::ReviewHours => "Look at what is asked outside your agent's hours".to_owned(),
        ActionKind::FixFault => match action.name.as_str() {
            "unanswered" => "Find out why questions get no answer".to_owned(),
            "quota" => "Raise the quota that turns questions away".to_owned(),
            "ai_error" => "Find out why the model fails".to_owned(),
            "error" => "Find out why your agent fails".to_owned(),
            _ => format!("Find out why your agent fails: {name}"),
        },
        ActionKind::UseTheirWord => match &action.evidence.word {
            Some(word) => format!("Write “{}” on your CV, as people do", sanitize(word, columns)),
            None => format!("Use your visitors' word for {name}"),
        },
        ActionKind::CheckCapture => "Find out where questions or answers get lost".to_owned(),
        ActionKind::MoveOver => "Let your agent report every answer, not only good ones".to_owned(),
    }
}

/// Why, as one sentence or more, sanitized.
pub fn reason(action: &Action, columns: usize) -> String {
    let why = capitalised(&sanitize(&action.why, columns));
    if why.ends_with(['.', '!', '?', '…']) { why } else { why + "." }
}

/// The week's headline, where this is its first action:
/// `Your agent can't answer GraphQL questions again: 7 of 8 this week.`
pub fn headline(
    action: &Action,
    report: &Report,
    at: &WeekLinks<'_>,
    columns: usize,
) -> LinkedText {
    let name = sanitize(&action.name, columns);
    let evidence = &action.evidence;
    let these = at.linked(questions(evidence.queries), behind(action, at));
    let count = at.linked(number(evidence.queries), behind(action, at));
    let week = if report.closed { "this week" } else { "this week so far" };
    let is_topic = evidence.gap.is_some_and(|gap| gap.name_type == NameType::Topic);
    let asked =
        if is_topic { format!("questions about {name}") } else { format!("{name} questions") };
    let again = if is_reopened(action, report) { " again" } else { "" };
    let only_partly = evidence.partly == evidence.queries;
    let fared = |lead: String, noun: &str| {
        LinkedText::from(lead + ": ").append(fares(action, &format!("{noun} {week}"), at)).text(".")
    };
    match action.kind {
        ActionKind::FixRetrieval if again.is_empty() => {
            let how = if only_partly { "covers it only in part" } else { "misses it" };
            fared(format!("{name} is on your CV, but your agent {how}"), " questions")
        }
        ActionKind::AnswerTopic if again.is_empty() => {
            fared(format!("Your agent has no answer about {name}"), " questions")
        }
        ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::AnswerTopic => {
            let lead = if only_partly {
                format!("Your agent answers {asked} only in part{again}")
            } else {
                format!("Your agent can't answer {asked}{again}")
            };
            fared(lead, "")
        }
        ActionKind::ReviewFilter => {
            LinkedText::from("Your filter stopped ").append(these).text(format!(" {week}."))
        }
        ActionKind::ReviewHours => these.text(format!(" came outside your agent's hours {week}.")),
        ActionKind::FixFault => {
            let (before, after) = fault(&action.name);
            let all = at.linked(questions(report.capture.queries), at.this_week().half("query"));
            let of_all = count.text(" of ").append(all);
            LinkedText::from(capitalised(before)).append(of_all).text(format!("{after} {week}."))
        }
        ActionKind::UseTheirWord => {
            let word = sanitize(evidence.word.as_deref().unwrap_or(&action.name), WORD_COLUMNS);
            LinkedText::from(format!("People say “{word}” for {name}: "))
                .append(these)
                .text(format!(" {week}, answered worse than those with your CV's word."))
        }
        ActionKind::CheckCapture => {
            let all = all_interactions(&report.capture);
            LinkedText::from("Part of this week is missing: ")
                .append(count)
                .text(" of ")
                .append(at.linked(number(all), at.this_week()))
                .text(" interactions came without a question or an answer.")
        }
        ActionKind::MoveOver => {
            "Your agent reports only its good answers, so its gaps stay unseen.".into()
        }
    }
}

/// The same in a few words, for a subject line: `can't answer GraphQL again, 7 of 8 questions`.
pub fn news(action: &Action, report: &Report, columns: usize) -> String {
    let name = sanitize(&action.name, columns);
    let evidence = &action.evidence;
    let fares = fares(action, " questions", &WeekLinks::new(&Links::None, ""));
    match action.kind {
        ActionKind::AddOrLearn | ActionKind::FixRetrieval | ActionKind::AnswerTopic => {
            let only_partly = evidence.partly == evidence.queries;
            let how = if only_partly { "answers only in part:" } else { "can't answer" };
            let again = if is_reopened(action, report) { " again" } else { "" };
            format!("{how} {name}{again}, {fares}")
        }
        ActionKind::ReviewFilter => {
            format!("your filter stopped {}", questions(evidence.queries))
        }
        ActionKind::ReviewHours => {
            format!("{} outside hours", questions(evidence.queries))
        }
        ActionKind::FixFault => {
            let (before, after) = fault(&action.name);
            let all = questions(report.capture.queries);
            format!("{before}{} of {all}{after}", number(evidence.queries))
        }
        ActionKind::UseTheirWord => {
            let word = sanitize(evidence.word.as_deref().unwrap_or(&action.name), columns);
            format!("people say “{word}” for {name}")
        }
        ActionKind::CheckCapture => "part of the week is missing".to_owned(),
        ActionKind::MoveOver => "only good answers are reported".to_owned(),
    }
}

/// What a fault did, before the questions and after them.
fn fault(outcome: &str) -> (&'static str, &'static str) {
    match outcome {
        "unanswered" => ("", " got no answer"),
        "quota" => ("your quota turned away ", ""),
        "ai_error" => ("your agent's model failed for ", ""),
        _ => ("your agent failed for ", ""),
    }
}

/// The questions behind an action.
fn behind(action: &Action, at: &WeekLinks<'_>) -> Option<QuestionFilter> {
    QuestionFilter::behind(action, at.week_name())
}

/// Whether the action is about a gap that fails again although the owner closed it.
fn is_reopened(action: &Action, report: &Report) -> bool {
    action.evidence.gap.is_some_and(|of| {
        report.gaps.iter().any(|gap| {
            gap.reopened
                && gap.name == action.name
                && gap.name_type == of.name_type
                && gap.kind == of.kind
        })
    })
}

/// Of how many questions how many were not answered: `7 of 8`, `12 of 50, and 18 more only in part`;
/// how many were answered in part, where all those are. `noun` stands behind the first number.
fn fares(action: &Action, noun: &str, at: &WeekLinks<'_>) -> LinkedText {
    let of_asked = match action.evidence.asked {
        Some(asked) => LinkedText::from(" of ").append(at.linked(number(asked), about(action, at))),
        None => LinkedText::default(),
    };
    let (missed, partly) = missed_and_partly(action, at);
    let more = missed.as_ref().and(partly.clone());
    let more = more.map(|more| LinkedText::from(", and ").append(more).text(" more only in part"));
    let first = missed.or(partly).unwrap_or_default().append(of_asked).text(noun);
    first.append(more.unwrap_or_default())
}

/// How many were not answered and how many in part, each with its questions; `None` for none.
fn missed_and_partly(
    action: &Action,
    at: &WeekLinks<'_>,
) -> (Option<LinkedText>, Option<LinkedText>) {
    let Evidence { queries, partly, .. } = action.evidence;
    let behind = behind(action, at);
    let covered = |code| behind.clone().map(|filter| filter.coverage(code));
    let missed_filter = if partly > 0 { covered("none") } else { behind.clone() };
    let linked = |count: u64, filter| (count > 0).then(|| at.linked(number(count), filter));
    (linked(queries.saturating_sub(partly), missed_filter), linked(partly, covered("partial")))
}

/// All questions of the week about what the action is about.
fn about(action: &Action, at: &WeekLinks<'_>) -> QuestionFilter {
    of_name(action, at.this_week(), at)
}

fn of_name(action: &Action, week: QuestionFilter, at: &WeekLinks<'_>) -> QuestionFilter {
    let name_type = action.evidence.gap.map_or(NameType::Skill, |gap| gap.name_type);
    at.about(week, name_type, &action.name)
}

/// The figures behind an action: `Asked 50 times (16 last week); 30 not answered, in 26
/// conversations`.
pub fn evidence(action: &Action, report: &Report, at: &WeekLinks<'_>) -> LinkedText {
    let Evidence { queries, conversations, asked, previous, .. } = action.evidence;
    let behind = behind(action, at);
    let Some(asked) = asked else {
        let (one, many) = match action.kind {
            ActionKind::CheckCapture => ("interaction", "interactions"),
            ActionKind::MoveOver => ("answer", "answers"),
            _ => ("question", "questions"),
        };
        return at
            .linked(counted(queries, one, many), behind)
            .text(in_conversations(queries, conversations))
            .append(ended_last_week(action, report, at).unwrap_or_default());
    };
    let before = previous.map(|count| in_brackets(count, at, |week| of_name(action, week, at)));
    let asked = LinkedText::from("Asked ")
        .append(at.linked(times(asked), about(action, at)))
        .append(before.unwrap_or_default())
        .text("; ");
    let fared = if action.kind == ActionKind::UseTheirWord {
        let word = sanitize(action.evidence.word.as_deref().unwrap_or(&action.name), WORD_COLUMNS);
        at.linked(number(queries), behind).text(format!(" with the word “{word}”"))
    } else {
        let (missed, partly) = missed_and_partly(action, at);
        let missed = missed.map(|missed| missed.text(" not answered"));
        let partly = partly.map(|partly| partly.text(" answered in part"));
        LinkedText::listed(missed.into_iter().chain(partly).collect())
    };
    let conversations = in_conversations(queries, conversations);
    let comma = if conversations.is_empty() { "" } else { "," };
    asked.append(fared).text(format!("{comma}{conversations}"))
}

/// How often it was last week, where an action is about an outcome: ` (2 last week)`.
fn ended_last_week(action: &Action, report: &Report, at: &WeekLinks<'_>) -> Option<LinkedText> {
    let is_outcome = matches!(
        action.kind,
        ActionKind::FixFault | ActionKind::ReviewFilter | ActionKind::ReviewHours
    );
    let outcome = Outcome::from_code(&action.name);
    let is_known = is_outcome && (outcome.is_some() || action.name == "unanswered");
    let figures = figures_of_last_week(report).filter(|_| is_known)?;
    let count = figures.outcomes.count(outcome);
    Some(in_brackets(count, at, |week| week.outcome(&action.name)))
}

/// ` (16 last week)`.
fn in_brackets(
    count: u64,
    at: &WeekLinks<'_>,
    filter: impl FnOnce(QuestionFilter) -> QuestionFilter,
) -> LinkedText {
    let before = match count {
        0 => "none last week".into(),
        count => last_week(number(count), at, filter),
    };
    LinkedText::from(" (").append(before).text(")")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::GapOf;

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
            let name = if kind == ActionKind::FixFault { "quota" } else { "x" };
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
        let at = WeekLinks::new(&Links::None, "2026-W47");
        for (partly, expect) in [
            (0, "Asked 50 times (16 last week); 30 not answered, in 26 conversations"),
            (
                18,
                "Asked 50 times (16 last week); 12 not answered and 18 answered in part, in 26 \
                 conversations",
            ),
            (30, "Asked 50 times (16 last week); 30 answered in part, in 26 conversations"),
        ] {
            action.evidence.partly = partly;
            assert_eq!(evidence(&action, &report, &at).to_string(), expect);
        }
        assert_eq!(title(&action, 48), "Add Kubernetes to your CV, if you know it");
    }
}
