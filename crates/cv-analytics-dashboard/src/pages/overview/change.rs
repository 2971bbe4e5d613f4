//! What changed in the last week that is over.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{OTHER_QUESTIONS, TrackedState};
use cv_analytics_insights::view::gaps::GapRow;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::text::LinkedText;
use cv_analytics_insights::view::links::{Links, week_page};
use cv_analytics_insights::view::phrases::gaps::tracked_state;
use cv_analytics_insights::view::week::WeekView;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::page::PageError;
use crate::weeks::shown_week;
use crate::weeks::totals::Totals;

/// Names of what moved and of gaps.
const MAX_NAMES: usize = 5;

/// What changed in the last week that is over.
#[derive(Serialize)]
pub(super) struct ChangeView {
    pub(super) week: String,
    pub(super) href: String,
    pub(super) lines: Vec<(String, LinkedText)>,
}

/// What changed in the last week that is over, against the one before it.
pub(super) async fn change(
    dashboard: &Dashboard,
    weeks: &[IsoWeek],
    totals: &Totals,
    now: Timestamp,
) -> Result<Option<ChangeView>, PageError> {
    let week = shown_week(weeks, now);
    // While weeks are counted the store has enough to do.
    if totals.missing > 0 || !weeks.contains(&week) {
        return Ok(None);
    }
    let made = dashboard.reports.report(&*dashboard.store, week, now).await?;
    let view = WeekView::of(&made.report, &Links::Relative, Limits::PAGE);
    let Some(counts) = view.counts else { return Ok(None) };
    let mut lines: Vec<(String, LinkedText)> = Vec::new();
    for total in counts.totals {
        let note = total.note.map(|note| LinkedText::filled(" ({})", [note]));
        let value = LinkedText::linked(total.value, total.link).append(note.unwrap_or_default());
        lines.push((total.name.to_owned(), value));
    }
    let named = |rows: Vec<LinkedText>| {
        let more = rows.len().saturating_sub(MAX_NAMES);
        let more = (more > 0).then(|| LinkedText::from(format!("{more} more")));
        LinkedText::listed(rows.into_iter().take(MAX_NAMES).chain(more).collect()).if_any()
    };
    let moved = counts.moved.shown.into_iter().map(|moved| {
        let mark = moved.mark.map(|mark| format!("{mark} ")).unwrap_or_default();
        LinkedText::from(mark).link(moved.name, moved.link)
    });
    let moved = named(moved.collect()).or_else(|| counts.moved_note.map(LinkedText::from));
    lines.extend(moved.map(|moved| ("Moved".to_owned(), moved)));
    let is_new =
        |row: &GapRow| is_a_name(row) && row.parts.iter().all(|part| part.first_seen == view.week);
    let new = counts.gaps.rows.into_iter().filter(is_new);
    let new = new.map(|row| LinkedText::linked(row.name, row.link));
    lines.extend(named(new.collect()).map(|names| ("New gaps".to_owned(), names)));
    for (state, words) in
        [(TrackedState::Closed, "Gaps closed"), (TrackedState::Reopened, "Gaps open again")]
    {
        let state = tracked_state(state);
        let gaps = counts.followed.shown.iter().filter(|gap| gap.state == state);
        let gaps = gaps.map(|gap| LinkedText::linked(gap.name.clone(), gap.link.clone()));
        lines.extend(named(gaps.collect()).map(|names| (words.to_owned(), names)));
    }
    Ok(Some(ChangeView { href: week_page(week), week: view.week, lines }))
}

/// Whether a row of gaps is about something that the owner could fix.
pub(super) fn is_a_name(row: &GapRow) -> bool {
    !row.quiet && row.key != OTHER_QUESTIONS
}
