//! What a person is told of a week, in reading order: every figure and sentence as text, cleaned
//! and cut to a length, so that a form only lays it out. The HTML template's variables are these.

use cv_analytics_core::event::MatchType;
use serde::Serialize;

use crate::gap_view::{self, CalibrationView, FollowedView, GapsView};
use crate::handling_words::coverage_words;
use crate::linked_text::Piece;
use crate::mail_context::{DashboardAddress, MailContext, PageLinks};
use crate::model::{Action, Report};
use crate::questions::filter::QuestionFilter;
use crate::report_figures::{self, Figure};
use crate::report_sentences as say;
use crate::report_words::{days, foreign, number, share};
use crate::skill_view::{Moved, SkillView, VocabularyView, moved_view, skill_view, vocabulary};

/// Characters of each foreign text that a mail shows.
pub(crate) const NAME: usize = 48;
pub(crate) const WORD: usize = 28;
pub(crate) const EXAMPLE: usize = 140;
const REASON: usize = 200;

/// Entries of each list that a mail shows; the dashboard and the JSON form have them all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    actions: usize,
    moved: usize,
    skills: usize,
    pub(crate) gaps: usize,
    pub(crate) examples: usize,
    pub(crate) followed: usize,
    pub(crate) vocabulary: usize,
}

impl Lengths {
    /// As many as a person reads, then fewer and fewer for a mail whose texts are too large.
    pub(crate) const ALL: [Self; 3] = [
        Self {
            actions: 8,
            moved: 10,
            skills: 15,
            gaps: 10,
            examples: 3,
            followed: 8,
            vocabulary: 8,
        },
        Self { actions: 5, moved: 5, skills: 8, gaps: 6, examples: 2, followed: 4, vocabulary: 4 },
        Self { actions: 3, moved: 3, skills: 4, gaps: 3, examples: 1, followed: 2, vocabulary: 2 },
    ];
}

/// One week as a person reads it.
#[derive(Debug, Serialize)]
pub(crate) struct ReportView {
    /// `2026-W47`.
    pub(crate) week: String,
    /// `16–22 November 2026`.
    pub(crate) days: String,
    /// What moved and what to do first, in a sentence or two.
    pub(crate) headline: String,
    pub(crate) headline_pieces: Vec<Piece>,
    /// What an inbox shows beside the subject.
    pub(crate) preheader: String,
    /// Why the figures are not whole, above all of them.
    pub(crate) banner: Option<BannerView>,
    /// That the week is not over, or that nothing happened, a paragraph each.
    pub(crate) notes: Vec<String>,
    pub(crate) actions: Listing<ActionView>,
    /// Everything that counts something; absent in a week with nothing in it.
    pub(crate) counts: Option<Figures>,
    /// Capture health and deliveries, a line each.
    pub(crate) capture: Vec<Figure>,
    /// What the figures were made from, a line each.
    pub(crate) provenance: Vec<String>,
    pub(crate) provenance_pieces: Vec<Vec<Piece>>,
    /// The week's page on the dashboard; only in a mail.
    pub(crate) week_link: Option<String>,
    /// What became of the weekly mails; only in a mail.
    pub(crate) mail_link: Option<String>,
    /// When the next report comes, as a sentence; only in a mail.
    pub(crate) next_report: Option<String>,
    /// The recipient's way out of the list; only in a mail.
    pub(crate) unsubscribe: Option<String>,
}

/// A warning above the figures.
#[derive(Debug, Serialize)]
pub(crate) struct BannerView {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) text_pieces: Vec<Piece>,
}

/// The shown entries of a list, and the sentence that counts the others.
#[derive(Debug, Serialize)]
pub(crate) struct Listing<T> {
    pub(crate) shown: Vec<T>,
    pub(crate) more: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ActionView {
    pub(crate) title: String,
    pub(crate) why: String,
    pub(crate) evidence: String,
    pub(crate) evidence_pieces: Vec<Piece>,
    /// A line to copy.
    pub(crate) suggestion: Option<String>,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    /// The large numbers.
    pub(crate) totals: Vec<Figure>,
    /// How well the questions were covered; empty where no match type is known.
    pub(crate) coverage: Vec<CoveragePart>,
    pub(crate) coverage_note: String,
    pub(crate) coverage_note_pieces: Vec<Piece>,
    pub(crate) outcomes: Vec<Figure>,
    pub(crate) moved: Listing<Moved>,
    pub(crate) moved_note: Option<String>,
    pub(crate) skills: Listing<SkillView>,
    pub(crate) gaps: GapsView,
    pub(crate) followed: Listing<FollowedView>,
    /// Only where scores and outcomes disagree.
    pub(crate) calibration: Option<CalibrationView>,
    pub(crate) vocabulary: VocabularyView,
    pub(crate) latency: Vec<Figure>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CoveragePart {
    /// `full`, `partial` or `none`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// The share in percent, and the week before, where they are known.
    pub(crate) note: Option<String>,
    pub(crate) note_pieces: Vec<Piece>,
    /// The part of the bar's width, percent; 0 where nothing is drawn.
    pub(crate) width: u64,
    pub(crate) link: Option<String>,
}

impl ReportView {
    pub(crate) fn of(report: &Report, context: &MailContext, lengths: Lengths) -> Self {
        let links = PageLinks::new(context, &report.week);
        let headline = say::headline(report, NAME);
        let days = days(&report.from, &report.to);
        let provenance = report_figures::provenance(report);
        Self {
            week_link: links.week(),
            mail_link: context.dashboard.as_ref().map(DashboardAddress::mail),
            next_report: context.next_report.and_then(say::next_report),
            unsubscribe: context.unsubscribe.clone(),
            week: foreign(&report.week, 10),
            preheader: headline.to_string(),
            headline: headline.to_string(),
            headline_pieces: links.pieces(headline),
            days,
            banner: say::banner(report).map(|banner| BannerView {
                title: banner.title,
                text: banner.text.to_string(),
                text_pieces: links.pieces(banner.text),
            }),
            notes: say::notes(report),
            actions: listing(
                report.actions.iter(),
                lengths.actions,
                &links,
                ("action", "actions"),
                |action| action_view(action, &links),
            ),
            counts: (!report.is_empty()).then(|| Figures::of(report, &links, lengths)),
            capture: links.link(report_figures::capture(report)),
            provenance: provenance.iter().map(ToString::to_string).collect(),
            provenance_pieces: provenance.into_iter().map(|line| links.pieces(line)).collect(),
        }
    }
}

fn action_view(action: &Action, links: &PageLinks<'_>) -> ActionView {
    let evidence = say::evidence(action, links.week_name());
    let behind = QuestionFilter::behind(action, links.week_name());
    ActionView {
        title: say::action(action, NAME),
        why: say::why(action, REASON),
        evidence: evidence.to_string(),
        evidence_pieces: links.pieces(evidence),
        suggestion: action.suggestion.as_ref().map(|line| foreign(&line.text, NAME + WORD)),
        link: behind.and_then(|behind| links.questions(behind)),
    }
}

impl Figures {
    fn of(report: &Report, links: &PageLinks<'_>, lengths: Lengths) -> Self {
        let (up, down): (Vec<_>, Vec<_>) = report
            .trending
            .iter()
            .filter(|moved| moved.trend.moved())
            .partition(|moved| moved.trend.grows());
        let moved = up.into_iter().chain(down).collect::<Vec<_>>();
        let asked = report.skills.iter().filter(|skill| skill.queries > 0).collect::<Vec<_>>();
        let coverage_note = report_figures::coverage_note(report);
        Self {
            totals: links.link(report_figures::totals(report)),
            coverage: coverage(report, links),
            coverage_note: coverage_note.to_string(),
            coverage_note_pieces: links.pieces(coverage_note),
            outcomes: links.link(report_figures::outcomes(report)),
            moved_note: say::moved_note(report),
            moved: listing(moved.into_iter(), lengths.moved, links, SKILLS, |moved| {
                moved_view(moved, links)
            }),
            skills: listing(asked.into_iter(), lengths.skills, links, SKILLS, |skill| {
                skill_view(skill, links)
            }),
            gaps: GapsView::of(&report.gaps, links, lengths),
            followed: gap_view::followed(&report.followed, links, lengths),
            calibration: CalibrationView::of(report.calibration.as_ref(), links),
            vocabulary: vocabulary(&report.vocabulary, links, lengths),
            latency: links.link(report_figures::latency(report)),
        }
    }
}

pub(crate) const SKILLS: (&str, &str) = ("skill", "skills");

/// The first entries, and how many more there are of what has these two names.
pub(crate) fn listing<I: ExactSizeIterator, T>(
    entries: I,
    limit: usize,
    links: &PageLinks<'_>,
    (one, many): (&str, &str),
    view: impl FnMut(I::Item) -> T,
) -> Listing<T> {
    let more = say::more(entries.len().saturating_sub(limit), one, many, links.rest());
    Listing { shown: entries.take(limit).map(view).collect(), more }
}

fn coverage(report: &Report, links: &PageLinks<'_>) -> Vec<CoveragePart> {
    let counts = &report.matches.this_week;
    let whole = counts.rated();
    if whole == 0 {
        return Vec::new();
    }
    let part = |match_type: &MatchType| {
        let kind = match_type.code();
        let value = counts.count(*match_type);
        let before = report.matches.previous.as_ref().map(|counts| counts.count(*match_type));
        let before = before.zip(QuestionFilter::of_week_before(&report.week));
        let before = before.map(|(count, week)| (count, week.coverage(kind)));
        let note = say::share_and_before(share(value, whole), before);
        CoveragePart {
            kind,
            name: coverage_words(*match_type),
            value: number(value),
            note: note.words(),
            note_pieces: links.pieces(note),
            width: if value == 0 { 0 } else { bar_share(value, whole, 100).max(2) },
            link: links.questions(QuestionFilter::of_week(&report.week).coverage(kind)),
        }
    };
    MatchType::ALL.iter().map(part).collect()
}

/// `value` ÷ `whole` × `length`, rounded.
pub(crate) fn bar_share(value: u64, whole: u64, length: u64) -> u64 {
    let twice = u128::from(value) * u128::from(length) * 2 + u128::from(whole);
    u64::try_from(twice / (u128::from(whole.max(1)) * 2)).unwrap_or(length)
}
