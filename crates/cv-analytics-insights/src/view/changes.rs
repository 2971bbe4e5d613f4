//! What a change of the settings does to the figures of a week, in sentences.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Gap, GapKind, NameType, Report};
use crate::view::limits::{Limits, Listing};
use crate::view::links::Links;
use crate::view::phrases::gaps::kind_name;
use crate::view::text::{listed, number, questions, sanitize};
use crate::view::week::WeekView;

/// Sentences that are shown.
const MAX_CHANGES: usize = 12;
/// Names within a sentence.
const MAX_NAMES: usize = 5;
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
    lines.extend(counts_of("Skill", NameType::Skill, before, after));
    lines.extend(counts_of("Topic", NameType::Topic, before, after));
    Listing::of(lines, MAX_CHANGES, ("change", "changes"), |line| line)
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

/// The kinds of a gap with their questions.
type Kinds = Vec<(GapKind, u64)>;

fn gaps(before: &Report, after: &Report) -> Vec<String> {
    let asked = |kinds: &Kinds| kinds.iter().map(|(_, queries)| queries).sum::<u64>();
    let words = |kinds: &Kinds| {
        kinds.iter().map(|(kind, _)| kind_name(*kind)).collect::<Vec<_>>().join(" · ")
    };
    let mut seen = BTreeSet::new();
    let each = after.gaps.iter().chain(&before.gaps);
    let each = each.filter(|gap| seen.insert((gap.name_type.code(), gap.name.as_str())));
    let line = |of: &Gap| {
        let kinds = |report: &Report| {
            let gaps = report.gaps.iter().filter(|gap| gap.is_about(of.name_type, &of.name));
            let mut kinds: Kinds = gaps.map(|gap| (gap.kind, gap.queries)).collect();
            kinds.sort_unstable();
            kinds
        };
        let (was, is) = (kinds(before), kinds(after));
        let name = sanitize(&of.name, NAME_COLUMNS);
        if was == is {
            None
        } else if was.is_empty() {
            Some(format!("New gap: {name} ({}), {}", words(&is), questions(asked(&is))))
        } else if is.is_empty() {
            Some(format!("No gap any more: {name} ({}), {}", words(&was), questions(asked(&was))))
        } else if was.iter().map(|(kind, _)| kind).eq(is.iter().map(|(kind, _)| kind)) {
            let (was, is) = (number(asked(&was)), questions(asked(&is)));
            Some(format!("Gap {name}: {was} → {is}"))
        } else {
            Some(format!("Gap {name}: “{}” → “{}”", words(&was), words(&is)))
        }
    };
    each.filter_map(line).collect()
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
fn counts_of(what: &str, name_type: NameType, before: &Report, after: &Report) -> Vec<String> {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (_, name, figures) in before.names().filter(|(of, ..)| *of == name_type) {
        counts.entry(name).or_default().0 = figures.queries;
    }
    for (_, name, figures) in after.names().filter(|(of, ..)| *of == name_type) {
        counts.entry(name).or_default().1 = figures.queries;
    }
    let mut changed: Vec<_> = counts.into_iter().filter(|(_, (was, is))| was != is).collect();
    changed.sort_by_key(|(name, (was, is))| (std::cmp::Reverse(was.abs_diff(*is)), *name));
    let line = |(name, (was, is)): (&str, (u64, u64))| {
        let name = sanitize(name, NAME_COLUMNS);
        format!("{what} {name}: {} → {}", number(was), questions(is))
    };
    changed.into_iter().map(line).collect()
}
