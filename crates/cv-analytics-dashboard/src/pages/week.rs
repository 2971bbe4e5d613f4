//! `/weeks/{week}`: one week, from whether its figures can be trusted to what to do.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use cv_analytics_core::event::MatchType;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::view::gaps::GapRow;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::{Links, week_page};
use cv_analytics_insights::view::phrases::coverage_words;
use cv_analytics_insights::view::scores::ScoreBin;
use cv_analytics_insights::view::text::{counted, number, questions};
use cv_analytics_insights::view::week::{HistoryRow, WeekView};
use cv_analytics_mail::schedule::DeliveryStatus;
use serde::Serialize;

use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::form::marks::MarkedView;
use crate::page::charts::{Bar, ColumnChart, columns};
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::pages::connect::{ConnectView, is_first_run};
use crate::weeks::{WeekChoice, choices};

/// The week, and what else the owner has to know now.
#[derive(Serialize)]
struct WeekPage {
    #[serde(flatten)]
    week: WeekView,
    weeks: Vec<WeekChoice>,
    previous: Option<String>,
    next: Option<String>,
    /// That the weekly mail fails, in a sentence without its end.
    mail: Option<String>,
    /// The week's questions.
    questions: String,
    /// Whether the week goes on: what was asked a moment ago may still be answered.
    is_open: bool,
    /// How an agent is connected, while nothing has arrived but tests of the connection.
    connect: Option<ConnectView>,
    /// What was marked a moment ago.
    marked: Option<MarkedView>,
    /// The gap that is to be closed first.
    first_gap: Option<GapRow>,
    /// How the questions of the eight weeks were covered.
    coverage_chart: Option<ColumnChart>,
    /// How the week's scores spread.
    score_chart: Option<ColumnChart>,
}

pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    Path(week): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let week: IsoWeek = week.parse()?;
    let now = dashboard.now();
    let weeks = dashboard.weeks().await?;
    let made = dashboard.reports.report(&*dashboard.store, week, now).await?;
    let query = query.unwrap_or_default();
    let wants_all = Form::read(query.as_bytes()).get("rows") == Some("all");
    let limits = if wants_all { Limits::ALL } else { Limits::PAGE };
    let view = WeekView::of(&made.report, &Links::Relative, limits);
    let first_gap = view.actions.shown.first().and_then(|action| action.gap_id.as_ref());
    let counts = view.counts.as_ref();
    let rows = counts.iter().flat_map(|counts| &counts.gaps.rows);
    let first_gap = first_gap.and_then(|id| rows.into_iter().find(|row| row.id == *id));
    let scores = counts.and_then(|counts| counts.scores.as_ref());
    let connect = if is_first_run(&dashboard, &weeks, now).await? {
        Some(ConnectView::of(&dashboard).await?)
    } else {
        None
    };
    let page = WeekPage {
        weeks: choices(&weeks, week),
        previous: weeks.first().filter(|first| **first < week).map(|_| week_page(week.earlier(1))),
        next: (week < IsoWeek::containing(now)).then(|| week_page(week.later(1))),
        questions: QuestionFilter::of_week(&week.to_string()).path(),
        is_open: week == IsoWeek::containing(now),
        connect,
        marked: MarkedView::of(made.rules.settings(), &query, now),
        first_gap: first_gap.cloned(),
        coverage_chart: counts.map(|counts| coverage_chart(&counts.history)),
        score_chart: scores.map(|scores| {
            let bar = |bin: &ScoreBin| Bar {
                label: bin.scores.split('–').next().unwrap_or_default().to_owned(),
                title: format!("Score {}: {}", bin.scores, questions(bin.count)),
                link: bin.text.pieces().first().and_then(|piece| piece.link.clone()),
                parts: Some(vec![("score", bin.count)]),
            };
            columns(scores.histogram.iter().map(bar).collect())
        }),
        mail: mail(&dashboard, now).await,
        week: view,
    };
    render("week.html", (&format!("Week {week}"), "weeks"), &owner, &page)
}

fn coverage_chart(history: &[HistoryRow]) -> ColumnChart {
    let kinds = [MatchType::Full, MatchType::Partial, MatchType::None];
    let bar = |row: &HistoryRow| {
        let covered = row.figures.as_ref().map(|figures| kinds.into_iter().zip(figures.covered));
        let words = covered.clone().map(|parts| {
            let part = |(kind, count)| format!("{} {}", number(count), coverage_words(kind));
            parts.map(part).collect::<Vec<_>>().join(", ")
        });
        Bar {
            label: row.label.clone(),
            title: format!("{}: {}", row.week, words.as_deref().unwrap_or("no data")),
            link: row.link.clone(),
            parts: covered.map(|parts| parts.map(|(kind, count)| (kind.code(), count)).collect()),
        }
    };
    columns(history.iter().map(bar).collect())
}

/// What fails of the weekly mail; `None` where unreadable, which the mail's page explains.
async fn mail(dashboard: &Dashboard, now: Timestamp) -> Option<String> {
    let state = match dashboard.mails.state(&*dashboard.store, now).await {
        Ok(state) => state,
        Err(error) => {
            tracing::warn!(error = %error, "failed to read how the weekly mail stands");
            return None;
        }
    };
    let is_failing = |status: &DeliveryStatus| matches!(status, DeliveryStatus::Failing { .. });
    let failing = state.recipients.iter().filter(|(_, status)| is_failing(status)).count();
    let (failing, all) = (failing as u64, state.recipients.len() as u64);
    let week = state.week;
    (failing > 0).then(|| {
        let of = format!("{} of {}", number(failing), counted(all, "recipient", "recipients"));
        format!("The weekly mail of {week} could not be sent to {of}")
    })
}
