//! What a change of the settings does to the figures of a week, in sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Gap, GapKind, Report};
use crate::view::limits::Limits;
use crate::view::links::Links;
use crate::view::phrases::gaps::kind_name;
use crate::view::text::{listed, number, questions, sanitize};
use crate::view::week::{Listing, WeekView, listing};

/// Sentences that are shown.
const MAX_CHANGES: usize = 12;
/// Names within a sentence.
const MAX_NAMES: usize = 5;
/// Columns of a name.
const NAME_COLUMNS: usize = 48;

/// What `after` says otherwise than `before`, two reports of one week under other settings: how many
/// questions count, what to do first, the gaps, the skills that nobody asks about, then skills and
/// topics by name. Empty where all of that is the same.
pub fn changes(before: &Report, after: &Report) -> Listing<String> {
    let mut lines = Vec::new();
    let (counted, counts) = (before.provenance.interactions, after.provenance.interactions);
    if counted != counts {
        lines.push(format!("Questions that count: {} → {}", number(counted), number(counts)));
    }
    lines.extend(first_action(before, after));
    lines.extend(gaps(before, after));
    lines.extend(never_asked(before, after));
    let skills = |report: &Report| {
        let rows = report.skills.iter();
        rows.map(|row| (row.skill.clone(), row.figures.queries)).collect::<BTreeMap<_, _>>()
    };
    lines.extend(counts_of("Skill", &skills(before), &skills(after)));
    let topics = |report: &Report| {
        let rows = report.topics.iter();
        rows.map(|row| (row.topic.clone(), row.figures.queries)).collect::<BTreeMap<_, _>>()
    };
    lines.extend(counts_of("Topic", &topics(before), &topics(after)));
    listing(lines.into_iter(), MAX_CHANGES, ("change", "changes"), |line| line)
}

fn first_action(before: &Report, after: &Report) -> Option<String> {
    let title = |report: &Report| {
        let view = WeekView::of(report, &Links::None, Limits::PAGE);
        view.actions.shown.into_iter().next().map(|action| action.title)
    };
    match (title(before), title(after)) {
        (before, after) if before == after => None,
        (Some(before), Some(after)) => {
            Some(format!("Do this first: “{after}”, in place of “{before}”"))
        }
        (None, Some(after)) => Some(format!("Do this first: “{after}”")),
        (Some(before), None) => Some(format!("Nothing is left to do: “{before}” goes")),
        (None, None) => None,
    }
}

/// The kinds of each gap with their questions.
type Kinds = Vec<(GapKind, u64)>;

fn gaps(before: &Report, after: &Report) -> Vec<String> {
    let key = |gap: &Gap| (gap.name_type.code(), gap.name.clone());
    let kinds = |report: &Report| {
        let mut all: BTreeMap<_, Kinds> = BTreeMap::new();
        for gap in &report.gaps {
            all.entry(key(gap)).or_default().push((gap.kind, gap.queries));
        }
        for kinds in all.values_mut() {
            kinds.sort_unstable();
        }
        all
    };
    let (was, is) = (kinds(before), kinds(after));
    let gone = before.gaps.iter().filter(|gap| !is.contains_key(&key(gap)));
    let mut names: Vec<_> = after.gaps.iter().chain(gone).map(key).collect();
    let mut seen = BTreeSet::new();
    names.retain(|key| seen.insert(key.clone()));
    let none = Kinds::new();
    let line = |key: (&'static str, String)| {
        let (was, is) = (was.get(&key).unwrap_or(&none), is.get(&key).unwrap_or(&none));
        let name = sanitize(&key.1, NAME_COLUMNS);
        let of = |kinds: &Kinds| -> Vec<GapKind> { kinds.iter().map(|(kind, _)| *kind).collect() };
        let asked = |kinds: &Kinds| kinds.iter().map(|(_, queries)| queries).sum::<u64>();
        let words = |kinds: &Kinds| {
            let names: Vec<_> = kinds.iter().map(|(kind, _)| kind_name(*kind)).collect();
            names.join(" · ")
        };
        if was == is {
            None
        } else if was.is_empty() {
            Some(format!("New gap: {name} ({}), {}", words(is), questions(asked(is))))
        } else if is.is_empty() {
            Some(format!("No gap any more: {name} ({}), {}", words(was), questions(asked(was))))
        } else if of(was) == of(is) {
            let (was, is) = (number(asked(was)), questions(asked(is)));
            Some(format!("Gap {name}: {was} → {is}"))
        } else {
            Some(format!("Gap {name}: “{}” → “{}”", words(was), words(is)))
        }
    };
    names.into_iter().filter_map(line).collect()
}

fn never_asked(before: &Report, after: &Report) -> Vec<String> {
    let names = |report: &Report| report.never_asked.clone().unwrap_or_default();
    let (was, is) = (names(before), names(after));
    let without = |all: &[String], others: &[String]| -> Vec<String> {
        all.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let line = |what: &str, names: Vec<String>| {
        (!names.is_empty())
            .then(|| format!("On your CV, never asked about: {what}{}", some(&names)))
    };
    let lines = [line("", without(&is, &was)), line("no longer ", without(&was, &is))];
    lines.into_iter().flatten().collect()
}

/// A few names, and how many others there are.
pub fn some(names: &[String]) -> String {
    let mut shown: Vec<String> =
        names.iter().take(MAX_NAMES).map(|name| sanitize(name, NAME_COLUMNS)).collect();
    let others = u64::try_from(names.len().saturating_sub(MAX_NAMES)).unwrap_or(u64::MAX);
    if others > 0 {
        shown.push(format!("{} more", number(others)));
    }
    listed(&shown)
}

/// The names whose count is another one, those that change most first.
fn counts_of(
    what: &str,
    before: &BTreeMap<String, u64>,
    after: &BTreeMap<String, u64>,
) -> Vec<String> {
    let count = |all: &BTreeMap<String, u64>, name: &str| all.get(name).copied().unwrap_or(0);
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().map(|name| (name, count(before, name), count(after, name)));
    let mut changed: Vec<_> = changed.filter(|(_, was, is)| was != is).collect();
    changed.sort_by_key(|(name, was, is)| (std::cmp::Reverse(was.abs_diff(*is)), *name));
    let line = |(name, was, is): (&String, u64, u64)| {
        let name = sanitize(name, NAME_COLUMNS);
        format!("{what} {name}: {} → {}", number(was), questions(is))
    };
    changed.into_iter().map(line).collect()
}
