//! What a person is told of gaps: those of the week by kind, those that the owner closes, and where
//! the agent's own score misleads.

use serde::Serialize;

use crate::gap_sentences::{self as say, gap_groups};
use crate::linked_text::Piece;
use crate::mail_context::PageLinks;
use crate::model::{Calibration, FollowState, FollowedGap, Gap, GapMark, ScoreBand};
use crate::questions::filter::QuestionFilter;
use crate::report_sentences::more;
use crate::report_view::{EXAMPLE, Lengths, Listing, NAME, WORD, listing};
use crate::report_words::{foreign, number};

/// Other skills that are named beside a gap.
const RELATED: usize = 3;
/// Disagreements that a mail shows.
const DISAGREEMENTS: usize = 3;

#[derive(Debug, Serialize)]
pub(crate) struct GapsView {
    pub(crate) kinds: Vec<GapKindView>,
    pub(crate) more: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct GapKindView {
    pub(crate) title: &'static str,
    pub(crate) meaning: &'static str,
    pub(crate) gaps: Vec<GapView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct GapView {
    pub(crate) name: String,
    pub(crate) evidence: String,
    pub(crate) evidence_pieces: Vec<Piece>,
    pub(crate) examples: Vec<String>,
    pub(crate) related: Option<String>,
    pub(crate) mark: Option<String>,
    pub(crate) link: Option<String>,
}

impl GapsView {
    /// Those that are open again, then the first of the others by kind (the kinds that the owner
    /// mends in the CV first), and last, without examples, what is not the owner's.
    pub(crate) fn of(gaps: &[Gap], links: &PageLinks<'_>, lengths: Lengths) -> Self {
        let not_mine = |gap: &Gap| gap.mark == Some(GapMark::NotMine);
        let mut ordered: Vec<&Gap> = gaps.iter().collect();
        ordered.sort_by_key(|gap| (!gap.reopened, not_mine(gap)));
        ordered.truncate(lengths.gaps);
        let more = more(gaps.len() - ordered.len(), "gap", "gaps", links.rest());
        let kinds = gap_groups(ordered, |gap| gap).into_iter().map(|group| {
            let examples = if group.is_quiet { 0 } else { lengths.examples };
            GapKindView {
                title: group.title,
                meaning: group.meaning,
                gaps: group.gaps.into_iter().map(|gap| gap_view(gap, links, examples)).collect(),
            }
        });
        Self { kinds: kinds.collect(), more }
    }
}

fn gap_view(gap: &Gap, links: &PageLinks<'_>, examples: usize) -> GapView {
    let related = gap.related.iter().take(RELATED).map(|name| foreign(name, WORD));
    let evidence = say::gap_evidence(gap, links.week_name());
    let own = QuestionFilter::of_week(links.week_name());
    GapView {
        name: foreign(&gap.name, NAME),
        evidence: evidence.to_string(),
        evidence_pieces: links.pieces(evidence),
        examples: gap.examples.iter().take(examples).map(|text| foreign(text, EXAMPLE)).collect(),
        related: say::asked_with(&related.collect::<Vec<_>>()),
        mark: gap.mark.map(say::gap_mark),
        link: links.questions(own.gap(&gap.name, gap.gap_type, gap.kind)),
    }
}

/// A gap that the owner closes.
#[derive(Debug, Serialize)]
pub(crate) struct FollowedView {
    pub(crate) name: String,
    /// `open again`, `closed`, `waiting` or `learning`.
    pub(crate) state: &'static str,
    /// Whether its questions are answered now.
    pub(crate) good: bool,
    pub(crate) text: String,
    pub(crate) text_pieces: Vec<Piece>,
    /// All questions of the eight weeks about it.
    pub(crate) link: Option<String>,
}

pub(crate) fn followed(
    followed: &[FollowedGap],
    links: &PageLinks<'_>,
    lengths: Lengths,
) -> Listing<FollowedView> {
    listing(followed.iter(), lengths.followed, links, ("gap", "gaps"), |gap| {
        let text = say::since_marked(gap, links.week_name());
        let all = QuestionFilter::of_week(links.week_name()).eight_weeks().about(&gap.name);
        FollowedView {
            name: foreign(&gap.name, NAME),
            state: say::follow_state(gap.state),
            good: gap.state == FollowState::Closed,
            text: text.to_string(),
            text_pieces: links.pieces(text),
            link: links.questions(all),
        }
    })
}

/// Where scores and outcomes disagree.
#[derive(Debug, Serialize)]
pub(crate) struct CalibrationView {
    pub(crate) text: String,
    pub(crate) text_pieces: Vec<Piece>,
    pub(crate) examples: Vec<DisagreementView>,
    pub(crate) bands: Vec<BandView>,
    pub(crate) link: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DisagreementView {
    /// `Score 83, answered quota`.
    pub(crate) figures: String,
    /// The question, where it is known.
    pub(crate) query: Option<String>,
}

/// One band of scores; counts as text.
#[derive(Debug, Serialize)]
pub(crate) struct BandView {
    /// `80–100`.
    pub(crate) scores: String,
    pub(crate) answered: String,
    pub(crate) no_match: String,
    /// Refused by a filter or outside hours.
    pub(crate) refused: String,
    /// A quota, the model or an error.
    pub(crate) failed: String,
    /// The four counts in this order.
    pub(crate) counts: [BandCount; 4],
}

/// A count and its questions.
#[derive(Debug, Serialize)]
pub(crate) struct BandCount {
    pub(crate) value: String,
    /// Only where there are some.
    pub(crate) link: Option<String>,
}

impl CalibrationView {
    pub(crate) fn of(calibration: Option<&Calibration>, links: &PageLinks<'_>) -> Option<Self> {
        let calibration = calibration.filter(|calibration| calibration.disagrees)?;
        let examples = calibration.examples.iter().take(DISAGREEMENTS);
        let examples = examples.map(|example| DisagreementView {
            figures: say::disagreement(example, WORD),
            query: example.query.as_ref().map(|query| foreign(query, EXAMPLE)),
        });
        let text = say::disagreeing(calibration, links.week_name());
        let disagreeing = QuestionFilter::of_week(links.week_name()).disagreeing();
        Some(Self {
            text: text.to_string(),
            text_pieces: links.pieces(text),
            examples: examples.collect(),
            bands: calibration.bands.iter().rev().map(|counts| band(counts, links)).collect(),
            link: links.questions(disagreeing),
        })
    }
}

fn band(band: &ScoreBand, links: &PageLinks<'_>) -> BandView {
    let outcomes = &band.outcomes;
    let sum = |parts: &[u64]| parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
    let refused = sum(&[outcomes.blocked, outcomes.off_hours]);
    let failed = sum(&[outcomes.quota, outcomes.ai_error, outcomes.error]);
    let scores = || band.filter(links.week_name());
    let count = |count: u64, filter: QuestionFilter| BandCount {
        value: number(count),
        link: links.questions(filter).filter(|_| count > 0),
    };
    BandView {
        scores: band.name(),
        answered: number(outcomes.answered),
        no_match: number(outcomes.no_match),
        refused: number(refused),
        failed: number(failed),
        counts: [
            count(outcomes.answered, scores().outcome("answered")),
            count(outcomes.no_match, scores().outcome("no_match")),
            count(refused, scores().handled("refused")),
            count(failed, scores().handled("failed")),
        ],
    }
}
