//! What the week comes to: in a sentence, and in a few words for a subject line.

use cv_analytics_core::event::MatchType;

use super::actions::ActionWords;
use super::{FAILED_OR_UNANSWERED, STOPPED_OR_OUTSIDE_HOURS, coverage_words};
use crate::model::{MatchCounts, Outcomes, Report};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Halves, Handled};
use crate::view::context::ViewContext;
use crate::view::links::DEAD_LETTERS_PAGE;
use crate::view::links::text::LinkedText;
use crate::view::text::{conversations, counted, questions};

/// Columns of a name in a subject line.
const NEWS_COLUMNS: usize = 24;

/// The headline: the week's first action, else single questions that went badly.
pub(in crate::view) fn headline(
    report: &Report,
    first: Option<&ActionWords<'_>>,
    at: &ViewContext<'_>,
) -> LinkedText {
    if report.is_empty() {
        return empty_week(report, at);
    }
    if let Some(first) = first {
        return first.headline();
    }
    let asked = at.linked(questions(report.capture.queries), at.this_week().half(Halves::Query));
    let asked = asked.text(format!(" in {}", conversations(report.conversations)));
    let badly =
        handled_badly(&report.matches.this_week, &report.outcomes).map(|(count, how, filter)| {
            at.count(count, filter(at.this_week())).text(format!(" {}", how.to_lowercase()))
        });
    match LinkedText::listed(badly.collect()).if_any() {
        Some(badly) => LinkedText::filled("Nothing stands out in {}: {}.", [asked, badly]),
        None => LinkedText::filled("Nothing to do: {}, and nothing went wrong.", [asked]),
    }
}

/// The headline in a few words; `None` where there is no news.
pub(in crate::view) fn news(report: &Report, first: Option<&ActionWords<'_>>) -> String {
    match first {
        _ if report.is_empty() => "no questions".to_owned(),
        Some(first) => first.news(NEWS_COLUMNS),
        None => {
            let badly = handled_badly(&report.matches.this_week, &report.outcomes).next().is_some();
            let lead = if badly { "nothing stands out" } else { "nothing to do" };
            format!("{lead}, {}", questions(report.capture.queries))
        }
    }
}

type Narrowed = fn(QuestionFilter) -> QuestionFilter;

/// How many questions went badly in each way, those that there are.
fn handled_badly(
    matches: &MatchCounts,
    outcomes: &Outcomes,
) -> impl Iterator<Item = (u64, &'static str, Narrowed)> + use<> {
    let ways: [(u64, &str, Narrowed); 4] = [
        (matches.none, coverage_words(MatchType::None), |week| week.coverage(MatchType::None)),
        (matches.partial, coverage_words(MatchType::Partial), |week| {
            week.coverage(MatchType::Partial)
        }),
        (outcomes.faults(), FAILED_OR_UNANSWERED, |week| week.handled(Handled::Failed)),
        (outcomes.responses.refused(), STOPPED_OR_OUTSIDE_HOURS, |week| {
            week.handled(Handled::Refused)
        }),
    ];
    ways.into_iter().filter(|(count, ..)| *count > 0)
}

fn empty_week(report: &Report, at: &ViewContext<'_>) -> LinkedText {
    let deliveries = &report.capture.deliveries;
    let (unread, refused) = (deliveries.dead_letters, deliveries.refused.unwrap_or_default());
    let before = report.last_week().map_or(0, |figures| figures.queries);
    if unread > 0 {
        let messages = counted(unread, "message", "messages");
        let messages = LinkedText::linked(messages, at.page(DEAD_LETTERS_PAGE));
        let sentence = "Nothing could be counted this week: {} could not be read.";
        LinkedText::filled(sentence, [messages])
    } else if refused > 0 {
        let messages = counted(refused, "message was", "messages were");
        format!("Nothing could be counted this week: {messages} refused.").into()
    } else if !report.closed {
        "Nobody has asked your agent anything this week yet.".into()
    } else if before > 0 {
        let before =
            at.linked(questions(before), at.week_before().map(|week| week.half(Halves::Query)));
        let sentence = "Nobody asked your agent anything this week, after {} last week.";
        LinkedText::filled(sentence, [before])
    } else {
        "A quiet week: nobody asked your agent anything.".into()
    }
}
