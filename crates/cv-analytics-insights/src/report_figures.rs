//! The figures of a report with their names and notes, as lists to lay out.

use serde::Serialize;

use crate::report::{Capture, Latency, Outcomes, Provenance, Report};
use crate::report_sentences::all_interactions;
use crate::report_words::{counted, duration, foreign, listed, number, rate, share};

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
    /// What it opens on the dashboard.
    #[serde(skip)]
    pub opens: Opens,
    /// The link to that, where there is a dashboard.
    pub link: Option<String>,
}

/// The page of the dashboard behind a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// The page of the week.
    Week,
    /// The week's questions.
    Questions,
    /// Those with this match type.
    Match(&'static str),
    /// Those that ended so.
    Outcome(&'static str),
    /// The messages that could not be read.
    DeadLetters,
}

impl Figure {
    fn new(name: &'static str, value: String, note: Option<String>) -> Self {
        Self { name, value, note, opens: Opens::Week, link: None }
    }

    const fn opens(mut self, opens: Opens) -> Self {
        self.opens = opens;
        self
    }
}

/// The large numbers.
pub fn totals(report: &Report) -> Vec<Figure> {
    let capture = &report.capture;
    let unanswered = match capture.unanswered {
        0 => "each with an answer".to_owned(),
        unanswered => format!("{} without an answer", number(unanswered)),
    };
    let score = report.matches.this_week.mean_score;
    let score_before = report.matches.previous.as_ref().and_then(|counts| counts.mean_score);
    vec![
        Figure::new(
            "Questions",
            number(capture.queries),
            (capture.queries > 0).then_some(unanswered),
        )
        .opens(Opens::Questions),
        Figure::new(
            "Conversations",
            report.sessions.map_or(NOT_COLLECTED.to_owned(), number),
            None,
        ),
        Figure::new(
            "Match score",
            score.map_or(NOT_COLLECTED.to_owned(), |score| format!("{score:.1}")),
            score.map(|_| match score_before {
                Some(before) => format!("of 100; {before:.1} the week before"),
                None => "of 100".to_owned(),
            }),
        ),
    ]
}

/// What the bar of covered questions leaves out.
pub fn coverage_note(report: &Report) -> String {
    let counts = &report.matches.this_week;
    let rated = counts.full.saturating_add(counts.partial).saturating_add(counts.none);
    let all = report.provenance.interactions;
    if rated == 0 {
        return "How well the answers covered the questions was not collected.".to_owned();
    }
    let interactions = counted(all, "interaction", "interactions");
    let unanswered = report.outcomes.unanswered;
    let unrated = all.saturating_sub(rated).saturating_sub(unanswered);
    let rated = match all.saturating_sub(rated) {
        0 => format!("Your agent rated all {interactions}"),
        _ => format!("Your agent rated {} of {interactions}", number(rated)),
    };
    let mut parts = vec![rated];
    for (count, one, many) in [
        (unanswered, "has no answer", "have no answer"),
        (unrated, "came without a rating", "came without a rating"),
    ] {
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    parts.join("; ") + "."
}

/// How the handlings ended: answered always, the others where there are any.
pub fn outcomes(outcomes: &Outcomes) -> Vec<Figure> {
    [
        ("Answered", outcomes.answered, "answered"),
        ("Nothing matched", outcomes.no_match, "no_match"),
        ("Refused by a filter", outcomes.blocked, "blocked"),
        ("Asked outside hours", outcomes.off_hours, "off_hours"),
        ("Quota used up", outcomes.quota, "quota"),
        ("The model failed", outcomes.ai_error, "ai_error"),
        ("Other errors", outcomes.error, "error"),
        ("No answer arrived", outcomes.unanswered, "unanswered"),
    ]
    .into_iter()
    .filter(|(_, count, code)| *count > 0 || *code == "answered")
    .map(|(name, count, code)| Figure::new(name, number(count), None).opens(Opens::Outcome(code)))
    .collect()
}

/// How long the answers took.
pub fn latency(latency: &Latency) -> Vec<Figure> {
    let (Some(p50), Some(p95), Some(p99)) = (latency.p50, latency.p95, latency.p99) else {
        return Vec::new();
    };
    let half = Figure::new("Half of the answers within", duration(p50), None);
    if latency.samples < PERCENTILES_FROM {
        return vec![half, Figure::new("The slowest took", duration(p99), None)];
    }
    vec![
        half,
        Figure::new("95 of 100 within", duration(p95), None),
        Figure::new("99 of 100 within", duration(p99), None),
    ]
}

/// Capture health and deliveries; of a week with nothing in it only what could not be read.
pub fn capture(report: &Report) -> Vec<Figure> {
    let Capture { queries, responses, joined, unanswered, response_only, deliveries, .. } =
        &report.capture;
    let counted = |count: Option<u64>| count.map_or(NOT_COUNTED.to_owned(), number);
    let dead_letters = Figure::new(
        "Messages that could not be read",
        number(deliveries.dead_letters),
        (deliveries.dead_letters > 0)
            .then(|| "kept whole: cv-analytics dead-letters list".to_owned()),
    )
    .opens(Opens::DeadLetters);
    if report.is_empty() {
        return if deliveries.dead_letters > 0 { vec![dead_letters] } else { Vec::new() };
    }
    let all = all_interactions(&report.capture);
    let joined_share = share(*joined, all).and(report.capture.join_rate).map(rate);
    vec![
        Figure::new("Questions", number(*queries), None).opens(Opens::Questions),
        Figure::new("Answers", number(*responses), None),
        Figure::new(
            "Question and answer joined",
            number(*joined),
            joined_share.map(|rate| format!("{rate} of {}", number(all))),
        ),
        Figure::new("Questions without an answer", number(*unanswered), None)
            .opens(Opens::Outcome("unanswered")),
        Figure::new("Answers without a question", number(*response_only), None),
        Figure::new("Repeated deliveries, left out", counted(deliveries.duplicates), None),
        Figure::new(
            "Deliveries that contradict an earlier one",
            counted(deliveries.conflicts),
            None,
        ),
        dead_letters,
    ]
}

/// What the figures were made from.
pub fn provenance(provenance: &Provenance) -> Vec<String> {
    let made = counted(provenance.interactions, "interaction", "interactions");
    let left_out = left_out(provenance);
    vec![
        format!("Made from {made}; {left_out}."),
        format!(
            "Fingerprint of the input {} · cv-analytics {}",
            foreign(&provenance.input_hash, HASH),
            foreign(&provenance.version, 20)
        ),
    ]
}

/// How many interactions do not count, and why.
fn left_out(provenance: &Provenance) -> String {
    let by = &provenance.excluded_by;
    let parts = [
        (by.own, "of your own tests"),
        (by.bots, "of known bots"),
        (by.canaries, "of this program’s own checks"),
        (by.listed, "that you exclude"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", number(count)))
    .collect::<Vec<_>>();
    match (provenance.excluded, parts.as_slice()) {
        (0, _) => "none left out".to_owned(),
        // A report of an earlier version does not know why.
        (all, []) => {
            format!("{} left out (tests, known bots, and what you exclude)", number(all))
        }
        (all, parts) => format!("{} left out: {}", number(all), listed(parts)),
    }
}
