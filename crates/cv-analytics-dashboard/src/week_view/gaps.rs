//! Gaps by kind, each with its questions and the owner's mark, and how those that were closed fare.

use cv_analytics_insights::gap_sentences::{self as say, gap_groups};
use cv_analytics_insights::linked_text::Piece;
use cv_analytics_insights::model::{
    Action, FollowState, FollowedGap, Gap, GapMark, GapOf, GapType, Report,
};
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::report_words::{foreign as line, number};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{cell, pieces};
use crate::charts::Cell;
use crate::gap_marking::{MarkButton, buttons};

/// Skills that are named beside a gap.
const RELATED: usize = 5;
/// Gaps of a kind that are open to the eye; the others unfold.
const SHOWN: usize = 10;
const NAME: usize = 80;

#[derive(Debug, Serialize)]
pub(super) struct GapKindView {
    title: &'static str,
    meaning: &'static str,
    first: Vec<GapView>,
    others: Vec<GapView>,
}

#[derive(Debug, Serialize)]
struct GapView {
    id: String,
    /// As it is written in forms.
    key: String,
    name: String,
    is_topic: bool,
    queries: Cell,
    evidence: Vec<Piece>,
    examples: Vec<String>,
    related: Option<String>,
    marks: Vec<MarkButton>,
    marked: bool,
    /// Cards of this gap, one a kind, where there are several: a mark holds for them all.
    cards: Option<usize>,
}

/// A gap that the owner closes.
#[derive(Debug, Serialize)]
pub(super) struct FollowedView {
    name: String,
    state: &'static str,
    good: bool,
    text: Vec<Piece>,
}

/// The gaps of the report in their groups.
pub(super) fn kinds(report: &Report) -> Vec<GapKindView> {
    let groups = gap_groups(report.gaps.iter().collect(), |gap: &&Gap| *gap);
    let groups = groups.into_iter().map(|group| {
        let gaps = group.gaps.into_iter();
        let mut first: Vec<GapView> = gaps.map(|gap| view(gap, report)).collect();
        let others = first.split_off(first.len().min(SHOWN));
        GapKindView { title: group.title, meaning: group.meaning, first, others }
    });
    groups.collect()
}

fn view(gap: &Gap, report: &Report) -> GapView {
    let cards = report.gaps.iter().filter(|other| other.name == gap.name).count();
    let is_theirs = gap.mark == Some(GapMark::NotMine);
    let related: Vec<String> =
        gap.related.iter().take(RELATED).map(|name| line(name, NAME)).collect();
    let own = QuestionFilter::of_week(&report.week).gap(&gap.name, gap.gap_type, gap.kind);
    GapView {
        id: id(gap),
        key: gap.name.clone(),
        name: line(&gap.name, NAME),
        is_topic: gap.gap_type == GapType::Topic,
        queries: cell(number(gap.queries), own),
        evidence: pieces(say::gap_evidence(gap, &report.week)),
        examples: gap.examples.iter().filter(|_| !is_theirs).map(|text| line(text, 200)).collect(),
        related: say::asked_with(&related),
        marks: buttons(gap.mark),
        marked: gap.mark.is_some(),
        cards: (cards > 1).then_some(cards),
    }
}

/// Where a gap's card lies on the page, the same as long as it is that gap.
pub(crate) fn id(gap: &Gap) -> String {
    let named = [gap.gap_type.code(), gap.kind.code(), &gap.name].join("/");
    let mut digits = hex::encode(Sha256::digest(named));
    digits.truncate(12);
    format!("gap-{digits}")
}

/// The gap that `action` asks to close.
pub(crate) fn asked_to_close<'r>(action: &Action, report: &'r Report) -> Option<&'r Gap> {
    let GapOf { gap_type, kind } = action.evidence.gap?;
    let is_it =
        |gap: &&Gap| gap.name == action.name && gap.gap_type == gap_type && gap.kind == kind;
    report.gaps.iter().find(is_it)
}

/// How the gaps fare that the owner marked.
pub(super) fn followed(report: &Report) -> Vec<FollowedView> {
    let view = |gap: &FollowedGap| FollowedView {
        name: line(&gap.name, NAME),
        state: say::follow_state(gap.state),
        good: gap.state == FollowState::Closed,
        text: pieces(say::since_marked(gap, &report.week)),
    };
    report.followed.iter().map(view).collect()
}
