//! The buttons that mark a gap, wherever one stands, and what a page says afterwards.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::view::phrases::gap_mark_buttons::{mark_consequence, mark_name};
use cv_analytics_insights::view::text::sanitize;
use serde::Serialize;

use crate::form::Form;

/// The parameter that names the gap whose mark was changed a moment ago.
const MARKED: &str = "marked";
/// The mark's code that takes the last change back.
pub(crate) const BACK: &str = "back";
/// How long after a change its page offers to undo it.
const UNDO_WITHIN_MS: i64 = 10 * 60 * 1000;
/// Columns of a gap's name.
pub(crate) const NAME_COLUMNS: usize = 80;

/// The gap that a row of buttons marks.
#[derive(Debug, Serialize)]
pub(crate) struct MarkForm {
    /// As it is written in forms.
    key: String,
    name: String,
    /// The code of the mark in force.
    mark_code: Option<&'static str>,
}

/// What was done a moment ago, and the button that undoes it.
#[derive(Debug, Serialize)]
pub(crate) struct MarkedView {
    key: String,
    name: String,
    /// What holds from now on, in a sentence.
    text: String,
    /// The undo button's value (`none` or `back`) and label; absent where there is nothing recent to undo.
    back: Option<(&'static str, String)>,
}

impl MarkForm {
    pub(crate) fn of(name: &str, mark: Option<GapMark>) -> Self {
        let (key, shown) = (name.to_owned(), sanitize(name, NAME_COLUMNS));
        Self { key, name: shown, mark_code: mark.map(GapMark::code) }
    }
}

impl MarkedView {
    /// The settings' mark of the gap that the address names; unknown gaps show nothing, so an address cannot inject
    /// text.
    pub(crate) fn of(settings: &FigureSettings, query: &str, now: Timestamp) -> Option<Self> {
        let query = Form::read(query.as_bytes());
        let key = query.get(MARKED)?;
        let marked = settings.gap_marks.get(key)?;
        let before = marked.earlier.last().and_then(|earlier| earlier.mark);
        let back = match (marked.mark, before) {
            (None, None) => None,
            (Some(_), None) => Some(("none", "Undo".to_owned())),
            (_, Some(before)) => Some((BACK, format!("Back to “{}”", mark_name(before)))),
        };
        let is_new = |at: Timestamp| now.as_millis() - at.as_millis() < UNDO_WITHIN_MS;
        let back = back.filter(|_| marked.at.is_some_and(is_new));
        Some(Self {
            key: key.to_owned(),
            name: sanitize(key, NAME_COLUMNS),
            text: match marked.mark {
                None => "no mark any more.".to_owned(),
                Some(mark) => {
                    format!("marked “{}”: {}.", mark_name(mark), mark_consequence(mark))
                }
            },
            back,
        })
    }
}

/// A query without the gap that was marked.
pub(crate) fn without_marked(query: &str) -> String {
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != MARKED);
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The address `next` with the gap that was marked.
pub(crate) fn with_marked(next: &str, name: &str) -> String {
    let (address, fragment) = next.split_once('#').unwrap_or((next, ""));
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let kept = without_marked(query);
    let marked = form_urlencoded::Serializer::new(String::new()).append_pair(MARKED, name).finish();
    let and = if kept.is_empty() { "" } else { "&" };
    let hash = if fragment.is_empty() { "" } else { "#" };
    format!("{path}?{kept}{and}{marked}{hash}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_last_gap_that_was_marked_and_keeps_the_rest() {
        for (next, expect) in [
            ("/weeks/2026-W47#gap-1", "/weeks/2026-W47?marked=a%26b#gap-1"),
            ("/settings?marked=other", "/settings?marked=a%26b"),
            ("/questions?gap=a%26b&page=2", "/questions?gap=a%26b&page=2&marked=a%26b"),
        ] {
            assert_eq!(with_marked(next, "a&b"), expect);
        }
        assert_eq!(without_marked("gap=x+y&marked=x+y"), "gap=x+y");
    }
}
