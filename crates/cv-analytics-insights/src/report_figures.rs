//! The figures of a report with their names and notes, as lists to lay out, each with the questions
//! that it counts.

use cv_analytics_core::event::Outcome;
use serde::Serialize;

use crate::handling_words::outcome_words;
use crate::linked_text::{LinkedText, Piece};
use crate::model::{Capture, Provenance, Report, WeekFigures};
use crate::questions::filter::{Opens, QuestionFilter};
use crate::report_sentences::all_interactions;
use crate::report_words::{counted, duration, foreign, number, rate, share};

/// Fewer latencies than this have no percentiles worth the name.
const PERCENTILES_FROM: u64 = 20;
/// Characters of the input hash that a person compares.
const HASH: usize = 19;

const NOT_COLLECTED: &str = "not collected";
const NOT_COUNTED: &str = "not counted";

/// A figure, its name, and what stands beside it in small letters.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What it counts.
    pub name: &'static str,
    /// The number, or that it was not collected.
    pub value: String,
    /// What stands beside it.
    pub note: Option<String>,
    /// The same in pieces.
    pub note_pieces: Vec<Piece>,
    /// What the number opens on the dashboard.
    #[serde(skip)]
    pub opens: Option<Opens>,
    /// The link to that, where there is a dashboard.
    pub link: Option<String>,
    #[serde(skip)]
    beside: LinkedText,
}

impl Figure {
    fn new(name: &'static str, value: String) -> Self {
        let beside = LinkedText::default();
        Self { name, value, note: None, note_pieces: Vec::new(), opens: None, link: None, beside }
    }

    fn opens(mut self, opens: impl Into<Opens>) -> Self {
        self.opens = Some(opens.into());
        self
    }

    /// What is not known opens nothing.
    fn opens_if(self, is_known: bool, opens: QuestionFilter) -> Self {
        if is_known { self.opens(opens) } else { self }
    }

    fn beside(mut self, note: LinkedText) -> Self {
        self.note = note.words();
        self.beside = note;
        self
    }

    /// The figure with its links.
    #[must_use]
    pub fn linked(mut self, link: impl Fn(&Opens) -> Option<String>) -> Self {
        self.link = self.opens.as_ref().and_then(&link);
        self.note_pieces = std::mem::take(&mut self.beside).pieces(link);
        self
    }
}

/// The figures of the week before, where it has data.
fn week_before(report: &Report) -> Option<&WeekFigures> {
    report.history.iter().rev().nth(1)?.figures.as_ref()
}

/// The large numbers.
pub fn totals(report: &Report) -> Vec<Figure> {
    let all = || QuestionFilter::of_week(&report.week);
    let unanswered = match report.capture.unanswered {
        _ if report.capture.queries == 0 => None,
        0 => Some(LinkedText::plain("each with an answer")),
        count => {
            let text = format!("{} without an answer", number(count));
            Some(LinkedText::opening(text, all().outcome("unanswered")))
        }
    };
    // `355 the week before`
    let before = |figure: Option<String>, filter: fn(QuestionFilter) -> QuestionFilter| {
        let week = QuestionFilter::of_week_before(&report.week).map(filter);
        figure.map(|figure| LinkedText::opening(format!("{figure} the week before"), week))
    };
    let figures = week_before(report);
    let queries = figures.map(|before| number(before.queries));
    let sessions = figures.and_then(|before| before.sessions).map(number);
    let mean = |score: f64| format!("{score:.1}");
    let mean_before = report.matches.previous.as_ref().and_then(|counts| counts.mean_score);
    let score = report.matches.this_week.mean_score;
    let note =
        |parts: [Option<LinkedText>; 2]| LinkedText::joined(parts.into_iter().flatten(), "; ");
    let or_not = |figure: Option<String>| figure.unwrap_or_else(|| NOT_COLLECTED.to_owned());
    vec![
        Figure::new("Questions", number(report.capture.queries))
            .opens(all().half("query"))
            .beside(note([unanswered, before(queries, |week| week.half("query"))])),
        Figure::new("Conversations", or_not(report.sessions.map(number)))
            .opens_if(report.sessions.is_some(), all().in_a_session())
            .beside(note([before(sessions, QuestionFilter::in_a_session), None])),
        Figure::new("Match score", or_not(score.map(mean)))
            .opens_if(score.is_some(), all().scored())
            .beside(note([
                score.map(|_| LinkedText::plain("of 100")),
                before(score.and(mean_before).map(mean), QuestionFilter::scored),
            ])),
    ]
}

/// What the bar of covered questions leaves out.
pub fn coverage_note(report: &Report) -> LinkedText {
    let filter = || QuestionFilter::of_week(&report.week);
    let rated = report.matches.this_week.rated();
    let all = report.provenance.interactions;
    if rated == 0 {
        return LinkedText::plain("How well the answers covered the questions was not collected.");
    }
    let interactions = LinkedText::opening(counted(all, "interaction", "interactions"), filter());
    let unanswered = report.outcomes.unanswered;
    let unrated = all.saturating_sub(rated).saturating_sub(unanswered);
    let rated = match all.saturating_sub(rated) {
        0 => LinkedText::plain("Your agent rated all ").then(interactions),
        _ => LinkedText::plain("Your agent rated ")
            .open(number(rated), filter().coverage("rated"))
            .say(" of ")
            .then(interactions),
    };
    let mut parts = vec![rated];
    for (count, one, many, filter) in [
        (unanswered, "has no answer", "have no answer", filter().outcome("unanswered")),
        (unrated, "came without a rating", "came without a rating", filter().coverage("unrated")),
    ] {
        if count > 0 {
            parts.push(LinkedText::opening(counted(count, one, many), filter));
        }
    }
    LinkedText::joined(parts, "; ").say(".")
}

/// How the handlings ended: answered always, the others where there are any.
pub fn outcomes(report: &Report) -> Vec<Figure> {
    let ended = Outcome::ALL.iter().map(|outcome| Some(*outcome)).chain([None]);
    ended
        .map(|outcome| (outcome, report.outcomes.count(outcome)))
        .filter(|(outcome, count)| *count > 0 || *outcome == Some(Outcome::Answered))
        .map(|(outcome, count)| {
            let code = outcome.map_or("unanswered", Outcome::code);
            Figure::new(outcome_words(outcome), number(count))
                .opens(QuestionFilter::of_week(&report.week).outcome(code))
        })
        .collect()
}

/// How long the answers took; each time opens those that took as long or longer.
pub fn latency(report: &Report) -> Vec<Figure> {
    let latency = &report.latency_ms;
    let (Some(p50), Some(p95), Some(p99)) = (latency.p50, latency.p95, latency.p99) else {
        return Vec::new();
    };
    let figure = |name, took_ms| {
        Figure::new(name, duration(took_ms))
            .opens(QuestionFilter::of_week(&report.week).took_from(took_ms))
    };
    let half = figure("Half of the answers within", p50);
    if latency.samples < PERCENTILES_FROM {
        return vec![half, figure("The slowest took", p99)];
    }
    vec![half, figure("95 of 100 within", p95), figure("99 of 100 within", p99)]
}

/// Capture health and deliveries; of a week with nothing in it only what could not be read.
pub fn capture(report: &Report) -> Vec<Figure> {
    let Capture { queries, responses, joined, unanswered, response_only, deliveries, .. } =
        &report.capture;
    let filter = || QuestionFilter::of_week(&report.week);
    let counted = |count: Option<u64>| count.map_or(NOT_COUNTED.to_owned(), number);
    let mut dead_letters =
        Figure::new("Messages that could not be read", number(deliveries.dead_letters))
            .opens(Opens::DeadLetters);
    if deliveries.dead_letters > 0 {
        let kept = "kept whole: cv-analytics dead-letters list";
        dead_letters = dead_letters.beside(LinkedText::plain(kept));
    }
    if report.is_empty() {
        return if deliveries.dead_letters > 0 { vec![dead_letters] } else { Vec::new() };
    }
    let all = all_interactions(&report.capture);
    let rate = share(*joined, all).and(report.capture.join_rate).map(rate);
    let of_all = rate.map(|rate| LinkedText::plain(format!("{rate} of ")));
    let of_all = of_all.map(|rate| rate.open(number(all), filter()));
    vec![
        Figure::new("Questions", number(*queries)).opens(filter().half("query")),
        Figure::new("Answers", number(*responses)).opens(filter().half("response")),
        Figure::new("Question and answer joined", number(*joined))
            .opens(filter().half("both"))
            .beside(of_all.unwrap_or_default()),
        Figure::new("Questions without an answer", number(*unanswered))
            .opens(filter().outcome("unanswered")),
        Figure::new("Answers without a question", number(*response_only))
            .opens(filter().half("response-only")),
        Figure::new("Repeated deliveries, left out", counted(deliveries.duplicates)),
        Figure::new("Deliveries that contradict an earlier one", counted(deliveries.conflicts)),
        dead_letters,
    ]
}

/// What the figures were made from.
pub fn provenance(report: &Report) -> Vec<LinkedText> {
    let provenance = &report.provenance;
    let made = counted(provenance.interactions, "interaction", "interactions");
    let fingerprint = format!(
        "Fingerprint of the input {} · cv-analytics {}",
        foreign(&provenance.input_hash, HASH),
        foreign(&provenance.version, 20)
    );
    vec![
        LinkedText::plain("Made from ")
            .open(made, QuestionFilter::of_week(&report.week))
            .say("; ")
            .then(left_out(provenance, &report.week))
            .say("."),
        LinkedText::plain(fingerprint),
    ]
}

/// How many interactions do not count, and why.
fn left_out(provenance: &Provenance, week: &str) -> LinkedText {
    let by = &provenance.excluded_by;
    let filter = |code| QuestionFilter::of_week(week).left_out(code);
    let all = provenance.excluded;
    if all == 0 {
        return LinkedText::plain("none left out");
    }
    let reasons: Vec<LinkedText> = [
        (by.own, "own", "of your own tests"),
        (by.bots, "bot", "of known bots"),
        (by.canaries, "canary", "of this program’s own checks"),
        (by.listed, "listed", "that you exclude"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, code, what)| {
        LinkedText::opening(format!("{} {what}", number(count)), filter(code))
    })
    .collect();
    let left_out = LinkedText::opening(number(all), filter("any"));
    if reasons.is_empty() {
        // A report of an earlier version does not know why.
        return left_out.say(" left out (tests, known bots, and what you exclude)");
    }
    left_out.say(" left out: ").then(LinkedText::listed(reasons))
}
