//! A week as people read it: every figure and sentence, sanitized and cut to a length, so that a form
//! only lays it out. The templates' variables are these fields.

use cv_analytics_core::event::{MatchType, Outcome};
use serde::Serialize;

use super::gaps::{self, GapsView, TrackedView};
use super::limits::Limits;
use super::linked_text::LinkedText;
use super::links::{Links, WeekLinks};
use super::names::{self, MovedView, NameRow, TogetherView, VocabularyView};
use super::phrases::{self as say, Banner, actions, coverage_words, outcome_words};
use super::scores::ScoresView;
use super::text::{
    conversations, counted, days, duration, number, questions, rate, sanitize, share,
};
use crate::model::{Action, Feedback, HistoryWeek, MatchCounts, Provenance, Report, WeekFigures};
use crate::questions::filter::QuestionFilter;

/// Fewer latencies than this have no percentiles worth the name.
const MIN_SAMPLES_FOR_PERCENTILES: u64 = 20;
/// Columns of the input hash that a person compares.
const HASH_COLUMNS: usize = 19;
/// Columns of a name in a subject line.
const NEWS_COLUMNS: usize = 24;

/// One week as a person reads it.
#[derive(Clone, Debug, Serialize)]
pub struct WeekView {
    /// `2026-W47`.
    pub week: String,
    /// `16–22 November 2026`.
    pub days: String,
    /// Whether the week is over.
    pub closed: bool,
    /// What the first action is about, in a sentence.
    pub headline: LinkedText,
    /// The headline in a few words, for a subject line.
    pub news: Option<String>,
    /// What an inbox shows beside the subject.
    pub preheader: String,
    /// Why the figures are not whole, above all of them.
    pub banner: Option<Banner>,
    /// That the week is not over, or that nothing happened, a paragraph each.
    pub notes: Vec<String>,
    /// What to do, most urgent first.
    pub actions: Listing<ActionView>,
    /// Everything that counts something; absent in a week with nothing in it.
    pub counts: Option<Counts>,
    /// Capture health in one line: `Data complete: 99.7%`.
    pub data_complete: Option<LinkedText>,
    /// The same in figures; of a week with nothing in it only what could not be read.
    pub capture: Vec<Figure>,
    /// What the figures were made from, a line each.
    pub provenance: Vec<LinkedText>,
    /// The week's page on the dashboard.
    pub week_link: Option<String>,
    /// What became of the weekly mails.
    pub mail_link: Option<String>,
    /// The label of the link to everything: `See all 10 actions`.
    pub see_all: String,
    /// How to open the dashboard, where its address is not known.
    pub open_dashboard: Option<&'static str>,
    /// When the next report comes, as a sentence; only in a mail.
    pub next_report: Option<String>,
    /// The recipient's unsubscribe link; only in a mail.
    pub unsubscribe: Option<String>,
}

/// The shown entries of a list, and how many others there are.
#[derive(Clone, Debug, Serialize)]
pub struct Listing<T> {
    /// The entries.
    pub shown: Vec<T>,
    /// `and 2 more skills`.
    pub more: Option<String>,
}

/// The first entries, and how many more there are of what has these two names.
pub(super) fn listing<I: ExactSizeIterator, T>(
    entries: I,
    limit: usize,
    names: (&str, &str),
    view: impl FnMut(I::Item) -> T,
) -> Listing<T> {
    let more = say::more(entries.len().saturating_sub(limit), names);
    Listing { shown: entries.take(limit).map(view).collect(), more }
}

/// One thing to do.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// The code of its kind.
    pub kind: crate::model::ActionKind,
    /// What to do.
    pub title: String,
    /// Why, in a sentence.
    pub why: String,
    /// `Asked 50 times (16 last week); 30 not answered, in 26 conversations`.
    pub evidence: LinkedText,
    /// A line to copy.
    pub suggestion: Option<String>,
    /// The questions behind it.
    pub link: Option<String>,
    /// The row of gaps that it is about, where there is one.
    pub gap_id: Option<String>,
}

/// A figure, its name, and what stands beside it in small letters.
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

    fn note(self, note: Option<LinkedText>) -> Self {
        Self { note, ..self }
    }
}

/// Everything that counts something.
#[derive(Clone, Debug, Serialize)]
pub struct Counts {
    /// The week in three numbers.
    pub totals: Vec<Figure>,
    /// How well the questions were covered; empty where no match type is known.
    pub coverage: Vec<CoveragePart>,
    /// What the coverage leaves out.
    pub coverage_note: LinkedText,
    /// How the handlings ended.
    pub outcomes: Vec<Figure>,
    /// The skills and topics that moved.
    pub moved: Listing<MovedView>,
    /// Why nothing moved, where nothing did.
    pub moved_note: Option<&'static str>,
    /// Skills by questions.
    pub skills: Listing<NameRow>,
    /// Topics by questions.
    pub topics: Listing<NameRow>,
    /// Names that conversations ask for together.
    pub together: Vec<TogetherView>,
    /// Skills of the CV list that nobody asked about in eight weeks; `None` without a list.
    pub never_asked: Option<Vec<String>>,
    /// The weeks that were looked at: `eight weeks`, `the 3 weeks with data`.
    pub weeks_looked_at: String,
    /// What the agent could not answer well.
    pub gaps: GapsView,
    /// The gaps that the owner closes.
    pub followed: Listing<TrackedView>,
    /// Scores, where there are any.
    pub scores: Option<ScoresView>,
    /// The same, where scores and outcomes disagree.
    pub calibration: Option<ScoresView>,
    /// The words that people use.
    pub vocabulary: VocabularyView,
    /// How long the answers took, each time with the answers that took as long or longer.
    pub latency: Vec<Figure>,
    /// The same in one line: `Median 881 ms · p95 3.1 s · p99 3.6 s`.
    pub latency_line: Option<LinkedText>,
    /// Where the ratings come from: `98 ratings by the model, 4 by similarity search`.
    pub rated_by: Option<LinkedText>,
    /// How conversations went on after an answer that covered nothing; `None` without sessions.
    pub after_no_match: Option<String>,
    /// What visitors said of the answers; `None` where it is not collected.
    pub feedback: Option<FeedbackView>,
    /// The eight weeks, oldest first.
    pub history: Vec<HistoryRow>,
}

/// A part of the covered questions.
#[derive(Clone, Debug, Serialize)]
pub struct CoveragePart {
    /// `full`, `partial` or `none`.
    pub kind: &'static str,
    /// `fully covered`.
    pub name: &'static str,
    /// How many.
    pub value: String,
    /// The share in percent and the number of the week before, where they are known.
    pub note: Option<LinkedText>,
    /// The part of the bar's width, percent; 0 where nothing is drawn.
    pub width: u64,
    /// Its questions.
    pub link: Option<String>,
}

/// What visitors said of the answers.
#[derive(Clone, Debug, Serialize)]
pub struct FeedbackView {
    /// `12 up, 3 down; 1 question rated fully covered got a thumbs down`.
    pub text: String,
    /// What they wrote.
    pub comments: Vec<String>,
}

/// One of the eight weeks.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRow {
    /// `2026-W47`.
    pub week: String,
    /// `W47`.
    pub label: String,
    /// The week's page.
    pub link: Option<String>,
    /// Its figures; `None` for a week without any data.
    pub figures: Option<HistoryFigures>,
}

/// The figures of one of the eight weeks.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryFigures {
    /// Questions covered fully, in part and not at all, as numbers to draw.
    pub covered: [u64; 3],
    /// Questions.
    pub queries: LinkedText,
    /// Conversations.
    pub conversations: String,
    /// Covered fully.
    pub full: LinkedText,
    /// Covered in part.
    pub partial: LinkedText,
    /// Not covered.
    pub none: LinkedText,
    /// Without an answer.
    pub unanswered: LinkedText,
    /// The mean score, or that it was not collected.
    pub mean_score: LinkedText,
    /// Joined ÷ all, in percent.
    pub data_complete: Option<String>,
    /// The median latency.
    pub median: Option<String>,
}

impl WeekView {
    /// The view of a report with these links, as long as `limits` allow.
    pub fn of(report: &Report, links: &Links, limits: Limits) -> Self {
        let at = &WeekLinks::new(links, &report.week);
        let limits = &limits;
        let headline = say::headline(report, at, limits.name_columns);
        let names = ("action", "actions");
        let actions = listing(report.actions.iter(), limits.actions, names, |action| {
            action_view(action, report, at, limits)
        });
        Self {
            week: sanitize(&report.week, 10),
            days: days(&report.from, &report.to),
            closed: report.closed,
            preheader: headline.to_string(),
            headline,
            news: say::news(report, NEWS_COLUMNS),
            banner: say::banner(report, at),
            notes: say::notes(report),
            see_all: say::see_all(report.actions.len(), actions.shown.len()),
            actions,
            counts: (!report.is_empty()).then(|| Counts::of(report, at, limits)),
            data_complete: say::data_complete(&report.capture, at),
            capture: capture(report, at),
            provenance: provenance(report, at),
            week_link: at.week_page(),
            mail_link: at.page("/mail"),
            open_dashboard: (!at.exist()).then_some(say::OPEN_DASHBOARD),
            next_report: None,
            unsubscribe: None,
        }
    }
}

fn action_view(
    action: &Action,
    report: &Report,
    at: &WeekLinks<'_>,
    limits: &Limits,
) -> ActionView {
    let columns = limits.name_columns;
    let behind = QuestionFilter::behind(action, at.week_name());
    let row = action.evidence.gap.filter(|of| {
        report.gaps.iter().any(|gap| gap.name == action.name && gap.name_type == of.name_type)
    });
    ActionView {
        kind: action.kind,
        title: actions::title(action, columns),
        why: actions::reason(action, limits.reason_columns),
        evidence: actions::evidence(action, report, at),
        suggestion: action
            .suggestion
            .as_ref()
            .map(|line| sanitize(&line.text, columns + limits.word_columns)),
        link: at.questions(behind),
        gap_id: row.map(|gap| gaps::row_id(gap.name_type, &action.name)),
    }
}

impl Counts {
    fn of(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Self {
        let scores = ScoresView::of(report, at, limits);
        let never_asked = report.never_asked.as_ref().map(|names| {
            let names = names.iter().take(limits.names);
            names.map(|name| sanitize(name, limits.name_columns)).collect()
        });
        Self {
            totals: totals(report, at),
            coverage: coverage(report, at),
            coverage_note: coverage_note(report, at),
            outcomes: outcomes(report, at),
            moved: names::moved(report, at, limits),
            moved_note: say::nothing_moved(report),
            skills: names::skills(report, at, limits),
            topics: names::topics(report, at, limits),
            together: names::together(&report.together, limits),
            never_asked,
            weeks_looked_at: say::weeks_looked_at(report),
            gaps: GapsView::of(report, at, limits),
            followed: gaps::tracked(&report.followed, at, limits),
            calibration: scores.clone().filter(|scores| scores.disagrees),
            scores,
            vocabulary: names::vocabulary(&report.vocabulary, at, limits),
            latency: latency(report, at),
            latency_line: latency_line(report, at),
            rated_by: say::rated_by(&report.matches.sources, at),
            after_no_match: say::figures_of_this_week(report)
                .and_then(|figures| figures.after_no_match)
                .and_then(say::after_no_match),
            feedback: report.feedback.as_ref().map(|feedback| feedback_view(feedback, limits)),
            history: report.history.iter().map(|week| history_row(week, at)).collect(),
        }
    }
}

/// The week in three numbers: how many asked, how well they were covered, how many got no answer.
fn totals(report: &Report, at: &WeekLinks<'_>) -> Vec<Figure> {
    let note = |parts: [Option<LinkedText>; 2]| {
        LinkedText::joined(parts.into_iter().flatten(), "; ").if_any()
    };
    let before = say::figures_of_last_week(report);
    let queries = before
        .map(|figures| say::last_week(number(figures.queries), at, |week| week.half("query")));
    let asked = Figure::new(
        "Questions",
        number(report.capture.queries),
        at.questions(at.this_week().half("query")),
    )
    .note(note([Some(format!("in {}", conversations(report.conversations)).into()), queries]));

    let mean = report.matches.this_week.mean_score;
    let previous = report.matches.previous.as_ref();
    let mean_before = previous.and_then(|previous| previous.counts.mean_score);
    let score = Figure::new(
        "Match score",
        mean.map_or_else(|| say::NOT_COLLECTED.to_owned(), |mean| format!("{mean:.1}")),
        at.questions(mean.map(|_| at.this_week().scored())),
    )
    .note(note([
        mean.map(|_| "of 100".into()),
        mean.and(mean_before)
            .map(|mean| say::last_week(format!("{mean:.1}"), at, QuestionFilter::scored)),
    ]));

    let of_faults = |week: QuestionFilter| week.handled("failed");
    let faults = say::faults(&report.outcomes);
    let of_all = share(faults, report.provenance.interactions).map(LinkedText::from);
    let faults_before =
        before.map(|figures| say::last_week(number(say::faults(&figures.outcomes)), at, of_faults));
    let failed = Figure::new(
        say::FAILED_OR_UNANSWERED,
        number(faults),
        at.questions((faults > 0).then(|| of_faults(at.this_week()))),
    )
    .note(note([of_all.filter(|_| faults > 0), faults_before]));
    vec![asked, score, failed]
}

fn coverage(report: &Report, at: &WeekLinks<'_>) -> Vec<CoveragePart> {
    let counts = &report.matches.this_week;
    let whole = counts.rated();
    if whole == 0 {
        return Vec::new();
    }
    let part = |match_type: &MatchType| {
        let kind = match_type.code();
        let value = counts.count(*match_type);
        let previous = report.matches.previous.as_ref();
        let before = previous.map(|previous| number(previous.counts.count(*match_type)));
        let before = before.map(|before| say::last_week(before, at, |week| week.coverage(kind)));
        let share = share(value, whole).map(LinkedText::from);
        CoveragePart {
            kind,
            name: coverage_words(*match_type),
            value: number(value),
            note: LinkedText::joined(share.into_iter().chain(before), "; ").if_any(),
            width: if value == 0 { 0 } else { bar_share(value, whole, 100).max(2) },
            link: at.questions(at.this_week().coverage(kind)),
        }
    };
    MatchType::ALL.iter().map(part).collect()
}

/// `value` ÷ `whole` × `length`, rounded.
pub(super) fn bar_share(value: u64, whole: u64, length: u64) -> u64 {
    let twice = u128::from(value) * u128::from(length) * 2 + u128::from(whole);
    u64::try_from(twice / (u128::from(whole.max(1)) * 2)).unwrap_or(length)
}

/// What the coverage leaves out.
fn coverage_note(report: &Report, at: &WeekLinks<'_>) -> LinkedText {
    let rated = report.matches.this_week.rated();
    let all = report.provenance.interactions;
    if rated == 0 {
        return "How well the answers covered the questions was not collected.".into();
    }
    let interactions = at.linked(counted(all, "interaction", "interactions"), at.this_week());
    let rated = match all.saturating_sub(rated) {
        0 => LinkedText::from("Your agent rated all ").append(interactions),
        _ => LinkedText::from("Your agent rated ")
            .append(at.linked(number(rated), at.this_week().coverage("rated")))
            .text(" of ")
            .append(interactions),
    };
    rated.text(".")
}

/// How the handlings ended: answered always, the others where there are any.
fn outcomes(report: &Report, at: &WeekLinks<'_>) -> Vec<Figure> {
    let ended = Outcome::ALL.iter().map(|outcome| Some(*outcome)).chain([None]);
    ended
        .map(|outcome| (outcome, report.outcomes.count(outcome)))
        .filter(|(outcome, count)| *count > 0 || *outcome == Some(Outcome::Answered))
        .map(|(outcome, count)| {
            let code = outcome.map_or("unanswered", Outcome::code);
            let link = at.questions(at.this_week().outcome(code));
            Figure::new(outcome_words(outcome), number(count), link)
        })
        .collect()
}

/// How long the answers took; each time opens those that took as long or longer.
fn latency(report: &Report, at: &WeekLinks<'_>) -> Vec<Figure> {
    let latency = &report.latency_ms;
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

fn latency_line(report: &Report, at: &WeekLinks<'_>) -> Option<LinkedText> {
    let figures = latency(report, at).into_iter().map(|figure| {
        LinkedText::from(format!("{} ", figure.name)).link(figure.value, figure.link)
    });
    LinkedText::joined(figures, " · ").if_any()
}

/// Capture health and deliveries; of a week with nothing in it only what could not be read.
fn capture(report: &Report, at: &WeekLinks<'_>) -> Vec<Figure> {
    let capture = &report.capture;
    let deliveries = &capture.deliveries;
    let or_not = |count: Option<u64>| count.map_or_else(|| say::NOT_COUNTED.to_owned(), number);
    let plain = |name, count: Option<u64>| Figure::new(name, or_not(count), None);
    let saved =
        (deliveries.dead_letters > 0).then(|| "Saved as received. They block nothing.".into());
    let dead_letters = Figure::new(
        "Unreadable messages",
        number(deliveries.dead_letters),
        at.page("/dead-letters"),
    )
    .note(saved);
    if report.is_empty() {
        let refused = deliveries.refused.is_some_and(|count| count > 0);
        let refused = refused.then(|| plain("Refused messages", deliveries.refused));
        let unread = (deliveries.dead_letters > 0).then_some(dead_letters);
        return unread.into_iter().chain(refused).collect();
    }
    let all = say::all_interactions(capture);
    let joined_rate = share(capture.joined, all).and(capture.join_rate).map(rate);
    let of_all = joined_rate.map(|rate| {
        LinkedText::from(format!("{rate} of ")).append(at.linked(number(all), at.this_week()))
    });
    let figure = |name, count: u64, filter| Figure::new(name, number(count), at.questions(filter));
    let week = || at.this_week();
    let mut figures = vec![
        figure("Questions", capture.queries, week().half("query")),
        figure("Answers", capture.responses, week().half("response")),
        figure("Questions with their answer", capture.joined, week().half("both")).note(of_all),
        figure("Questions without an answer", capture.unanswered, week().outcome("unanswered")),
        figure("Answers without a question", capture.response_only, week().half("response-only")),
        figure("Without a session", capture.without_session, week().without_session())
            .note((capture.without_session > 0).then(|| "each a conversation of its own".into())),
        plain("Names ignored", Some(capture.ignored_names)),
        plain("Duplicates ignored", deliveries.duplicates),
        plain("Conflicts", deliveries.conflicts),
        dead_letters,
        plain("Refused messages", deliveries.refused),
    ];
    if let Some(waiting) = deliveries.waiting {
        figures.push(plain("In the dead-letter queue now", Some(waiting)));
    }
    figures
}

/// What the figures were made from.
fn provenance(report: &Report, at: &WeekLinks<'_>) -> Vec<LinkedText> {
    let provenance = &report.provenance;
    let made = counted(provenance.interactions, "interaction", "interactions");
    let fingerprint = format!(
        "Input {} · cv-analytics {}",
        sanitize(&provenance.input_hash, HASH_COLUMNS),
        sanitize(&provenance.version, 20)
    );
    vec![
        LinkedText::from("Made from ")
            .append(at.linked(made, at.this_week()))
            .text("; ")
            .append(left_out(provenance, at))
            .text("."),
        fingerprint.into(),
    ]
}

/// How many interactions do not count, and why.
fn left_out(provenance: &Provenance, at: &WeekLinks<'_>) -> LinkedText {
    let by = &provenance.excluded_by;
    let filter = |code| at.this_week().left_out(code);
    if provenance.excluded == 0 {
        return "none left out".into();
    }
    let reasons: Vec<LinkedText> = [
        (by.own, "own", "of your own tests"),
        (by.bots, "bot", "of known bots"),
        (by.canaries, "canary", "of this program's own checks"),
        (by.listed, "listed", "that you exclude"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, code, what)| at.linked(format!("{} {what}", number(count)), filter(code)))
    .collect();
    let left_out = at.linked(number(provenance.excluded), filter("any"));
    if reasons.is_empty() {
        // A report of an earlier version does not know why.
        return left_out.text(" left out (tests, known bots, and what you exclude)");
    }
    left_out.text(" left out: ").append(LinkedText::listed(reasons))
}

fn feedback_view(feedback: &Feedback, limits: &Limits) -> FeedbackView {
    let mut text = format!("{} up, {} down", number(feedback.up), number(feedback.down));
    if feedback.down_though_covered > 0 {
        let covered = questions(feedback.down_though_covered);
        text += &format!("; {covered} rated fully covered got a thumbs down");
    }
    let comments = feedback.comments.iter().take(limits.comments);
    let comments = comments.map(|comment| sanitize(comment, limits.question_columns));
    FeedbackView { text, comments: comments.collect() }
}

fn history_row(week: &HistoryWeek, at: &WeekLinks<'_>) -> HistoryRow {
    let HistoryWeek { week: name, figures } = week;
    let shown = sanitize(name, 10);
    HistoryRow {
        label: shown.get(5..).unwrap_or_default().to_owned(),
        link: at.page(&format!("/weeks/{name}")).filter(|_| is_week(name)),
        figures: figures.as_ref().map(|figures| history_figures(figures, name, at)),
        week: shown,
    }
}

fn is_week(name: &str) -> bool {
    name.parse::<cv_analytics_core::week::IsoWeek>().is_ok()
}

fn history_figures(figures: &WeekFigures, week: &str, at: &WeekLinks<'_>) -> HistoryFigures {
    let of_week = || QuestionFilter::of_week(week);
    let linked = |count: u64, filter| at.linked(number(count), filter);
    let MatchCounts { full, partial, none, mean_score } = &figures.matches;
    let rated = |count: u64, kind: MatchType| linked(count, of_week().coverage(kind.code()));
    HistoryFigures {
        covered: [*full, *partial, *none],
        queries: linked(figures.queries, of_week().half("query")),
        conversations: number(figures.conversations),
        full: rated(*full, MatchType::Full),
        partial: rated(*partial, MatchType::Partial),
        none: rated(*none, MatchType::None),
        unanswered: linked(figures.unanswered, of_week().outcome("unanswered")),
        mean_score: match mean_score {
            Some(mean) => at.linked(format!("{mean:.1}"), of_week().scored()),
            None => say::NOT_COLLECTED.into(),
        },
        data_complete: figures.join_rate.map(rate),
        median: figures.latency_ms.p50.map(duration),
    }
}
