//! Gaps: one row for each skill or topic, whatever its kinds, and the gaps that the owner closes.

use std::cmp::Reverse;

use cv_analytics_core::event::MatchType;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::context::ViewContext;
use super::limits::{Limits, Listing};
use super::links::text::LinkedText;
use super::phrases::gap_mark_buttons::marked;
use super::phrases::gaps::{self as say, GAP_KINDS, kind_meaning, kind_name_in};
use super::phrases::{in_conversations, other_names};
use super::text::{counted, more, questions, sanitize};
use crate::model::{
    Gap, GapKind, GapMark, NameFigures, NameType, OTHERS, Report, ResponseOutcomes, TrackedGap,
    TrackedState,
};
use crate::questions::filter::QuestionFilter;

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
    /// Where it is on a page, the same as long as it is that name.
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
    /// Beside each what the visitor read, where the agent sends it and the form shows it.
    pub answers: Vec<Option<String>>,
    /// `2 up, 5 down`: the visitors' word on its answers.
    pub thumbs: Option<String>,
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
    /// Its kind, as its code.
    pub kind: GapKind,
    /// `Not on your CV`.
    pub title: &'static str,
    /// What that means, in a sentence.
    pub meaning: &'static str,
    /// `30 questions in 26 conversations; open for 3 weeks`.
    pub evidence: LinkedText,
    /// The first of the eight weeks that has it.
    pub first_seen: String,
    /// The questions in it.
    pub link: Option<String>,
}

/// Gaps that stand together under one heading.
#[derive(Clone, Debug, Serialize)]
pub struct GapGroup {
    /// The heading.
    pub title: &'static str,
    /// What it means.
    pub meaning: String,
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
    pub(super) fn of(report: &Report, at: &ViewContext<'_>) -> Self {
        let mut names: Vec<NameGaps<'_>> = Vec::new();
        for gap in &report.gaps {
            let (name, name_type) = (gap.name.as_str(), gap.name_type);
            if let Some(known) = names.iter_mut().find(|of| of.first.is_about(name_type, name)) {
                known.gaps.push(gap);
                continue;
            }
            let figures = report.names().find(|(of, row, _)| (*of, *row) == (name_type, name));
            let figures = figures.map(|(.., figures)| figures);
            names.push(NameGaps { first: gap, gaps: vec![gap], figures });
        }
        names.sort_by_key(|name| {
            let is_many = name.others().is_some();
            (!name.is_reopened(), name.is_quiet(), is_many, Reverse(name.queries()))
        });
        let left_out = names.split_off(names.len().min(at.limits.gaps));
        let single = left_out.iter().filter(|name| name.others().is_none()).count();
        let many = left_out.iter().filter_map(NameGaps::others).sum();
        let week = &report.outcomes.responses;
        let rows: Vec<GapRow> = names.iter().map(|name| name.row(week, at)).collect();
        let says_of_cv =
            |part: &GapPart| matches!(part.kind, GapKind::NotOnCv | GapKind::NotRetrieved);
        let cv_note = "“Your CV” means your imported skill list and the skills you marked.";
        Self {
            kinds: grouped(&rows),
            more: more_gaps(single, many),
            cv_note: rows.iter().flat_map(|row| &row.parts).any(says_of_cv).then_some(cv_note),
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

/// Different questions, and what is beside each.
#[derive(Default)]
struct Examples {
    questions: Vec<String>,
    reasons: Vec<Option<String>>,
    answers: Vec<Option<String>>,
}

struct NameGaps<'r> {
    first: &'r Gap,
    gaps: Vec<&'r Gap>,
    /// The name's week, where the report lists it.
    figures: Option<&'r NameFigures>,
}

impl NameGaps<'_> {
    fn queries(&self) -> u64 {
        self.gaps.iter().map(|gap| gap.queries).fold(0, u64::saturating_add)
    }

    fn mark(&self) -> Option<GapMark> {
        self.gaps.iter().find_map(|gap| gap.mark)
    }

    fn is_reopened(&self) -> bool {
        self.gaps.iter().any(|gap| gap.reopened)
    }

    fn is_quiet(&self) -> bool {
        self.mark() == Some(GapMark::NotMine)
    }

    /// How many names it stands for, where it is that of names which few people asked for.
    fn others(&self) -> Option<u64> {
        self.figures?.names.filter(|_| self.first.name == OTHERS)
    }

    fn row(&self, week: &ResponseOutcomes, at: &ViewContext<'_>) -> GapRow {
        let Gap { name, name_type, .. } = self.first;
        let (name_type, others, queries) = (*name_type, self.others(), self.queries());
        // A row that stands for many names has no questions of its own to list.
        let at = &if others.is_some() { at.without_links() } else { *at };
        let mut parts: Vec<GapPart> = self.gaps.iter().map(|gap| part(gap, week, at)).collect();
        parts.sort_by_key(|part| GAP_KINDS.iter().position(|(kind, ..)| *kind == part.kind));
        let mut titles: Vec<&str> = parts.iter().map(|part| part.title).collect();
        titles.dedup();
        let asked = self.figures.map_or(queries, |figures| figures.queries.max(queries));
        let partly = self.gaps.iter().map(|gap| gap.partly).fold(0, u64::saturating_add);
        // Of several kinds only the sum is known by a filter, not what of it failed.
        let of_one = |narrowed: fn(QuestionFilter) -> QuestionFilter| match parts.as_slice() {
            [only] => Some(narrowed(at.this_week().gap(name, name_type, only.kind))),
            _ => None,
        };
        let missed: fn(QuestionFilter) -> QuestionFilter =
            if partly > 0 { |all| all.coverage(MatchType::None) } else { |all| all };
        let Examples { questions: examples, reasons, answers } = self.examples(at);
        let mut related: Vec<String> = Vec::new();
        for other in self.gaps.iter().flat_map(|gap| &gap.related) {
            let other = at.word(other);
            if related.len() < at.limits.related && !related.contains(&other) {
                related.push(other);
            }
        }
        let weeks = self.gaps.iter().map(|gap| gap.weeks_running).max().unwrap_or_default();
        GapRow {
            id: row_id(name_type, name),
            key: name.clone(),
            name: others.map_or_else(|| at.name(name), |names| other_names(names, name_type)),
            name_type: name_type.code(),
            many: others.is_some(),
            why: titles.join(" · "),
            asked: at.count(asked, at.about(at.this_week(), name_type, name)),
            failed: at.count_if_any(queries.saturating_sub(partly), of_one(missed)),
            partly: at.count_if_any(partly, of_one(|all| all.coverage(MatchType::Partial))),
            weeks,
            once: queries == 1 && weeks <= 1,
            examples,
            reasons,
            answers,
            thumbs: self.figures.and_then(|figures| figures.feedback).map(say::thumbs),
            related: say::asked_with(&related),
            mark_code: self.mark().map(GapMark::code),
            mark: self.mark().map(marked),
            reopened: self.is_reopened(),
            quiet: self.is_quiet(),
            link: at.questions(at.this_week().any_gap(name, name_type)),
            parts,
        }
    }

    /// Different questions of all kinds, and beside each the agent's own reason and its answer.
    fn examples(&self, at: &ViewContext<'_>) -> Examples {
        let mut all = Examples::default();
        let Limits { examples, reason_columns, answer_columns, .. } = at.limits;
        let shown = |text: &Option<String>, columns: usize| {
            let text = text.as_ref().filter(|_| columns > 0);
            text.map(|text| sanitize(text, columns))
        };
        for gap in &self.gaps {
            let reasons = gap.example_reasons.iter().chain(std::iter::repeat(&None));
            let answers = gap.example_answers.iter().chain(std::iter::repeat(&None));
            for ((example, reason), answer) in gap.examples.iter().zip(reasons).zip(answers) {
                let example = at.question(example);
                if all.questions.len() < examples && !all.questions.contains(&example) {
                    all.questions.push(example);
                    all.reasons.push(shown(reason, reason_columns));
                    all.answers.push(shown(answer, answer_columns));
                }
            }
        }
        all
    }
}

/// Where the row of a name is on a page: `gap-3f2a…`.
pub(super) fn row_id(name_type: NameType, name: &str) -> String {
    let mut digits = hex::encode(Sha256::digest([name_type.code(), name].join("/")));
    digits.truncate(12);
    format!("gap-{digits}")
}

fn part(gap: &Gap, week: &ResponseOutcomes, at: &ViewContext<'_>) -> GapPart {
    let link = at.questions(at.this_week().gap(&gap.name, gap.name_type, gap.kind));
    let open = say::open_for(gap.weeks_running).map(|open| format!("; {open}"));
    GapPart {
        kind: gap.kind,
        title: kind_name_in(gap.kind, week),
        meaning: kind_meaning(gap.kind),
        evidence: LinkedText::linked(questions(gap.queries), link.clone())
            .text(in_conversations(gap.queries, gap.conversations))
            .text(open.unwrap_or_default()),
        first_seen: sanitize(&gap.first_seen, 10),
        link,
    }
}

/// The gaps by kind: those that fail again, then kind by kind, last those that are not the owner's.
fn grouped(rows: &[GapRow]) -> Vec<GapGroup> {
    let group =
        |title: &'static str, meaning: String, belongs: &dyn Fn(&GapRow, &GapPart) -> bool| {
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
    let reopened = format!("{}, but the gap is open again.", marked(GapMark::HaveIt));
    let mut groups = vec![group("Open again", reopened, &|row, _| row.reopened)];
    groups.extend(GAP_KINDS.iter().map(|(kind, title, meaning)| {
        group(title, (*meaning).to_owned(), &|row, part| {
            part.kind == *kind && !row.reopened && !row.quiet
        })
    }));
    let not_mine = format!("{}: nothing to do.", marked(GapMark::NotMine));
    groups.push(group("Not your skills", not_mine, &|row, _| row.quiet && !row.reopened));
    groups.retain(|group| !group.gaps.is_empty());
    groups
}

/// A gap that the owner closes.
#[derive(Clone, Debug, Serialize)]
pub struct TrackedView {
    /// The name.
    pub name: String,
    /// `open again`, `closed`, `waiting` or `learning`.
    pub state: &'static str,
    /// Whether its questions are answered now.
    pub good: bool,
    /// `none of 9 answered before; 6 of 7 answered in the 3 weeks since you added it`.
    pub text: LinkedText,
    /// All questions of the eight weeks about it.
    pub link: Option<String>,
}

pub(super) fn tracked(tracked: &[TrackedGap], at: &ViewContext<'_>) -> Listing<TrackedView> {
    Listing::of(tracked, at.limits.tracked, GAPS, |gap| TrackedView {
        name: at.name(&gap.name),
        state: say::tracked_state(gap.state),
        good: gap.state == TrackedState::Closed,
        text: say::since_marked(gap, at),
        link: at.questions(at.this_week().eight_weeks().about(&gap.name)),
    })
}
