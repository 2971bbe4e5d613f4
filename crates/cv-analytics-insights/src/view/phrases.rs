//! Every word that a report says to people, once for every form: counting gives kinds and figures,
//! and these modules say them in English.

pub(crate) mod actions;
pub mod gap_mark_buttons;
pub mod gaps;
pub(super) mod headline;
pub mod refusals;

use std::fmt::Display;

use cv_analytics_core::event::{MatchSource, MatchType, Outcome, Rating};
use cv_analytics_core::timestamp::Timestamp;

use super::context::ViewContext;
use super::links::DEAD_LETTERS_PAGE;
use super::links::text::LinkedText;
use super::text::{
    conversations, counted, day, decimal, last_day, long_date, long_date_with_weekday, number,
    questions, rate, sanitize, share,
};
use crate::model::{
    AfterNoMatch, Calibration, Capture, DeliveryCounts, Disagreement, Feedback, HistoryWeek,
    MatchSources, MatchSummary, NameType, Report, TRUSTED_JOIN_RATE, Trend, Trending, WEEKS,
};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Ended, Halves};

/// From this part of the ratings on, another source is worth a warning: one in five.
const MIN_SOURCE_PART: u128 = 5;
/// Fewer ratings than this say nothing of where they come from.
const MIN_RATINGS: u64 = 20;

/// A question whose answer never arrived, one and many.
pub(super) const QUESTION_WITHOUT_ANSWER: (&str, &str) =
    ("question without an answer", "questions without an answer");
/// An answer whose question never arrived, one and many.
pub const ANSWER_WITHOUT_QUESTION: (&str, &str) =
    ("answer without a question", "answers without a question");
/// A quota, the model or an error stopped the answer, or none arrived.
pub const FAILED_OR_UNANSWERED: &str = "Failed or unanswered";
/// A filter stopped the question, or it came outside the agent's hours.
pub(super) const STOPPED_OR_OUTSIDE_HOURS: &str = "Stopped or outside hours";

/// What to do about refused messages; whose they were is not known.
const REFUSED_TO_DO: &str = " cv-analytics doctor says why, and what to change. If your agent's secrets are right, they \
                             came from another sender.";

/// What a value is called that nobody sent.
pub(super) const NOT_COLLECTED: &str = "not collected";
/// What a value is called that this installation does not count.
pub(super) const NOT_COUNTED: &str = "not counted";

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
pub(super) const fn trend_mark(trend: Trend) -> Option<&'static str> {
    match trend {
        Trend::Rising => Some("↑ rising"),
        Trend::Falling => Some("↓ falling"),
        Trend::New => Some("↑ new"),
        Trend::Gone => Some("↓ gone"),
        Trend::Steady | Trend::TooFew => None,
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
/// that cannot be compared. Repeated deliveries are not a reason: they are left out, and nothing is lost.
pub(super) fn banner(
    capture: &Capture,
    matches: &MatchSummary,
    at: &ViewContext<'_>,
) -> Option<Banner> {
    let missing = missing_halves(capture, at).map(|text| ("Part of this week is missing", text));
    let outside = uncounted_messages(&capture.deliveries, at)
        .map(|text| ("Some messages are not in these figures", text));
    let mut reasons = [missing, outside, other_sources(matches, at)].into_iter().flatten();
    let (title, first) = reasons.next()?;
    let texts = std::iter::once(first).chain(reasons.map(|(_, text)| text));
    Some(Banner { title, text: LinkedText::joined(texts, " ") })
}

/// Questions without an answer and answers without a question, those that there are.
fn lone_halves(capture: &Capture, at: &ViewContext<'_>) -> Vec<LinkedText> {
    let unanswered = at.this_week().outcome(Ended::Unanswered);
    let response_only = at.this_week().half(Halves::ResponseOnly);
    [
        (capture.unanswered, QUESTION_WITHOUT_ANSWER, unanswered),
        (capture.response_only, ANSWER_WITHOUT_QUESTION, response_only),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, (one, many), filter)| at.linked(counted(count, one, many), filter))
    .collect()
}

fn missing_halves(capture: &Capture, at: &ViewContext<'_>) -> Option<LinkedText> {
    capture.join_rate.filter(|rate| *rate < TRUSTED_JOIN_RATE)?;
    let all = counted(capture.interactions(), "interaction", "interactions");
    let parts = [LinkedText::listed(lone_halves(capture, at)), at.linked(all, at.this_week())];
    Some(LinkedText::filled("{}, of {}. The figures below count what arrived.", parts))
}

fn uncounted_messages(deliveries: &DeliveryCounts, at: &ViewContext<'_>) -> Option<LinkedText> {
    let letters = || at.page(DEAD_LETTERS_PAGE);
    let unread = Some(deliveries.dead_letters);
    let parts = [
        (unread, ["could", "could"], "not be read", letters()),
        (deliveries.refused, ["was", "were"], "refused at the door", None),
        (deliveries.conflicts, ["conflicts", "conflict"], "with an earlier copy", None),
        (deliveries.waiting, ["waits", "wait"], "in the dead-letter queue", letters()),
    ];
    let mut texts: Vec<LinkedText> = Vec::new();
    for (count, [one, many], how, link) in parts {
        let Some(count) = count.filter(|count| *count > 0) else { continue };
        let messages = match texts.len() {
            0 => counted(count, "message", "messages"),
            _ => number(count),
        };
        let verb = if count == 1 { one } else { many };
        texts.push(LinkedText::linked(messages, link).text(format!(" {verb} {how}")));
    }
    let are_letters = [unread, deliveries.waiting].into_iter().flatten().any(|count| count > 0);
    let hint =
        if are_letters && !at.has_links() { ": see cv-analytics dead-letters list." } else { "." };
    let was_refused = deliveries.refused.is_some_and(|count| count > 0);
    let to_do = if was_refused { REFUSED_TO_DO } else { "" };
    LinkedText::listed(texts).if_any().map(|texts| texts.text(hint).text(to_do))
}

/// Says that the scores' source changed since last week, or that there are two sources.
fn other_sources(
    matches: &MatchSummary,
    at: &ViewContext<'_>,
) -> Option<(&'static str, LinkedText)> {
    let known = |sources: &MatchSources| {
        let both = sources.model.saturating_add(sources.similarity);
        (both >= MIN_RATINGS).then_some((sources.similarity, both))
    };
    let wide = |(part, all): (u64, u64)| (u128::from(part), u128::from(all));
    let linked = |count: u64, week: Option<QuestionFilter>| {
        at.count_if_any(count, week.map(|week| week.source(MatchSource::Similarity)))
    };
    let now @ (similarity, all) = known(&matches.sources)?;
    let before = matches.previous.as_ref().and_then(|previous| known(&previous.sources));
    let ((part, whole), (part_before, whole_before)) = (wide(now), before.map_or((0, 1), wide));
    let (more, less) = (part * whole_before, part_before * whole);
    let differs = more.abs_diff(less) * MIN_SOURCE_PART >= whole * whole_before;
    let is_mixed = part.min(whole - part) * MIN_SOURCE_PART >= whole;
    let (similarity, all) = (linked(similarity, Some(at.this_week())), number(all).into());
    match before {
        Some((before, all_before)) if differs => {
            let sentence = "{} of {} ratings come from similarity search, {} of {} last week: do not \
                            compare the two weeks' scores.";
            let before = [linked(before, at.week_before()), number(all_before).into()];
            let text = LinkedText::filled(sentence, [similarity, all].into_iter().chain(before));
            Some(("Scores come from another source than last week", text))
        }
        None if is_mixed => {
            let sentence = "{} of {} ratings come from similarity search, the others from the \
                            model: do not compare this week's scores with those of other weeks.";
            let text = LinkedText::filled(sentence, [similarity, all]);
            Some(("Scores come from two sources", text))
        }
        _ => None,
    }
}

/// Where the ratings come from, those sources that there are; `None` where nobody said.
pub(super) fn rated_by(sources: &MatchSources, at: &ViewContext<'_>) -> Option<LinkedText> {
    let MatchSources { model, similarity, unknown } = *sources;
    if model == 0 && similarity == 0 {
        return None;
    }
    let parts = [
        (model, "by the model", MatchSource::Model),
        (similarity, "by similarity search", MatchSource::Similarity),
        (unknown, "by an unknown source", MatchSource::Unknown),
    ];
    let parts = parts.into_iter().filter(|(count, ..)| *count > 0).enumerate();
    let parts = parts.map(|(place, (count, by, source))| {
        let ratings = match place {
            0 => counted(count, "rating", "ratings"),
            _ => number(count),
        };
        at.linked(ratings, at.this_week().source(source)).text(format!(" {by}"))
    });
    Some(LinkedText::joined(parts, ", "))
}

/// How conversations went on after an answer that covered nothing:
/// `24 answers covered nothing: the visitor asked again after 12, and left after 12`.
pub(super) fn after_no_match(after: AfterNoMatch) -> Option<String> {
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

/// Capture health in one line: `Data complete: 99.7% · 1 question without an answer`; `None` for a
/// week with nothing in it.
pub(super) fn data_complete(capture: &Capture, at: &ViewContext<'_>) -> Option<LinkedText> {
    let all = capture.interactions();
    let whole = match share(capture.joined, all).and(capture.join_rate) {
        Some(joined) => rate(joined),
        None if capture.joined == all => "100%".to_owned(),
        None => format!("{} of {}", number(capture.joined), number(all)),
    };
    let whole = at.linked(whole, at.this_week().half(Halves::Both));
    let mut parts = vec![LinkedText::from("Data complete: ").append(whole)];
    parts.extend(lone_halves(capture, at));
    let unread = capture.deliveries.dead_letters;
    if unread > 0 {
        let unread = counted(unread, "unreadable message", "unreadable messages");
        parts.push(LinkedText::linked(unread, at.page(DEAD_LETTERS_PAGE)));
    }
    if let Some(refused) = capture.deliveries.refused.filter(|count| *count > 0) {
        parts.push(counted(refused, "refused message", "refused messages").into());
    }
    (all > 0).then(|| LinkedText::joined(parts, " · "))
}

/// That the week is not over, and that nothing happened.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let open = (!report.closed).then(|| {
        let until = last_day(&report.to).map(|day| format!(" until {}", long_date(day)));
        let until = until.unwrap_or_default();
        format!("This week is still open{until}: the figures cover what has arrived so far.")
    });
    let ask = "If you expected questions, ask your agent one yourself and see whether it arrives.";
    open.into_iter().chain(report.is_empty().then(|| ask.to_owned())).collect()
}

/// How often a name that moved was asked for: `20 conversations, 14 last week (about 9.4 would be usual)`.
pub(super) fn moved(moved: &Trending, history: &[HistoryWeek]) -> String {
    let now = conversations(moved.conversations);
    let is_known = history.iter().rev().nth(1).is_some_and(|week| week.figures.is_some());
    let last = if is_known { "last week" } else { "before" };
    let previous = number(moved.previous);
    let expected =
        moved.expected.map(|expected| format!(" (about {} would be usual)", decimal(expected)));
    match moved.trend {
        Trend::New => format!("{now}, none in {}", weeks_before(history)),
        Trend::Gone => format!("nobody asked, {previous} {last}"),
        _ => format!("{now}, {previous} {last}{}", expected.unwrap_or_default()),
    }
}

/// The weeks with which this one is compared: `the seven weeks before`.
fn weeks_before(history: &[HistoryWeek]) -> String {
    match history.iter().rev().skip(1).filter(|week| week.figures.is_some()).count() {
        0 => "the weeks before".to_owned(),
        1 => "the one earlier week with data".to_owned(),
        all if all + 1 >= usize::from(WEEKS) => "the seven weeks before".to_owned(),
        some => format!("the {some} earlier weeks with data"),
    }
}

/// The weeks that the report looks at, this one included: `eight weeks`.
pub(super) fn weeks_looked_at(history: &[HistoryWeek]) -> String {
    match history.iter().filter(|week| week.figures.is_some()).count() {
        0 | 1 => "the one week with data".to_owned(),
        all if all >= usize::from(WEEKS) => "eight weeks".to_owned(),
        some => format!("the {some} weeks with data"),
    }
}

/// `95 last week`, with its questions.
pub(super) fn last_week(
    figure: impl Display,
    at: &ViewContext<'_>,
    filter: impl FnOnce(QuestionFilter) -> QuestionFilter,
) -> LinkedText {
    at.linked(format!("{figure} last week"), at.week_before().map(filter))
}

/// The names that share a row: `312 other skills`.
pub(super) fn other_names(names: u64, name_type: NameType) -> String {
    match name_type {
        NameType::Skill => counted(names, "other skill", "other skills"),
        NameType::Topic => counted(names, "other topic", "other topics"),
    }
}

/// ` in 26 conversations`; nothing where each question is its own conversation.
pub(super) fn in_conversations(questions: u64, of: u64) -> String {
    if questions == of { String::new() } else { format!(" in {}", conversations(of)) }
}

/// Why nothing moved, where nothing did; `compares` where anything is known of an earlier week.
pub(super) fn nothing_moved(trending: &[Trending], compares: bool) -> Option<&'static str> {
    match compares {
        _ if trending.iter().any(|moved| moved.trend.moved()) => None,
        true => Some("Nothing rose or fell by more than chance."),
        false => Some("There is no earlier week to compare with."),
    }
}

/// The weeks of a sparkline in words.
pub(super) fn weeks(weeks: &[Option<u64>]) -> String {
    let weeks: Vec<_> =
        weeks.iter().map(|week| week.map_or("no data".to_owned(), number)).collect();
    weeks.join(", ")
}

/// When the next report comes.
pub(super) fn next_report(at: Timestamp) -> Option<String> {
    let day = day(&at.to_string())?;
    Some(format!("Next report: {}.", long_date_with_weekday(day)))
}

/// The label of the link to everything that a mail leaves out.
pub(super) fn see_all(all: usize, shown: usize) -> String {
    if all > shown {
        format!("See all {} actions", number(u64::try_from(all).unwrap_or(u64::MAX)))
    } else {
        "Open the week on your dashboard".to_owned()
    }
}

/// How to open the dashboard, where nobody knows its address.
pub(super) const OPEN_DASHBOARD: &str = "To see everything, and the questions behind each number, open \
     your dashboard: run cv-analytics serve and follow the address that it prints.";

/// What visitors said: `12 thumbs up, 3 down, 1 of them on an answer that the agent rated fully covered`.
pub(super) fn thumbs(feedback: &Feedback, at: &ViewContext<'_>) -> LinkedText {
    let rated = |rating| at.this_week().rating(rating);
    let thumbs = if feedback.up == 1 { " thumb up, " } else { " thumbs up, " };
    let up = at.count_if_any(feedback.up, rated(Rating::Up)).text(thumbs);
    let text = up.append(at.count_if_any(feedback.down, rated(Rating::Down))).text(" down");
    let though = feedback.down_though_covered;
    if though == 0 {
        return text;
    }
    let answers = if though == 1 { "an answer" } else { "answers" };
    text.text(", ")
        .append(at.count(though, rated(Rating::Down).coverage(MatchType::Full)))
        .text(format!(" of them on {answers} that the agent rated fully covered"))
}

/// Whether visitors agree with the agent: `1 of 9 answers that it rated fully covered got a thumbs down`.
pub(super) fn thumbs_on_covered(feedback: &Feedback, at: &ViewContext<'_>) -> Option<LinkedText> {
    let (covered, down) = (feedback.covered, feedback.down_though_covered);
    let rated_down = at.this_week().rating(Rating::Down).coverage(MatchType::Full);
    let answers = counted(covered, "rated answer", "rated answers");
    let parts = [at.count_if_any(down, rated_down), answers.into()];
    let text = "Visitors: {} of {} that the agent called fully covered got a thumbs down.";
    (covered > 0).then(|| LinkedText::filled(text, parts))
}

/// How many scores disagree with how their questions ended.
pub(super) fn disagreeing(calibration: &Calibration, at: &ViewContext<'_>) -> LinkedText {
    let disagreeing = at.count(calibration.disagreeing, at.this_week().disagreeing());
    let scored = at.linked(questions(calibration.scored), at.this_week().scored());
    LinkedText::filled("For {} of {} the score and the outcome disagree.", [disagreeing, scored])
}

/// One disagreement's figures: `Score 83: quota used up (rated fully covered)`.
pub(super) fn disagreement(example: &Disagreement, columns: usize) -> String {
    let ended = Outcome::from_code(&example.outcome).map(|outcome| outcome_words(Some(outcome)));
    let ended = ended.map_or_else(|| sanitize(&example.outcome, columns), str::to_lowercase);
    let rated = example.match_type.as_ref().map(|code| {
        let known = MatchType::from_code(code).map(|known| coverage_words(known).to_owned());
        format!(" (rated {})", known.unwrap_or_else(|| sanitize(code, columns)))
    });
    format!("Score {}: {ended}{}", decimal(example.score), rated.unwrap_or_default())
}
