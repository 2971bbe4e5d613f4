//! What may have changed the figures: the owner's marks, the CV list, another model.

use std::collections::BTreeMap;
use std::sync::Arc;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::cv_changes::CvChange;
use cv_analytics_insights::settings::gap_marks::MarkedGap;
use cv_analytics_insights::view::links::week_page;
use cv_analytics_insights::view::phrases::gap_mark_buttons::mark_name;
use cv_analytics_insights::view::text::{number, sanitize};
use serde::Serialize;

use crate::times::{Moment, Times};
use crate::weeks::totals::CountedWeek;

/// Columns of a name, of a gap or of a model.
pub(super) const NAME_COLUMNS: usize = 60;
/// What may have happened: a class of the stylesheet, and what its sign stands for.
pub(super) const SIGNS: [(&str, &str); 3] =
    [("cv", "CV list changed"), ("gap-mark", "You marked a gap"), ("version", "Another model")];

/// Something that may have changed the figures.
#[derive(Serialize)]
pub(super) struct HappenedView {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) at: Option<Moment>,
    pub(super) week: String,
    pub(super) href: String,
}

/// What happened in a week, to be drawn where it did.
pub(super) struct Happened {
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) week: IsoWeek,
    pub(super) at: Option<Timestamp>,
}

impl HappenedView {
    pub(super) fn of(one: &Happened, times: &Times) -> Self {
        Self {
            kind: one.kind,
            text: one.text.clone(),
            at: one.at.map(|at| times.moment(at)),
            week: one.week.to_string(),
            href: week_page(one.week),
        }
    }
}

/// The marks of gaps that the owner set, those that hold no longer too.
pub(super) fn marks(settings: &FigureSettings) -> Vec<Happened> {
    let of_gap = |(name, marked): (&String, &MarkedGap)| {
        let name = sanitize(name, NAME_COLUMNS);
        let earlier = marked.earlier.iter().map(|earlier| (earlier.mark, earlier.at));
        let all = earlier.chain([(marked.mark, marked.at)]);
        let dated = all.filter_map(|(mark, at)| Some((mark?, at?)));
        dated
            .map(|(mark, at)| Happened {
                kind: "gap-mark",
                text: format!("{}: {name}", mark_name(mark)),
                week: IsoWeek::containing(at),
                at: Some(at),
            })
            .collect::<Vec<_>>()
    };
    settings.gap_marks.iter().flat_map(of_gap).collect()
}

pub(super) fn cv_changed(change: CvChange) -> Happened {
    let entries =
        |count: usize, done: &str| (count > 0).then(|| format!("{} {done}", number(count as u64)));
    let parts = [entries(change.added, "added"), entries(change.removed, "removed")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Happened {
        kind: "cv",
        text: format!("CV list changed: {}", parts.join(", ")),
        week: IsoWeek::containing(change.at),
        at: Some(change.at),
    }
}

/// The weeks whose last answer another model gave than that of the week before with data.
pub(super) fn versions(weeks: &BTreeMap<IsoWeek, Arc<CountedWeek>>) -> Vec<Happened> {
    let mut before: Option<&str> = None;
    let mut changes = Vec::new();
    for (week, counted) in weeks {
        let Some(model) = counted.model.as_deref() else { continue };
        if let Some(before) = before.filter(|before| *before != model) {
            let [model, before] = [model, before].map(|name| sanitize(name, NAME_COLUMNS));
            let text = format!("Your agent answers with {model}, before with {before}");
            changes.push(Happened { kind: "version", text, week: *week, at: None });
        }
        before = Some(model);
    }
    changes
}
