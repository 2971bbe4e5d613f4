//! Figures of the week: how many asked, how well they were covered, how their handling ended, how long
//! it took, and how much of that was captured.

use cv_analytics_core::event::{MatchType, Outcome, Traffic};
use serde::Serialize;

use super::context::ViewContext;
use super::links::DEAD_LETTERS_PAGE;
use super::links::text::LinkedText;
use super::phrases::{self as say, coverage_words, outcome_words};
use super::text::{bar_share, conversations, counted, duration, number, rate, sanitize, share};
use crate::model::{Capture, Latency, MatchSummary, Outcomes, Provenance, Report};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Coverage, Ended, Halves, Handled, LeftOut};

/// Fewer latencies than this have no percentiles worth the name.
const MIN_SAMPLES_FOR_PERCENTILES: u64 = 20;
/// Columns of the input hash that a person compares.
const HASH_COLUMNS: usize = 19;

/// A figure, its name, and what stands beside it in lower case.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What it counts.
    pub name: &'static str,
    /// The number, or that it was not collected.
    pub value: String,
    /// What stands beside it.
    pub note: Option<LinkedText>,
    /// The questions that it counts.
    pub link: Option<String>,
}

impl Figure {
    fn new(name: &'static str, value: String, link: Option<String>) -> Self {
        Self { name, value, note: None, link }
    }

    /// With the parts that there are beside it.
    fn note(self, parts: impl IntoIterator<Item = Option<LinkedText>>) -> Self {
        let note = LinkedText::joined(parts.into_iter().flatten(), "; ").if_any();
        Self { note, ..self }
    }
}

/// A part of the covered questions.
#[derive(Clone, Debug, Serialize)]
pub struct CoveragePart {
    /// `full`, `partial` or `none`.
    pub kind: &'static str,
    /// The part of the bar's width, percent; 0 where nothing is drawn.
    pub width: u64,
    /// `fully covered`: how many, with the share in percent and the number of the week before where they are known.
    #[serde(flatten)]
    pub figure: Figure,
}

/// The week in three numbers: how many asked, how well they were covered, how many got no answer.
pub(super) fn totals(report: &Report, at: &ViewContext<'_>) -> Vec<Figure> {
    let Report { capture, matches, outcomes, .. } = report;
    let before = report.last_week();
    let asked = |week: QuestionFilter| week.half(Halves::Query);
    let asked_before = before.map(|figures| say::last_week(number(figures.queries), at, asked));
    let in_conversations = format!("in {}", conversations(report.conversations)).into();

    let mean = matches.this_week.mean_score;
    let mean_before = matches.previous.as_ref().and_then(|previous| previous.counts.mean_score);
    let mean_before = mean.and(mean_before);
    let mean_before =
        mean_before.map(|mean| say::last_week(format!("{mean:.1}"), at, QuestionFilter::scored));
    let score = mean.map_or_else(|| say::NOT_COLLECTED.to_owned(), |mean| format!("{mean:.1}"));

    let failed = |week: QuestionFilter| week.handled(Handled::Failed);
    let faults = outcomes.faults();
    let of_all = share(faults, report.provenance.interactions).filter(|_| faults > 0);
    let faults_before =
        before.map(|figures| say::last_week(number(figures.outcomes.faults()), at, failed));
    let link = |is_any: bool, filter: fn(QuestionFilter) -> QuestionFilter| {
        at.questions(is_any.then(|| filter(at.this_week())))
    };
    vec![
        Figure::new("Questions", number(capture.queries), link(true, asked))
            .note([Some(in_conversations), asked_before]),
        Figure::new("Match score", score, link(mean.is_some(), QuestionFilter::scored))
            .note([mean.map(|_| "of 100".into()), mean_before]),
        Figure::new(say::FAILED_OR_UNANSWERED, number(faults), link(faults > 0, failed))
            .note([of_all.map(LinkedText::from), faults_before]),
    ]
}

/// How well the questions were covered; empty where no match type is known.
pub(super) fn coverage(matches: &MatchSummary, at: &ViewContext<'_>) -> Vec<CoveragePart> {
    let whole = matches.this_week.rated();
    if whole == 0 {
        return Vec::new();
    }
    let part = |&kind: &MatchType| {
        let value = matches.this_week.count(kind);
        let before = matches.previous.as_ref().map(|previous| {
            let before = number(previous.counts.count(kind));
            say::last_week(before, at, |week| week.coverage(kind))
        });
        let link = at.questions(at.this_week().coverage(kind));
        let figure = Figure::new(coverage_words(kind), number(value), link);
        CoveragePart {
            kind: kind.code(),
            width: if value == 0 { 0 } else { bar_share(value, whole, 100).max(2) },
            figure: figure.note([share(value, whole).map(LinkedText::from), before]),
        }
    };
    MatchType::ALL.iter().map(part).collect()
}

/// What the coverage leaves out.
pub(super) fn coverage_note(rated: u64, all: u64, at: &ViewContext<'_>) -> LinkedText {
    if rated == 0 {
        return "How well the answers covered the questions was not collected.".into();
    }
    let interactions = at.linked(counted(all, "interaction", "interactions"), at.this_week());
    if rated >= all {
        return LinkedText::filled("Your agent rated all {}.", [interactions]);
    }
    let rated = at.count(rated, at.this_week().coverage(Coverage::AnyRating));
    LinkedText::filled("Your agent rated {} of {}.", [rated, interactions])
}

/// How the handlings ended: answered always, the others where there are any.
pub(super) fn outcomes(outcomes: &Outcomes, at: &ViewContext<'_>) -> Vec<Figure> {
    let ended = Outcome::ALL.iter().map(|outcome| Some(*outcome)).chain([None]);
    ended
        .map(|outcome| (outcome, outcomes.count(outcome)))
        .filter(|(outcome, count)| *count > 0 || *outcome == Some(Outcome::Answered))
        .map(|(outcome, count)| {
            let link = at.questions(at.this_week().outcome(outcome));
            Figure::new(outcome_words(outcome), number(count), link)
        })
        .collect()
}

/// How long the answers took; each time opens those that took as long or longer.
pub(super) fn latency(latency: &Latency, at: &ViewContext<'_>) -> Vec<Figure> {
    let (Some(p50), Some(p95), Some(p99)) = (latency.p50, latency.p95, latency.p99) else {
        return Vec::new();
    };
    let figure = |name, took_ms| {
        let link = at.questions(at.this_week().took_from(took_ms));
        Figure::new(name, duration(took_ms), link)
    };
    if latency.samples < MIN_SAMPLES_FOR_PERCENTILES {
        return vec![figure("Median", p50), figure("slowest", p99)];
    }
    vec![figure("Median", p50), figure("p95", p95), figure("p99", p99)]
}

/// Figures in one line: `Median 881 ms · p95 3.1 s`.
pub(super) fn line(figures: &[Figure]) -> Option<LinkedText> {
    let figures = figures.iter().map(|figure| {
        let name = format!("{} ", figure.name);
        LinkedText::from(name).link(figure.value.clone(), figure.link.clone())
    });
    LinkedText::joined(figures, " · ").if_any()
}

/// Capture health and deliveries; of a week with nothing in it only what was unreadable or refused.
pub(super) fn capture(capture: &Capture, at: &ViewContext<'_>) -> Vec<Figure> {
    let deliveries = &capture.deliveries;
    let unread = deliveries.dead_letters;
    let dead_letters =
        Figure::new("Unreadable messages", number(unread), at.page(DEAD_LETTERS_PAGE))
            .note([(unread > 0).then(|| "Saved as received. They block nothing.".into())]);
    let plain = |name, count: Option<u64>| {
        let count = count.map_or_else(|| say::NOT_COUNTED.to_owned(), number);
        Figure::new(name, count, None)
    };
    let refused = plain("Refused messages", deliveries.refused);
    let all = capture.interactions();
    if all == 0 {
        let is_any = [Some(unread), deliveries.refused].map(|count| count.is_some_and(|n| n > 0));
        let figures = [dead_letters, refused].into_iter().zip(is_any);
        return figures.filter_map(|(figure, is_any)| is_any.then_some(figure)).collect();
    }
    let of_all = share(capture.joined, all).and(capture.join_rate).map(|joined| {
        LinkedText::filled("{} of {}", [rate(joined).into(), at.count(all, at.this_week())])
    });
    let own = (capture.without_session > 0).then(|| "each counts as a conversation".into());
    let figure = |name, count: u64, filter| Figure::new(name, number(count), at.questions(filter));
    let week = || at.this_week();
    let mut figures = vec![
        figure("Questions", capture.queries, week().half(Halves::Query)),
        figure("Answers", capture.responses, week().half(Halves::Response)),
        figure("Questions with their answer", capture.joined, week().half(Halves::Both))
            .note([of_all]),
        figure(
            "Questions without an answer",
            capture.unanswered,
            week().outcome(Ended::Unanswered),
        ),
        figure(
            "Answers without a question",
            capture.response_only,
            week().half(Halves::ResponseOnly),
        ),
        figure("Without a session", capture.without_session, week().without_session()).note([own]),
        plain("Names ignored", Some(capture.ignored_names)),
        plain("Duplicates ignored", deliveries.duplicates),
        plain("Conflicts", deliveries.conflicts),
        dead_letters,
        refused,
    ];
    let waiting = deliveries.waiting.map(Some);
    figures.extend(waiting.map(|waiting| plain("In the dead-letter queue now", waiting)));
    let feedback = Some(deliveries.feedback_waiting).filter(|count| *count > 0);
    figures.extend(feedback.map(|count| plain("Feedback waiting for its question", Some(count))));
    figures
}

/// What the figures were made from.
pub(super) fn provenance(provenance: &Provenance, at: &ViewContext<'_>) -> Vec<LinkedText> {
    let made = counted(provenance.interactions, "interaction", "interactions");
    let fingerprint = format!(
        "Input {} · cv-analytics {}",
        sanitize(&provenance.input_hash, HASH_COLUMNS),
        sanitize(&provenance.version, 20)
    );
    let parts = [at.linked(made, at.this_week()), left_out(provenance, at)];
    vec![LinkedText::filled("Made from {}; {}.", parts), fingerprint.into()]
}

/// How many interactions do not count, and why.
fn left_out(provenance: &Provenance, at: &ViewContext<'_>) -> LinkedText {
    let by = &provenance.excluded_by;
    let filter = |reason| at.this_week().left_out(reason);
    if provenance.excluded == 0 {
        return "none left out".into();
    }
    let reasons: Vec<LinkedText> = [
        (by.own, LeftOut::Traffic(Traffic::Own), "of your tests"),
        (by.bots, LeftOut::Traffic(Traffic::Bot), "of known bots"),
        (by.canaries, LeftOut::Traffic(Traffic::Canary), "of this program's own checks"),
        (by.listed, LeftOut::Listed, "that you exclude"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, reason, what)| at.linked(format!("{} {what}", number(count)), filter(reason)))
    .collect();
    let left_out = at.count(provenance.excluded, filter(LeftOut::Any));
    if reasons.is_empty() {
        // A report of an earlier version does not know why.
        return left_out.text(" left out (tests, known bots, and what you exclude)");
    }
    LinkedText::filled("{} left out: {}", [left_out, LinkedText::listed(reasons)])
}
