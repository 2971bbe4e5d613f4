//! A week as people read it: every figure and sentence, sanitized and cut to a length, so that a form
//! only lays it out. The templates' variables are these fields.

use cv_analytics_core::event::MatchType;
use cv_analytics_core::week::IsoWeek;
use serde::Serialize;

use super::context::ViewContext;
use super::figures::{self, CoveragePart, Figure};
use super::gaps::{self, GapsView, TrackedView};
use super::limits::{Limits, Listing};
use super::links::text::LinkedText;
use super::links::{Links, week_page};
use super::names::{self, MovedView, NameRow, TogetherView, VocabularyView};
use super::phrases::actions::ActionWords;
use super::phrases::headline::{headline, news};
use super::phrases::{self as say, Banner};
use super::scores::ScoresView;
use super::text::{days, sanitize};
use crate::model::{ActionKind, Feedback, HistoryWeek, MatchCounts, NameType, Report};
use crate::questions::filter::QuestionFilter;
use crate::questions::parameters::{Ended, Halves};

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
    pub counts: Option<WeekCounts>,
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

/// One thing to do.
#[derive(Clone, Debug, Serialize)]
pub struct ActionView {
    /// The code of its kind.
    pub kind: ActionKind,
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

/// Everything that counts something.
#[derive(Clone, Debug, Serialize)]
pub struct WeekCounts {
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

/// What visitors said of the answers.
#[derive(Clone, Debug, Serialize)]
pub struct FeedbackView {
    /// `12 thumbs up, 3 down, 1 of them on an answer that the agent rated fully covered`.
    pub text: LinkedText,
    /// `1 of 9 answers that the agent rated fully covered got a thumbs down`; `None` where none of these was rated by a
    /// visitor.
    pub on_covered: Option<LinkedText>,
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
    /// The same, each with its questions.
    pub coverage: [LinkedText; 3],
    /// Without an answer.
    pub unanswered: LinkedText,
    /// The mean score, or that it was not collected.
    pub mean_score: LinkedText,
}

impl WeekView {
    /// The view of a report with these links, as long as `limits` allow.
    pub fn of(report: &Report, links: &Links, limits: Limits) -> Self {
        let at = &ViewContext::new(links, &report.week, limits);
        let mut actions = report.actions.iter().map(|action| ActionWords::of(action, report, at));
        let first = actions.next();
        let headline = headline(report, first.as_ref(), at);
        let news = news(report, first.as_ref());
        let actions = first.into_iter().chain(actions);
        let actions = Listing::of(actions, limits.actions, ("action", "actions"), |words| {
            ActionView::of(&words)
        });
        Self {
            week: sanitize(&report.week, 10),
            days: days(&report.from, &report.to),
            closed: report.closed,
            preheader: headline.to_string(),
            headline,
            news: Some(news),
            banner: say::banner(&report.capture, &report.matches, at),
            notes: say::notes(report),
            see_all: say::see_all(report.actions.len(), actions.shown.len()),
            actions,
            counts: (!report.is_empty()).then(|| WeekCounts::of(report, at)),
            data_complete: say::data_complete(&report.capture, at),
            capture: figures::capture(&report.capture, at),
            provenance: figures::provenance(&report.provenance, at),
            week_link: at.week_page(),
            mail_link: at.page("/mail"),
            open_dashboard: (!at.has_links()).then_some(say::OPEN_DASHBOARD),
            next_report: None,
            unsubscribe: None,
        }
    }
}

impl WeekCounts {
    fn of(report: &Report, at: &ViewContext<'_>) -> Self {
        let Report { matches, history, outcomes, .. } = report;
        let scores = report.calibration.as_ref();
        let scores = scores.map(|calibration| ScoresView::of(calibration, history, at));
        let latency = figures::latency(&report.latency_ms, at);
        let never_asked = report.never_asked.as_ref().map(|names| {
            names.iter().take(at.limits.own_names).map(|name| at.name(name)).collect()
        });
        let this_week = history.last().and_then(|week| week.figures.as_ref());
        let rated = matches.this_week.rated();
        let mut earlier = history.iter().rev().skip(1);
        let compares = matches.previous.is_some() || earlier.any(|week| week.figures.is_some());
        Self {
            totals: figures::totals(report, at),
            coverage: figures::coverage(matches, at),
            coverage_note: figures::coverage_note(rated, report.provenance.interactions, at),
            outcomes: figures::outcomes(outcomes, at),
            moved: names::moved(&report.trending, history, at),
            moved_note: say::nothing_moved(&report.trending, compares),
            skills: names::rows(report.names(), NameType::Skill, history, at),
            topics: names::rows(report.names(), NameType::Topic, history, at),
            together: names::together(&report.together, at),
            never_asked,
            weeks_looked_at: say::weeks_looked_at(history),
            gaps: GapsView::of(report, at),
            followed: gaps::tracked(&report.followed, at),
            calibration: scores.clone().filter(|scores| scores.disagrees),
            scores,
            vocabulary: names::vocabulary(&report.vocabulary, at),
            latency_line: figures::line(&latency),
            latency,
            rated_by: say::rated_by(&matches.sources, at),
            after_no_match: this_week
                .and_then(|figures| figures.after_no_match)
                .and_then(say::after_no_match),
            feedback: report.feedback.as_ref().map(|feedback| FeedbackView::of(feedback, at)),
            history: history.iter().map(|week| HistoryRow::of(week, at)).collect(),
        }
    }
}

impl ActionView {
    fn of(words: &ActionWords<'_>) -> Self {
        let ActionWords { action, gap, at, .. } = *words;
        let suggestion = action.suggestion.as_ref();
        let columns = at.limits.name_columns + at.limits.word_columns;
        Self {
            kind: action.kind,
            title: words.title(),
            why: words.reason(),
            evidence: words.evidence(),
            suggestion: suggestion.map(|line| sanitize(&line.text, columns)),
            link: at.questions(words.behind()),
            gap_id: gap.map(|gap| gaps::row_id(gap.name_type, &gap.name)),
        }
    }
}

impl FeedbackView {
    fn of(feedback: &Feedback, at: &ViewContext<'_>) -> Self {
        let comments = feedback.comments.iter().take(at.limits.comments);
        Self {
            text: say::thumbs(feedback, at),
            on_covered: say::thumbs_on_covered(feedback, at),
            comments: comments.map(|comment| at.question(comment)).collect(),
        }
    }
}

impl HistoryRow {
    fn of(week: &HistoryWeek, at: &ViewContext<'_>) -> Self {
        let name = &week.week;
        let shown = sanitize(name, 10);
        let of_week = || QuestionFilter::of_week(name);
        let figures = week.figures.as_ref().map(|figures| {
            let MatchCounts { full, partial, none, mean_score } = figures.matches;
            let covered =
                [(MatchType::Full, full), (MatchType::Partial, partial), (MatchType::None, none)];
            HistoryFigures {
                covered: [full, partial, none],
                queries: at.count(figures.queries, of_week().half(Halves::Query)),
                coverage: covered.map(|(kind, count)| at.count(count, of_week().coverage(kind))),
                unanswered: at.count(figures.unanswered, of_week().outcome(Ended::Unanswered)),
                mean_score: match mean_score {
                    Some(mean) => at.linked(format!("{mean:.1}"), of_week().scored()),
                    None => say::NOT_COLLECTED.into(),
                },
            }
        });
        let link = at.page(&week_page(name));
        Self {
            label: shown.get(5..).unwrap_or_default().to_owned(),
            link: link.filter(|_| name.parse::<IsoWeek>().is_ok()),
            figures,
            week: shown,
        }
    }
}
