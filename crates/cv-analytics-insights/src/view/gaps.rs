//! Gaps: one row for each skill or topic, whatever its kinds, and the gaps that the owner closes.

use std::cmp::Reverse;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::limits::Limits;
use super::linked_text::LinkedText;
use super::links::WeekLinks;
use super::phrases::gaps::{self as say, GAP_KINDS, kind_meaning, kind_name_in};
use super::phrases::{in_conversations, more, other_names};
use super::text::{counted, number, questions, sanitize};
use super::week::{Listing, listing};
use crate::model::{Gap, GapKind, GapMark, NameType, OTHERS, Report, TrackedGap, TrackedState};

/// What gaps are called, one and many.
const GAPS: (&str, &str) = ("gap", "gaps");

/// The week's gaps.
#[derive(Clone, Debug, Serialize)]
pub struct GapsView {
    /// One row a skill or topic: those that fail again first, those that are not the owner's last.
    pub rows: Vec<GapRow>,
    /// How many rows are left out.
    pub more: Option<String>,
    /// That "on your CV" means the imported skill list, where a row says it.
    pub cv_note: Option<&'static str>,
    /// The same gaps by kind, for owners' templates of an earlier version; until the next one.
    pub kinds: Vec<GapGroup>,
}

/// A skill or topic that the agent cannot answer well.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that a template asks for one by one")]
pub struct GapRow {
    /// Where it lies on a page, the same as long as it is that name.
    pub id: String,
    /// The name as it came, for forms; never shown.
    pub key: String,
    /// The name; `312 other skills` for a row of many.
    pub name: String,
    /// `skill` or `topic`.
    pub name_type: &'static str,
    /// Whether it stands for many names, so that none of them can be marked.
    pub many: bool,
    /// Why, in a few words: `Not on your CV · Failed or unanswered`.
    pub why: String,
    /// Questions about it.
    pub asked: LinkedText,
    /// Of them those that were not answered, whatever the kind.
    pub failed: LinkedText,
    /// Of them those that were answered in part.
    pub partly: LinkedText,
    /// Weeks in a row with this gap.
    pub weeks: u32,
    /// Whether there is one question, in one week.
    pub once: bool,
    /// Different questions of all kinds.
    pub examples: Vec<String>,
    /// Beside each the agent's own reason, where it gives one.
    pub reasons: Vec<Option<String>>,
    /// `Asked together with Docker`.
    pub related: Option<String>,
    /// The code of the owner's mark.
    pub mark_code: Option<&'static str>,
    /// `You marked it “Learning it”`.
    pub mark: Option<String>,
    /// Whether it fails again although the owner closed it.
    pub reopened: bool,
    /// Whether the owner has nothing to do with it.
    pub quiet: bool,
    /// Its gaps, one a kind.
    pub parts: Vec<GapPart>,
    /// The questions in any of its gaps.
    pub link: Option<String>,
}

/// One gap of a name: those of its questions that fail in one way.
#[derive(Clone, Debug, Serialize)]
pub struct GapPart {
    /// The code of the kind.
    pub kind: &'static str,
    /// `Not on your CV`.
    pub title: &'static str,
    /// What that means, in a sentence.
    pub meaning: &'static str,
    /// `30 questions in 26 conversations; open for 3 weeks`.
    pub evidence: LinkedText,
    /// Of its questions those that were not answered.
    pub failed: LinkedText,
    /// Of its questions those that were answered in part.
    pub partly: LinkedText,
    /// Weeks in a row with this gap.
    pub weeks: u32,
    /// The first of the eight weeks that has it.
    pub first_seen: String,
    /// The questions in it.
    pub link: Option<String>,
    #[serde(skip)]
    gap_kind: GapKind,
}

/// Gaps that stand together under one heading.
#[derive(Clone, Debug, Serialize)]
pub struct GapGroup {
    /// The heading.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// The gaps.
    pub gaps: Vec<GroupedGap>,
}

/// A gap under such a heading.
#[derive(Clone, Debug, Serialize)]
pub struct GroupedGap {
    /// The name.
    pub name: String,
    /// `30 questions in 26 conversations; open for 3 weeks`.
    pub evidence: LinkedText,
    /// Different questions.
    pub examples: Vec<String>,
    /// `Asked together with Docker`.
    pub related: Option<String>,
    /// `You marked it “Learning it”`.
    pub mark: Option<String>,
    /// Its questions.
    pub link: Option<String>,
}

impl GapsView {
    pub(super) fn of(report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> Self {
        let mut names: Vec<Vec<&Gap>> = Vec::new();
        for gap in &report.gaps {
            let is_it = |name: &&mut Vec<&Gap>| {
                name.iter().any(|one| one.name == gap.name && one.name_type == gap.name_type)
            };
            match names.iter_mut().find(is_it) {
                Some(name) => name.push(gap),
                None => names.push(vec![gap]),
            }
        }
        let quiet = |gaps: &[&Gap]| gaps.iter().any(|gap| gap.mark == Some(GapMark::NotMine));
        let reopened = |gaps: &[&Gap]| gaps.iter().any(|gap| gap.reopened);
        let failed = |gaps: &[&Gap]| -> u64 { gaps.iter().map(|gap| gap.queries).sum() };
        let others = |gaps: &[&Gap]| gaps.first().and_then(|gap| names_of_others(report, gap));
        names.sort_by_key(|gaps| {
            let is_many = others(gaps).is_some();
            (!reopened(gaps), quiet(gaps), is_many, Reverse(failed(gaps)))
        });
        let left_out = names.split_off(names.len().min(limits.gaps));
        let (many, single): (Vec<_>, Vec<_>) =
            left_out.iter().map(|gaps| others(gaps)).partition(Option::is_some);
        let left_out = more_gaps(single.len(), many.into_iter().flatten().sum());
        let rows: Vec<GapRow> = names.iter().map(|gaps| row(gaps, report, at, limits)).collect();
        let tells_of_cv = rows
            .iter()
            .flat_map(|row| &row.parts)
            .any(|part| matches!(part.gap_kind, GapKind::NotOnCv | GapKind::NotRetrieved));
        Self {
            kinds: grouped(&rows),
            more: left_out,
            cv_note: tells_of_cv
                .then_some("“Your CV” means your imported skill list and the skills you marked."),
            rows,
        }
    }
}

/// `and 3 more gaps`, with the names that share a row: `and 3 more gaps and 312 other names`.
fn more_gaps(gaps: usize, other_names: u64) -> Option<String> {
    let others = (other_names > 0).then(|| counted(other_names, "other name", "other names"));
    match (more(gaps, GAPS), others) {
        (Some(gaps), Some(others)) => Some(format!("{gaps} and {others}")),
        (gaps, others) => gaps.or_else(|| others.map(|others| format!("and {others}"))),
    }
}

/// The row of a name with these gaps, one a kind.
fn row(gaps: &[&Gap], report: &Report, at: &WeekLinks<'_>, limits: &Limits) -> GapRow {
    let (name, name_type) =
        gaps.first().map_or(("", NameType::Topic), |gap| (gap.name.as_str(), gap.name_type));
    let queries = gaps.iter().map(|gap| gap.queries).fold(0, u64::saturating_add);
    let partly = gaps.iter().map(|gap| gap.partly).fold(0, u64::saturating_add);
    let others = gaps.first().and_then(|gap| names_of_others(report, gap));
    // A row that stands for many names has no questions of its own to list.
    let at = &if others.is_some() { at.without_links() } else { *at };
    let mut parts: Vec<GapPart> = gaps.iter().map(|gap| part(gap, report, at)).collect();
    parts.sort_by_key(|part| GAP_KINDS.iter().position(|(kind, ..)| *kind == part.gap_kind));
    let asked = asked(report, name_type, name).unwrap_or(queries).max(queries);
    // Of several kinds only the sum is known by a filter, not what of it failed.
    let of_one = |text: fn(&GapPart) -> &LinkedText| match parts.as_slice() {
        [only] => Some(text(only).clone()),
        _ => None,
    };
    let failed = of_one(|part| &part.failed);
    let answered_in_part = of_one(|part| &part.partly);
    let mut titles: Vec<&str> = parts.iter().map(|part| part.title).collect();
    titles.dedup();
    let (mut examples, mut reasons): (Vec<String>, Vec<Option<String>>) = (Vec::new(), Vec::new());
    for gap in gaps {
        let no_reason = std::iter::repeat(&None);
        for (example, reason) in
            gap.examples.iter().zip(gap.example_reasons.iter().chain(no_reason))
        {
            let example = sanitize(example, limits.question_columns);
            if examples.len() < limits.examples && !examples.contains(&example) {
                examples.push(example);
                reasons.push(reason.as_ref().map(|text| sanitize(text, limits.reason_columns)));
            }
        }
    }
    let mut related: Vec<String> = Vec::new();
    for other in gaps.iter().flat_map(|gap| &gap.related) {
        let other = sanitize(other, limits.word_columns);
        if related.len() < limits.related && !related.contains(&other) {
            related.push(other);
        }
    }
    let mark = gaps.iter().find_map(|gap| gap.mark);
    let weeks = gaps.iter().map(|gap| gap.weeks_running).max().unwrap_or_default();
    GapRow {
        id: row_id(name_type, name),
        key: name.to_owned(),
        name: others.map_or_else(
            || sanitize(name, limits.name_columns),
            |names| other_names(names, name_type),
        ),
        name_type: name_type.code(),
        many: others.is_some(),
        why: titles.join(" · "),
        asked: at.linked(number(asked), at.about(at.this_week(), name_type, name)),
        failed: failed.unwrap_or_else(|| number(queries.saturating_sub(partly)).into()),
        partly: answered_in_part.unwrap_or_else(|| number(partly).into()),
        weeks,
        once: queries == 1 && weeks <= 1,
        examples,
        reasons,
        related: say::asked_with(&related),
        mark_code: mark.map(GapMark::code),
        mark: mark.map(say::marked),
        reopened: gaps.iter().any(|gap| gap.reopened),
        quiet: mark == Some(GapMark::NotMine),
        parts,
        link: at.questions(at.this_week().any_gap(name, name_type)),
    }
}

/// Where the row of a name lies on a page: `gap-3f2a…`.
pub fn row_id(name_type: NameType, name: &str) -> String {
    let mut digits = hex::encode(Sha256::digest([name_type.code(), name].join("/")));
    digits.truncate(12);
    format!("gap-{digits}")
}

/// How many names the gap stands for, where it is that of names which few people asked for.
fn names_of_others(report: &Report, gap: &Gap) -> Option<u64> {
    if gap.name != OTHERS {
        return None;
    }
    let skills = report.skills.iter().map(|row| (NameType::Skill, &row.skill, &row.figures));
    let topics = report.topics.iter().map(|row| (NameType::Topic, &row.topic, &row.figures));
    let mut rows = skills.chain(topics);
    rows.find_map(|(name_type, name, figures)| {
        figures.names.filter(|_| name_type == gap.name_type && *name == gap.name)
    })
}

/// All questions of the week about a name, where the report lists it.
fn asked(report: &Report, name_type: NameType, name: &str) -> Option<u64> {
    let figures = match name_type {
        NameType::Skill => &report.skills.iter().find(|skill| skill.skill == name)?.figures,
        NameType::Topic => &report.topics.iter().find(|topic| topic.topic == name)?.figures,
    };
    Some(figures.queries)
}

fn part(gap: &Gap, report: &Report, at: &WeekLinks<'_>) -> GapPart {
    let own = || at.this_week().gap(&gap.name, gap.name_type, gap.kind);
    let link = at.questions(own());
    let evidence = LinkedText::linked(questions(gap.queries), link.clone())
        .text(in_conversations(gap.queries, gap.conversations));
    let failed = gap.queries.saturating_sub(gap.partly);
    let failed_link = match gap.partly {
        0 => link.clone(),
        _ => at.questions(own().coverage("none")),
    };
    let partly_link = at.questions(own().coverage("partial"));
    let linked = |count: u64, link: Option<String>| {
        LinkedText::linked(number(count), link.filter(|_| count > 0))
    };
    GapPart {
        kind: gap.kind.code(),
        title: kind_name_in(gap.kind, &report.outcomes),
        meaning: kind_meaning(gap.kind),
        evidence: match say::open_for(gap.weeks_running) {
            None => evidence,
            Some(open) => evidence.text(format!("; {open}")),
        },
        failed: linked(failed, failed_link),
        partly: linked(gap.partly, partly_link),
        weeks: gap.weeks_running,
        first_seen: sanitize(&gap.first_seen, 10),
        link,
        gap_kind: gap.kind,
    }
}

/// The gaps by kind: those that fail again, then kind by kind, last those that are not the owner's.
fn grouped(rows: &[GapRow]) -> Vec<GapGroup> {
    let group = |(title, meaning): (&'static str, &'static str),
                 belongs: &dyn Fn(&GapRow, &GapPart) -> bool| {
        let gaps = rows.iter().flat_map(|row| {
            let parts = row.parts.iter().filter(|part| belongs(row, part));
            parts.map(|part| GroupedGap {
                name: row.name.clone(),
                evidence: part.evidence.clone(),
                examples: if row.quiet { Vec::new() } else { row.examples.clone() },
                related: row.related.clone(),
                mark: row.mark.clone(),
                link: part.link.clone(),
            })
        });
        GapGroup { title, meaning, gaps: gaps.collect() }
    };
    let mut groups = vec![group(say::REOPENED, &|row, _| row.reopened)];
    groups.extend(GAP_KINDS.iter().map(|(kind, title, meaning)| {
        group((title, meaning), &|row, part| part.gap_kind == *kind && !row.reopened && !row.quiet)
    }));
    groups.push(group(say::NOT_MINE, &|row, _| row.quiet && !row.reopened));
    groups.retain(|group| !group.gaps.is_empty());
    groups
}

/// A gap that the owner closes.
#[derive(Clone, Debug, Serialize)]
pub struct TrackedView {
    /// The name as it came, for forms; never shown.
    pub key: String,
    /// The name.
    pub name: String,
    /// `open again`, `closed`, `waiting` or `learning`.
    pub state: &'static str,
    /// Whether its questions are answered now.
    pub good: bool,
    /// `none of 9 answered before; 6 of 7 answered in the 3 weeks since you added it`.
    pub text: LinkedText,
    /// Its eight weeks, oldest first: `2 of 3 answered`, or `no data`.
    pub weeks: Vec<String>,
    /// All questions of the eight weeks about it.
    pub link: Option<String>,
}

pub(super) fn tracked(
    tracked: &[TrackedGap],
    at: &WeekLinks<'_>,
    limits: &Limits,
) -> Listing<TrackedView> {
    listing(tracked.iter(), limits.tracked, GAPS, |gap: &TrackedGap| {
        let weeks = gap.weeks.iter().map(|week| match week {
            None => "no data".to_owned(),
            Some(counts) if counts.asked == 0 => "not asked".to_owned(),
            Some(counts) => say::answered(*counts, None, at).to_string(),
        });
        TrackedView {
            key: gap.name.clone(),
            name: sanitize(&gap.name, limits.name_columns),
            state: say::tracked_state(gap.state),
            good: gap.state == TrackedState::Closed,
            text: say::since_marked(gap, at),
            weeks: weeks.collect(),
            link: at.questions(at.this_week().eight_weeks().about(&gap.name)),
        }
    })
}
