//! Every word that a report says to people, once for every form: counting gives kinds and figures,
//! and these modules say them in English.

pub mod actions;
pub mod gaps;
pub mod refusals;

use std::fmt::Display;

use cv_analytics_core::event::{MatchType, Outcome};
use cv_analytics_core::timestamp::Timestamp;

use super::linked_text::LinkedText;
use super::links::WeekLinks;
use super::text::{
    conversations, counted, day, decimal, long_date, long_date_with_weekday, number, questions,
    rate, sanitize, share,
};
use crate::model::{
    AfterNoMatch, Calibration, Capture, Disagreement, MatchSources, NameType, Outcomes, Report,
    Trend, Trending, WEEKS, WeekFigures,
};
use crate::questions::filter::QuestionFilter;

/// Under this join rate the figures cannot be trusted.
pub const TRUSTED_JOIN_RATE: f64 = 0.99;
/// From this part of the ratings on, another source is worth a warning: one in five.
const MIN_SOURCE_PART: u128 = 5;
/// Fewer ratings than this say nothing of where they come from.
const MIN_RATINGS: u64 = 20;

/// A question whose answer never arrived, one and many.
pub(super) const QUESTION_WITHOUT_ANSWER: (&str, &str) =
    ("question without an answer", "questions without an answer");
/// An answer whose question never arrived, one and many.
pub(super) const ANSWER_WITHOUT_QUESTION: (&str, &str) =
    ("answer without a question", "answers without a question");
/// A quota, the model or an error stopped the answer, or none arrived.
pub(super) const FAILED_OR_UNANSWERED: &str = "Failed or unanswered";
/// A filter stopped the question, or it came outside the agent's hours.
pub(super) const STOPPED_OR_OUTSIDE_HOURS: &str = "Stopped or outside hours";

/// What to do about refused messages; whose they were is not known.
const REFUSED_TO_DO: &str = " If your agent's secrets are right, another sender's messages were refused: cv-analytics \
                             doctor names the reason and what to change.";

/// What a value is called that nobody sent.
pub const NOT_COLLECTED: &str = "not collected";
/// What a value is called that this installation does not count.
pub const NOT_COUNTED: &str = "not counted";

/// How a handling ended; `None`: no answer has come.
pub const fn outcome_words(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        Some(Outcome::Answered) => "Answered",
        Some(Outcome::NoMatch) => "No match",
        Some(Outcome::Blocked) => "Stopped by a filter",
        Some(Outcome::OffHours) => "Outside hours",
        Some(Outcome::Quota) => "Quota used up",
        Some(Outcome::AiError) => "Model failed",
        Some(Outcome::Error) => "Other error",
        None => "No answer arrived",
    }
}

/// How well a question is covered.
pub const fn coverage_words(match_type: MatchType) -> &'static str {
    match match_type {
        MatchType::Full => "fully covered",
        MatchType::Partial => "partly covered",
        MatchType::None => "not covered",
    }
}

/// The arrow and the word of a name that moved; nothing else has an arrow.
pub const fn trend_mark(trend: Trend) -> Option<&'static str> {
    match trend {
        Trend::Rising => Some("↑ rising"),
        Trend::Falling => Some("↓ falling"),
        Trend::New => Some("↑ new"),
        Trend::Gone => Some("↓ gone"),
        Trend::Steady | Trend::TooFew => None,
    }
}

/// The figures of the week before, where it has data.
pub fn figures_of_last_week(report: &Report) -> Option<&WeekFigures> {
    report.history.iter().rev().nth(1)?.figures.as_ref()
}

/// The week's own figures, where the report has its history.
pub fn figures_of_this_week(report: &Report) -> Option<&WeekFigures> {
    report.history.last()?.figures.as_ref()
}

/// What the week comes to: what its first action is about, and nothing else.
pub fn headline(report: &Report, at: &WeekLinks<'_>, columns: usize) -> LinkedText {
    if report.is_empty() {
        return empty_week(report, at);
    }
    match report.actions.first() {
        Some(first) => actions::headline(first, report, at, columns),
        None => without_action(report, at),
    }
}

/// A week without an action: single questions that went badly are named all the same.
fn without_action(report: &Report, at: &WeekLinks<'_>) -> LinkedText {
    let asked = at.linked(questions(report.capture.queries), at.this_week().half("query"));
    let asked = asked.text(format!(" in {}", conversations(report.conversations)));
    let badly = handled_badly(report).map(|(count, how, filter)| {
        at.linked(number(count), filter(at.this_week())).text(format!(" {}", how.to_lowercase()))
    });
    match LinkedText::listed(badly.collect()).if_any() {
        Some(badly) => LinkedText::from("Nothing stands out in ")
            .append(asked)
            .text(": ")
            .append(badly)
            .text("."),
        None => LinkedText::from("Nothing to do: ").append(asked).text(", and nothing went wrong."),
    }
}

type Narrowed = fn(QuestionFilter) -> QuestionFilter;

/// How many questions went badly in each way, those that there are.
fn handled_badly(report: &Report) -> impl Iterator<Item = (u64, &'static str, Narrowed)> {
    let (matches, outcomes) = (&report.matches.this_week, &report.outcomes);
    let refused = outcomes.blocked.saturating_add(outcomes.off_hours);
    let ways: [(u64, &str, Narrowed); 4] = [
        (matches.none, coverage_words(MatchType::None), |week| week.coverage("none")),
        (matches.partial, coverage_words(MatchType::Partial), |week| week.coverage("partial")),
        (faults(outcomes), FAILED_OR_UNANSWERED, |week| week.handled("failed")),
        (refused, STOPPED_OR_OUTSIDE_HOURS, |week| week.handled("refused")),
    ];
    ways.into_iter().filter(|(count, ..)| *count > 0)
}

/// How often a quota, the model or an error stopped the answer, or none arrived.
pub(super) fn faults(outcomes: &Outcomes) -> u64 {
    let faults = [outcomes.quota, outcomes.ai_error, outcomes.error, outcomes.unanswered];
    faults.into_iter().fold(0, u64::saturating_add)
}

/// The headline in a few words, for a subject line; `None` where there is no news.
pub fn news(report: &Report, columns: usize) -> Option<String> {
    if report.is_empty() {
        return Some("no questions".to_owned());
    }
    if let Some(first) = report.actions.first() {
        return Some(actions::news(first, report, columns));
    }
    let badly = handled_badly(report).next().is_some();
    let lead = if badly { "nothing stands out" } else { "nothing to do" };
    Some(format!("{lead}, {}", questions(report.capture.queries)))
}

fn empty_week(report: &Report, at: &WeekLinks<'_>) -> LinkedText {
    let deliveries = &report.capture.deliveries;
    let (unread, refused) = (deliveries.dead_letters, deliveries.refused.unwrap_or_default());
    let before = figures_of_last_week(report).map_or(0, |figures| figures.queries);
    if unread > 0 {
        let messages = counted(unread, "message", "messages");
        LinkedText::from("Nothing could be counted this week: ")
            .link(messages, at.page("/dead-letters"))
            .text(" could not be read.")
    } else if refused > 0 {
        let messages = counted(refused, "message was", "messages were");
        format!("Nothing could be counted this week: {messages} refused.").into()
    } else if !report.closed {
        "Nobody has asked your agent anything this week yet.".into()
    } else if before > 0 {
        LinkedText::from("Nobody asked your agent anything this week, after ")
            .append(at.linked(questions(before), at.week_before().map(|week| week.half("query"))))
            .text(" last week.")
    } else {
        "A quiet week: nobody asked your agent anything.".into()
    }
}

/// A warning above the figures, in a few words and in whole sentences.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Banner {
    /// In a few words.
    pub title: &'static str,
    /// What is missing or doubtful.
    pub text: LinkedText,
}

/// What makes the figures doubtful: halves that are missing, messages that are not in them, scores
/// that cannot be compared. Repeated deliveries are no reason: they are left out, and nothing is lost.
pub fn banner(report: &Report, at: &WeekLinks<'_>) -> Option<Banner> {
    let missing =
        missing_halves(&report.capture, at).map(|text| ("Part of this week is missing", text));
    let outside = uncounted_messages(&report.capture, at)
        .map(|text| ("Some messages are not in these figures", text));
    let mut reasons = [missing, outside, other_sources(report, at)].into_iter().flatten();
    let (title, first) = reasons.next()?;
    let texts = std::iter::once(first).chain(reasons.map(|(_, text)| text));
    Some(Banner { title, text: LinkedText::joined(texts, " ") })
}

/// Questions without an answer and answers without a question, those that there are.
fn lone_halves(capture: &Capture, at: &WeekLinks<'_>) -> Vec<LinkedText> {
    let unanswered = at.this_week().outcome("unanswered");
    let response_only = at.this_week().half("response-only");
    [
        (capture.unanswered, QUESTION_WITHOUT_ANSWER, unanswered),
        (capture.response_only, ANSWER_WITHOUT_QUESTION, response_only),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, (one, many), filter)| at.linked(counted(count, one, many), filter))
    .collect()
}

fn missing_halves(capture: &Capture, at: &WeekLinks<'_>) -> Option<LinkedText> {
    capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
    let all = counted(all_interactions(capture), "interaction", "interactions");
    Some(
        LinkedText::listed(lone_halves(capture, at))
            .text(", of ")
            .append(at.linked(all, at.this_week()))
            .text(". The figures below count what arrived."),
    )
}

fn uncounted_messages(capture: &Capture, at: &WeekLinks<'_>) -> Option<LinkedText> {
    let deliveries = &capture.deliveries;
    let letters = || at.page("/dead-letters");
    let parts = [
        (Some(deliveries.dead_letters), "could not be read", "could not be read", letters()),
        (
            deliveries.refused,
            "was refused (signature, key, host, clock or size)",
            "were refused (signature, key, host, clock or size)",
            None,
        ),
        (
            deliveries.conflicts,
            "conflicts with an earlier copy",
            "conflict with an earlier copy",
            None,
        ),
        (
            deliveries.waiting,
            "waits in the dead-letter queue",
            "wait in the dead-letter queue",
            letters(),
        ),
    ];
    let mut texts: Vec<LinkedText> = Vec::new();
    for (count, one, many, link) in parts {
        let Some(count) = count.filter(|count| *count > 0) else { continue };
        let messages = match texts.len() {
            0 => counted(count, "message", "messages"),
            _ => number(count),
        };
        let how = if count == 1 { one } else { many };
        texts.push(LinkedText::linked(messages, link).text(format!(" {how}")));
    }
    let are_letters =
        deliveries.dead_letters > 0 || deliveries.waiting.is_some_and(|count| count > 0);
    let hint =
        if are_letters && !at.exist() { ": see cv-analytics dead-letters list." } else { "." };
    let was_refused = deliveries.refused.is_some_and(|count| count > 0);
    let to_do = if was_refused { REFUSED_TO_DO } else { "" };
    LinkedText::listed(texts).if_any().map(|texts| texts.text(hint).text(to_do))
}

/// That the ratings come from another source than last week's; where last week has too few of them,
/// that they come from two sources.
fn other_sources(report: &Report, at: &WeekLinks<'_>) -> Option<(&'static str, LinkedText)> {
    let known = |sources: &MatchSources| {
        let both = sources.model.saturating_add(sources.similarity);
        (both >= MIN_RATINGS).then_some((sources.similarity, both))
    };
    let wide = |(part, all): (u64, u64)| (u128::from(part), u128::from(all));
    let linked = |count: u64, week: Option<QuestionFilter>| {
        let week = week.filter(|_| count > 0);
        at.linked(number(count), week.map(|week| week.source("similarity")))
    };
    let now @ (similarity, all) = known(&report.matches.sources)?;
    let before = report.matches.previous.as_ref().and_then(|previous| known(&previous.sources));
    let text = linked(similarity, Some(at.this_week()))
        .text(format!(" of {} ratings come from similarity search", number(all)));
    let ((part, whole), (part_before, whole_before)) = (wide(now), before.map_or((0, 1), wide));
    let (more, less) = (part * whole_before, part_before * whole);
    let differs = more.abs_diff(less) * MIN_SOURCE_PART >= whole * whole_before;
    let is_mixed = part.min(whole - part) * MIN_SOURCE_PART >= whole;
    match before {
        Some((before, all)) if differs => Some((
            "Scores come from another source than last week",
            text.text(", ").append(linked(before, at.week_before())).text(format!(
                " of {} last week: do not compare the two weeks' scores.",
                number(all)
            )),
        )),
        None if is_mixed => Some((
            "Scores come from two sources",
            text.text(
                ", the others from the model: do not compare this week's scores with those of \
                 other weeks.",
            ),
        )),
        _ => None,
    }
}

/// Where the ratings come from, those sources that there are; `None` where nobody said.
pub fn rated_by(sources: &MatchSources, at: &WeekLinks<'_>) -> Option<LinkedText> {
    let MatchSources { model, similarity, unknown } = *sources;
    if model == 0 && similarity == 0 {
        return None;
    }
    let parts = [
        (model, "by the model", "model"),
        (similarity, "by similarity search", "similarity"),
        (unknown, "by an unknown source", "unknown"),
    ];
    let parts = parts.into_iter().filter(|(count, ..)| *count > 0).enumerate();
    let parts = parts.map(|(place, (count, by, code))| {
        let ratings = match place {
            0 => counted(count, "rating", "ratings"),
            _ => number(count),
        };
        at.linked(ratings, at.this_week().source(code)).text(format!(" {by}"))
    });
    Some(LinkedText::joined(parts, ", "))
}

/// How conversations went on after an answer that covered nothing:
/// `24 answers covered nothing: the visitor asked again after 12, and left after 12`.
pub fn after_no_match(after: AfterNoMatch) -> Option<String> {
    let AfterNoMatch { answers, asked_on, ended } = after;
    (answers > 0).then(|| {
        format!(
            "{} covered nothing: the visitor asked again after {}, and left after {}",
            counted(answers, "answer", "answers"),
            number(asked_on),
            number(ended)
        )
    })
}

/// Interactions with a half at least.
pub fn all_interactions(capture: &Capture) -> u64 {
    capture.joined.saturating_add(capture.unanswered).saturating_add(capture.response_only)
}

/// Capture health in one line: `Data complete: 99.7% · 1 question without an answer`; `None` for a
/// week with nothing in it.
pub fn data_complete(capture: &Capture, at: &WeekLinks<'_>) -> Option<LinkedText> {
    let all = all_interactions(capture);
    let whole = match share(capture.joined, all).and(capture.join_rate) {
        Some(joined) => rate(joined),
        None if capture.joined == all => "100%".to_owned(),
        None => format!("{} of {}", number(capture.joined), number(all)),
    };
    let whole = at.linked(whole, at.this_week().half("both"));
    let mut parts = vec![LinkedText::from("Data complete: ").append(whole)];
    parts.extend(lone_halves(capture, at));
    let unread = capture.deliveries.dead_letters;
    if unread > 0 {
        let unread = counted(unread, "unreadable message", "unreadable messages");
        parts.push(LinkedText::linked(unread, at.page("/dead-letters")));
    }
    if let Some(refused) = capture.deliveries.refused.filter(|count| *count > 0) {
        parts.push(counted(refused, "refused message", "refused messages").into());
    }
    (all > 0).then(|| LinkedText::joined(parts, " · "))
}

/// That the week is not over, and that nothing happened.
pub fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if !report.closed {
        let until = super::text::last_day(&report.to);
        let until = until.map(|day| format!(" until {}", long_date(day))).unwrap_or_default();
        notes.push(format!(
            "This week is still open{until}: the figures cover what has arrived so far."
        ));
    }
    if report.is_empty() {
        notes.push(
            "If you expected questions, ask your agent one yourself and see whether it arrives."
                .to_owned(),
        );
    }
    notes
}

/// How often a name that moved was asked for: `20 conversations, 14 last week (about 9.4 expected)`.
pub fn moved(moved: &Trending, report: &Report) -> String {
    let now = conversations(moved.conversations);
    let last = if figures_of_last_week(report).is_some() { "last week" } else { "before" };
    let previous = number(moved.previous);
    let expected =
        moved.expected.map(|expected| format!(" (about {} expected)", decimal(expected)));
    match moved.trend {
        Trend::New => format!("{now}, none in {}", weeks_before(report)),
        Trend::Gone => format!("nobody asked, {previous} {last}"),
        _ => format!("{now}, {previous} {last}{}", expected.unwrap_or_default()),
    }
}

/// The weeks with which this one is compared: `the seven weeks before`.
fn weeks_before(report: &Report) -> String {
    let earlier = report.history.iter().rev().skip(1);
    match earlier.filter(|week| week.figures.is_some()).count() {
        0 => "the weeks before".to_owned(),
        1 => "the one earlier week with data".to_owned(),
        all if all + 1 >= usize::from(WEEKS) => "the seven weeks before".to_owned(),
        some => format!("the {some} earlier weeks with data"),
    }
}

/// The weeks that the report looks at, this one included: `eight weeks`.
pub fn weeks_looked_at(report: &Report) -> String {
    match report.history.iter().filter(|week| week.figures.is_some()).count() {
        0 | 1 => "the one week with data".to_owned(),
        all if all >= usize::from(WEEKS) => "eight weeks".to_owned(),
        some => format!("the {some} weeks with data"),
    }
}

/// `95 last week`, with its questions.
pub(super) fn last_week(
    figure: impl Display,
    at: &WeekLinks<'_>,
    filter: impl FnOnce(QuestionFilter) -> QuestionFilter,
) -> LinkedText {
    at.linked(format!("{figure} last week"), at.week_before().map(filter))
}

/// The names that share a row: `312 other skills`.
pub fn other_names(names: u64, name_type: NameType) -> String {
    match name_type {
        NameType::Skill => counted(names, "other skill", "other skills"),
        NameType::Topic => counted(names, "other topic", "other topics"),
    }
}

/// ` in 26 conversations`; nothing where each question is its own conversation.
pub(super) fn in_conversations(questions: u64, of: u64) -> String {
    if questions == of { String::new() } else { format!(" in {}", conversations(of)) }
}

/// Why nothing moved, where nothing did.
pub fn nothing_moved(report: &Report) -> Option<&'static str> {
    if report.trending.iter().any(|moved| moved.trend.moved()) {
        return None;
    }
    let earlier = report.history.iter().rev().skip(1);
    if earlier.clone().all(|week| week.figures.is_none()) && report.matches.previous.is_none() {
        return Some("There is no earlier week to compare with.");
    }
    Some("Nothing rose or fell by more than chance.")
}

/// The weeks of a sparkline in words.
pub fn weeks(weeks: &[Option<u64>]) -> String {
    let weeks: Vec<_> =
        weeks.iter().map(|week| week.map_or("no data".to_owned(), number)).collect();
    weeks.join(", ")
}

/// When the next report comes.
pub fn next_report(at: Timestamp) -> Option<String> {
    let day = day(&at.to_string())?;
    Some(format!("Next report: {}.", long_date_with_weekday(day)))
}

/// How many entries a list leaves out: `and 2 more gaps`.
pub fn more(others: usize, (one, many): (&str, &str)) -> Option<String> {
    let others = u64::try_from(others).unwrap_or(u64::MAX);
    let kind = if others == 1 { one } else { many };
    (others > 0).then(|| format!("and {} more {kind}", number(others)))
}

/// The label of the link to everything that a mail leaves out.
pub fn see_all(all: usize, shown: usize) -> String {
    if all > shown {
        format!("See all {} actions", number(u64::try_from(all).unwrap_or(u64::MAX)))
    } else {
        "Open the week on your dashboard".to_owned()
    }
}

/// How to open the dashboard, where nobody knows its address.
pub const OPEN_DASHBOARD: &str = "To see everything, and the questions behind each number, open \
     your dashboard: run cv-analytics serve and follow the address that it prints.";

/// How many scores disagree with how their questions ended.
pub fn disagreeing(calibration: &Calibration, at: &WeekLinks<'_>) -> LinkedText {
    LinkedText::default()
        .append(at.linked(number(calibration.disagreeing), at.this_week().disagreeing()))
        .text(" of ")
        .append(at.linked(questions(calibration.scored), at.this_week().scored()))
        .text(" ended otherwise than their score says.")
}

/// One disagreement's figures: `Score 83: quota used up (rated fully covered)`.
pub fn disagreement(example: &Disagreement, columns: usize) -> String {
    let ended = Outcome::from_code(&example.outcome).map(|outcome| outcome_words(Some(outcome)));
    let ended = ended.map_or_else(|| sanitize(&example.outcome, columns), str::to_lowercase);
    let rated = example.match_type.as_ref().map(|code| {
        let known = MatchType::from_code(code).map(|known| coverage_words(known).to_owned());
        format!(" (rated {})", known.unwrap_or_else(|| sanitize(code, columns)))
    });
    format!("Score {}: {ended}{}", decimal(example.score), rated.unwrap_or_default())
}
