//! What to do and why, in words: the headline, titles, reasons and evidence of actions.

use crate::model::{Action, ActionKind, Evidence, GapKind, GapMark, NameType, Report};
use crate::questions::filter::QuestionFilter;
use crate::view::linked_text::LinkedText;
use crate::view::links::{Links, WeekLinks};
use crate::view::phrases::all_interactions;
use crate::view::phrases::gaps::mark_name;
use crate::view::text::{
    capitalised, conversations, counted, day, long_date, number, questions, sanitize, times,
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
    let row = weeks_in_a_row(evidence);
    if let Some(since) = details.reopened_since {
        let since = day(since).map(|day| format!(" on {}", long_date(day))).unwrap_or_default();
        let mark = mark_name(GapMark::HaveIt);
        return format!("You marked it “{mark}”{since}, but it fails again.");
    }
    match kind {
        ActionKind::AddOrLearn => match evidence.gap.map(|gap| gap.kind) {
            Some(GapKind::NotOnCv) => format!("Not on your CV.{row}"),
            _ if row.is_empty() && evidence.partly == evidence.queries => {
                "Your agent answers it only in part.".to_owned()
            }
            _ if row.is_empty() => "Your agent found no answer to it.".to_owned(),
            _ => row.trim_start().to_owned(),
        },
        ActionKind::FixRetrieval => format!("On your CV, but your agent does not find it.{row}"),
        ActionKind::AnswerTopic => format!("Your agent has no answer about it.{row}"),
        ActionKind::ReviewFilter => {
            "A filter stopped these questions. See whether each of them should be stopped."
                .to_owned()
        }
        ActionKind::ReviewHours => {
            "These questions came outside your agent's hours. See whether the hours still fit."
                .to_owned()
        }
        ActionKind::FixFault => match name {
            "unanswered" => "No answer arrived: your agent failed, or its message was lost.",
            "quota" => "A quota was used up.",
            "ai_error" => "The model failed.",
            _ => "Your agent ran into an error.",
        }
        .to_owned(),
        ActionKind::UseTheirWord => {
            let theirs = evidence.word.as_deref().unwrap_or(name);
            let ours = details.cv_word.unwrap_or(name);
            format!(
                "People say “{theirs}”, your CV says “{ours}”, and questions with their word are \
                 answered worse."
            )
        }
        ActionKind::CheckCapture => format!(
            "{} of {} interactions lack a half: {} and {}.",
            number(evidence.queries),
            number(details.interactions),
            counted(details.unanswered, "question without an answer", "questions without an answer"),
            counted(details.response_only, "answer without a question", "answers without a question"),
        ),
        ActionKind::MoveOver => {
            "Your agent never sends an outcome, a question or a match “none”, so the questions that \
             it cannot answer stay unseen."
                .to_owned()
        }
    }
}

/// ` Unanswered 8 weeks in a row.`, or nothing for a first week.
fn weeks_in_a_row(evidence: &Evidence) -> String {
    let how = match evidence.partly {
        0 => "Unanswered",
        partly if partly == evidence.queries => "Answered only in part",
        _ => "Not fully answered",
    };
    match evidence.weeks_running {
        None | Some(0 | 1) => String::new(),
        Some(weeks) => format!(" {how} {weeks} weeks in a row."),
    }
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
/// `Your agent can't answer GraphQL questions again: 7 of 8 failed this week.`
pub fn headline(
    action: &Action,
    report: &Report,
    at: &WeekLinks<'_>,
    columns: usize,
) -> LinkedText {
    let name = sanitize(&action.name, columns);
    let evidence = &action.evidence;
    let behind = QuestionFilter::behind(action, at.week_name());
    let these = at.linked(questions(evidence.queries), behind.clone());
    let all = at.linked(questions(report.capture.queries), at.this_week().half("query"));
    let of_all = |count: LinkedText| count.text(" of ").append(all.clone());
    let count = at.linked(number(evidence.queries), behind);
    let week = if report.closed { "this week" } else { "this week so far" };
    let fares = || fares(action, at).text(format!(" {week}."));
    let is_topic = evidence.gap.is_some_and(|gap| gap.name_type == NameType::Topic);
    let asked =
        if is_topic { format!("questions about {name}") } else { format!("{name} questions") };
    match action.kind {
        _ if is_reopened(action, report) => {
            LinkedText::from(format!("Your agent can't answer {asked} again: ")).append(fares())
        }
        ActionKind::AddOrLearn if evidence.partly == evidence.queries => {
            LinkedText::from(format!("Your agent answers {asked} only in part: ")).append(fares())
        }
        ActionKind::AddOrLearn => {
            LinkedText::from(format!("Your agent can't answer {asked}: ")).append(fares())
        }
        ActionKind::FixRetrieval => {
            LinkedText::from(format!("{name} is on your CV, but your agent doesn't find it: "))
                .append(fares())
        }
        ActionKind::AnswerTopic => {
            LinkedText::from(format!("Your agent has no answer about {name}: ")).append(fares())
        }
        ActionKind::ReviewFilter => {
            LinkedText::from("Your filter stopped ").append(these).text(format!(" {week}."))
        }
        ActionKind::ReviewHours => these.text(format!(" came outside your agent's hours {week}.")),
        ActionKind::FixFault => match action.name.as_str() {
            "unanswered" => of_all(count).text(format!(" got no answer {week}.")),
            "quota" => LinkedText::from("Your quota ran out: ")
                .append(of_all(count))
                .text(" were turned away."),
            "ai_error" => LinkedText::from("Your agent's model failed for ")
                .append(of_all(count))
                .text(format!(" {week}.")),
            _ => LinkedText::from("Your agent failed for ")
                .append(of_all(count))
                .text(format!(" {week}.")),
        },
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
                .text(" interactions lack a question or an answer.")
        }
        ActionKind::MoveOver => {
            "Your agent reports only its good answers, so its gaps stay unseen.".into()
        }
    }
}

/// The same in a few words, for a subject line: `can't answer GraphQL again, 7 of 8 failed`.
pub fn news(action: &Action, report: &Report, columns: usize) -> Option<String> {
    let name = sanitize(&action.name, columns);
    let evidence = &action.evidence;
    let no_links = WeekLinks::new(&Links::None, "");
    let fares = fares(action, &no_links);
    Some(match action.kind {
        _ if is_reopened(action, report) => format!("can't answer {name} again, {fares}"),
        ActionKind::AddOrLearn if evidence.partly == evidence.queries => format!("{name}: {fares}"),
        ActionKind::AddOrLearn => format!("can't answer {name}, {fares}"),
        ActionKind::FixRetrieval => format!("doesn't find {name}, {fares}"),
        ActionKind::AnswerTopic => format!("no answer about {name}, {fares}"),
        ActionKind::ReviewFilter => {
            format!("your filter stopped {}", questions(evidence.queries))
        }
        ActionKind::ReviewHours => {
            format!("{} outside hours", questions(evidence.queries))
        }
        ActionKind::FixFault => {
            let all = questions(report.capture.queries);
            format!("{} of {all} got no answer", number(evidence.queries))
        }
        ActionKind::UseTheirWord => {
            let word = sanitize(evidence.word.as_deref().unwrap_or(&action.name), columns);
            format!("people say “{word}” for {name}")
        }
        ActionKind::CheckCapture => "part of the week is missing".to_owned(),
        ActionKind::MoveOver => "only good answers are reported".to_owned(),
    })
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

/// Of how many questions how many failed: `7 of 8 failed`, `12 of 50 failed, 18 were answered in
/// part`.
fn fares(action: &Action, at: &WeekLinks<'_>) -> LinkedText {
    let evidence = &action.evidence;
    let behind = QuestionFilter::behind(action, at.week_name());
    let (failed, partly) = failed_and_partly(evidence, behind.as_ref(), at);
    let of_asked = match evidence.asked {
        Some(asked) => LinkedText::from(" of ").append(at.linked(number(asked), about(action, at))),
        None => LinkedText::default(),
    };
    let was = |count: u64| if count == 1 { "was" } else { "were" };
    match (failed, partly) {
        (Some(failed), None) => failed.append(of_asked).text(" failed"),
        (Some(failed), Some(partly)) => failed
            .append(of_asked)
            .text(" failed, ")
            .append(partly)
            .text(format!(" {} answered in part", was(evidence.partly))),
        (None, partly) => partly.unwrap_or_default().append(of_asked).text(" answered in part"),
    }
}

/// How many failed and how many were answered in part, each with its questions; `None` for none.
fn failed_and_partly(
    evidence: &Evidence,
    behind: Option<&QuestionFilter>,
    at: &WeekLinks<'_>,
) -> (Option<LinkedText>, Option<LinkedText>) {
    let failed = evidence.queries.saturating_sub(evidence.partly);
    let covered = |code| behind.cloned().map(|filter| filter.coverage(code));
    let failed_filter = if evidence.partly > 0 { covered("none") } else { behind.cloned() };
    let linked = |count: u64, filter| (count > 0).then(|| at.linked(number(count), filter));
    (linked(failed, failed_filter), linked(evidence.partly, covered("partial")))
}

/// All questions of the week about what the action is about.
fn about(action: &Action, at: &WeekLinks<'_>) -> QuestionFilter {
    of_name(action, at.this_week(), at)
}

fn of_name(action: &Action, week: QuestionFilter, at: &WeekLinks<'_>) -> QuestionFilter {
    let name_type = action.evidence.gap.map_or(NameType::Skill, |gap| gap.name_type);
    at.about(week, name_type, &action.name)
}

/// The figures behind an action: `Asked 50 times (16 last week); 30 got no answer`.
pub fn evidence(action: &Action, at: &WeekLinks<'_>) -> LinkedText {
    let evidence = &action.evidence;
    let behind = QuestionFilter::behind(action, at.week_name());
    if action.kind == ActionKind::CheckCapture {
        return at.linked(counted(evidence.queries, "interaction", "interactions"), behind);
    }
    let Some(asked) = evidence.asked else {
        let noun = match action.kind {
            ActionKind::MoveOver => ("answer", "answers"),
            _ => ("question", "questions"),
        };
        return at
            .linked(counted(evidence.queries, noun.0, noun.1), behind)
            .text(format!(" from {}", conversations(evidence.conversations)));
    };
    let last_week = evidence.previous.map(|count| {
        let filter = at.week_before().map(|week| of_name(action, week, at));
        LinkedText::from(" (")
            .append(at.linked(format!("{} last week", number(count)), filter))
            .text(")")
    });
    let asked = LinkedText::from("Asked ")
        .append(at.linked(times(asked), about(action, at)))
        .append(last_week.unwrap_or_default())
        .text("; ");
    if action.kind == ActionKind::UseTheirWord {
        let word = sanitize(evidence.word.as_deref().unwrap_or(&action.name), WORD_COLUMNS);
        let say = if evidence.queries == 1 { "says" } else { "say" };
        return asked
            .append(at.linked(number(evidence.queries), behind))
            .text(format!(" {say} “{word}”"));
    }
    let stopped = evidence.gap.is_some_and(|gap| gap.kind == GapKind::Blocked);
    let fared = match failed_and_partly(evidence, behind.as_ref(), at) {
        (Some(failed), partly) => {
            let failed = failed.text(if stopped { " stopped" } else { " got no answer" });
            match partly {
                Some(partly) => failed.text(", ").append(partly).text(" only part of one"),
                None => failed,
            }
        }
        (None, partly) => partly.unwrap_or_default().text(" got only part of an answer"),
    };
    asked.append(fared)
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
                "Not on your CV. Unanswered 8 weeks in a row.",
            ),
            (
                ActionKind::AddOrLearn,
                Evidence { partly: 12, ..skill(GapKind::Unmatched) },
                none,
                "Not fully answered 8 weeks in a row.",
            ),
            (
                ActionKind::AddOrLearn,
                Evidence { weeks_running: Some(1), ..skill(GapKind::Unmatched) },
                none,
                "Your agent found no answer to it.",
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
                "You marked it “On my CV now” on 21 October 2026, but it fails again.",
            ),
            (
                ActionKind::AnswerTopic,
                topic,
                none,
                "Your agent has no answer about it. Unanswered 8 weeks in a row.",
            ),
            (
                ActionKind::CheckCapture,
                Evidence { queries: 9, ..Evidence::default() },
                WhyDetails { unanswered: 8, response_only: 1, interactions: 112, ..none },
                "9 of 112 interactions lack a half: 8 questions without an answer and 1 answer without a question.",
            ),
        ] {
            assert_eq!(why(kind, "x", &evidence, details), expect);
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
        let at = WeekLinks::new(&Links::None, "2026-W47");
        for (partly, expect) in [
            (0, "Asked 50 times (16 last week); 30 got no answer"),
            (18, "Asked 50 times (16 last week); 12 got no answer, 18 only part of one"),
            (30, "Asked 50 times (16 last week); 30 got only part of an answer"),
        ] {
            action.evidence.partly = partly;
            assert_eq!(evidence(&action, &at).to_string(), expect);
        }
        assert_eq!(title(&action, 48), "Add Kubernetes to your CV, if you know it");
    }
}
