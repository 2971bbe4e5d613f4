//! What a person is told of gaps: those of the week by kind, those that the owner closes, and where
//! the agent's own score misleads.

use serde::Serialize;

use crate::mail_context::PageLinks;
use crate::report::{Calibration, FollowState, FollowedGap, Gap, GapMark, ScoreBand};
use crate::report_sentences as say;
use crate::report_view::{EXAMPLE, Lengths, Listing, NAME, WORD, listing};
use crate::report_words::{foreign, number};

/// Other skills that are named beside a gap.
const RELATED: usize = 3;
/// Disagreements that a mail shows.
const DISAGREEMENTS: usize = 3;

const OPEN_AGAIN: (&str, &str) =
    ("Open again", "You marked it as being on your CV, yet nothing matches.");
const NOT_YOURS: (&str, &str) =
    ("Not yours", "You said so: listed for completeness, and nothing to do.");

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
    pub(crate) examples: Vec<String>,
    pub(crate) related: Option<String>,
    pub(crate) mark: Option<&'static str>,
    pub(crate) link: Option<String>,
}

impl GapsView {
    /// Those that are open again, then the first of the others by kind (the kinds that the owner
    /// mends in the CV first), and last, without examples, what is not the owner's.
    pub(crate) fn of(gaps: &[Gap], links: &PageLinks<'_>, lengths: Lengths) -> Self {
        let not_mine = |gap: &Gap| gap.mark == Some(GapMark::NotMine);
        let mut ordered: Vec<&Gap> = gaps.iter().collect();
        ordered.sort_by_key(|gap| (!gap.reopened, not_mine(gap)));
        let shown = ordered.get(..lengths.gaps).unwrap_or(&ordered);
        let group = |title, meaning, examples, of: &dyn Fn(&Gap) -> bool| {
            let gaps = shown.iter().filter(|gap| of(gap));
            let gaps: Vec<_> = gaps.map(|gap| gap_view(gap, links, examples)).collect();
            (!gaps.is_empty()).then_some(GapKindView { title, meaning, gaps })
        };
        let again = group(OPEN_AGAIN.0, OPEN_AGAIN.1, lengths.examples, &|gap| gap.reopened);
        let by_kind = say::GAP_KINDS.iter().filter_map(|(kind, title, meaning)| {
            group(title, meaning, lengths.examples, &|gap| {
                gap.kind == *kind && !gap.reopened && !not_mine(gap)
            })
        });
        let quiet = group(NOT_YOURS.0, NOT_YOURS.1, 0, &|gap| not_mine(gap) && !gap.reopened);
        let kinds = again.into_iter().chain(by_kind).chain(quiet).collect();
        let more = say::more(gaps.len() - shown.len(), "gap", "gaps", links.rest());
        Self { kinds, more }
    }
}

fn gap_view(gap: &Gap, links: &PageLinks<'_>, examples: usize) -> GapView {
    let related = gap.related.iter().take(RELATED).map(|name| foreign(name, WORD));
    GapView {
        name: foreign(&gap.name, NAME),
        evidence: say::gap_evidence(gap),
        examples: gap.examples.iter().take(examples).map(|text| foreign(text, EXAMPLE)).collect(),
        related: say::asked_with(&related.collect::<Vec<_>>()),
        mark: gap.mark.map(say::gap_mark),
        link: links.gap(&gap.name, Some(gap.kind.code())),
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
    pub(crate) link: Option<String>,
}

pub(crate) fn followed(
    followed: &[FollowedGap],
    links: &PageLinks<'_>,
    lengths: Lengths,
) -> Listing<FollowedView> {
    listing(followed.iter(), lengths.followed, links, ("gap", "gaps"), |gap| FollowedView {
        name: foreign(&gap.name, NAME),
        state: say::follow_state(gap.state),
        good: gap.state == FollowState::Closed,
        text: say::since_marked(gap),
        link: links.gap(&gap.name, None),
    })
}

/// Where scores and outcomes disagree.
#[derive(Debug, Serialize)]
pub(crate) struct CalibrationView {
    pub(crate) text: String,
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
}

impl CalibrationView {
    pub(crate) fn of(calibration: Option<&Calibration>, links: &PageLinks<'_>) -> Option<Self> {
        let calibration = calibration.filter(|calibration| calibration.disagrees)?;
        let examples = calibration.examples.iter().take(DISAGREEMENTS);
        let examples = examples.map(|example| DisagreementView {
            figures: say::disagreement(example, WORD),
            query: example.query.as_ref().map(|query| foreign(query, EXAMPLE)),
        });
        Some(Self {
            text: say::disagreeing(calibration),
            examples: examples.collect(),
            bands: calibration.bands.iter().rev().map(band).collect(),
            link: links.week(),
        })
    }
}

fn band(band: &ScoreBand) -> BandView {
    let outcomes = &band.outcomes;
    let sum = |parts: &[u64]| number(parts.iter().fold(0, |sum, part| sum.saturating_add(*part)));
    BandView {
        scores: format!("{}–{}", band.from, band.to),
        answered: number(outcomes.answered),
        no_match: number(outcomes.no_match),
        refused: sum(&[outcomes.blocked, outcomes.off_hours]),
        failed: sum(&[outcomes.quota, outcomes.ai_error, outcomes.error]),
    }
}
