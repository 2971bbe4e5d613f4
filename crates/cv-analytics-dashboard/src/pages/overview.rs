//! `/weeks`: every week at a glance, by weeks, months or quarters; and where the list of weeks leads.

mod change;
mod happened;
mod sums;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::Response;
use axum::response::{IntoResponse, Redirect};
use cv_analytics_core::event::MatchType;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::questions::parameters::{Halves, Handled};
use cv_analytics_insights::settings::cv_changes::cv_changes;
use cv_analytics_insights::view::gaps::GapRow;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::text::LinkedText;
use cv_analytics_insights::view::links::{Links, week_page};
use cv_analytics_insights::view::text::{number, questions, sanitize, share};
use cv_analytics_insights::view::week::WeekView;
use serde::Serialize;

use self::change::{ChangeView, change, is_a_name};
use self::happened::{Happened, HappenedView, NAME_COLUMNS, SIGNS, cv_changed, marks, versions};
use self::sums::{FAILED, PARTS, Sums, worst};
use crate::dashboard::Dashboard;
use crate::form::Form;
use crate::page::charts::Bar;
use crate::page::charts::timeline::{Span, Timeline, timeline};
use crate::page::owner::Owner;
use crate::page::{PageError, render};
use crate::times::Times;
use crate::weeks::periods::{By, Period, weeks_of};
use crate::weeks::totals::Totals;

/// Names of the worst period's gaps.
const MAX_WORST_NAMES: usize = 3;
/// Among so many weeks each has its number under it.
const MAX_NUMBERED_WEEKS: usize = 13;

#[derive(Serialize)]
struct OverviewView {
    /// `42 weeks, 2025-W06 to 2026-W47`.
    range: String,
    note: String,
    by: Vec<Choice>,
    show: Vec<Choice>,
    /// How months and quarters are made of weeks.
    grouped: Option<&'static str>,
    /// The page of everything, where this one shows one month or quarter.
    all: Option<String>,
    earlier: Option<String>,
    later: Option<String>,
    /// How far the count has come, while it goes on.
    counting: Option<String>,
    worst: Option<WorstView>,
    chart: Option<Timeline>,
    legend: [(&'static str, &'static str); 5],
    /// The kinds of what happened, and what they are called.
    signs: Vec<(&'static str, &'static str)>,
    /// That small weeks are pale.
    has_small: bool,
    rows: Vec<RowView>,
    /// What the rows are called: `Week`.
    row_name: &'static str,
    happened: Vec<HappenedView>,
    change: Option<ChangeView>,
}

/// A way to look at it, and its page.
#[derive(Serialize)]
struct Choice {
    name: &'static str,
    href: String,
    chosen: bool,
}

#[derive(Serialize)]
struct WorstView {
    name: String,
    days: String,
    href: String,
    /// `44% got no good answer: 45 not covered, 17 failed or unanswered`.
    text: LinkedText,
    /// `Kubernetes (31), salary (9)`.
    names: Option<LinkedText>,
}

/// The figures of one period.
#[derive(Serialize)]
struct RowView {
    name: String,
    days: String,
    href: Option<String>,
    worst: bool,
    /// `None` without data.
    figures: Option<RowFigures>,
}

#[derive(Serialize)]
struct RowFigures {
    questions: LinkedText,
    parts: Vec<LinkedText>,
    /// The part that got no good answer, in percent.
    bad: Option<String>,
}

/// What the address says.
struct Asked {
    by: By,
    shares: bool,
    /// A month or a quarter, of which the weeks are shown.
    within: Option<(String, Vec<IsoWeek>)>,
    until: Option<IsoWeek>,
}

impl Asked {
    fn read(form: &Form) -> Result<Self, PageError> {
        let invalid = |name: &str, value: &str, expected: &str| {
            let value = sanitize(value, NAME_COLUMNS);
            PageError::BadRequest(format!("invalid {name} “{value}”: expected {expected}"))
        };
        let given = |name: &str| form.get(name).filter(|value| !value.is_empty());
        let by = given("by").map_or(Ok(By::Week), |code| {
            By::from_code(code).ok_or_else(|| invalid("by", code, "week, month or quarter"))
        })?;
        let shares = match given("show") {
            None | Some("counts") => false,
            Some("shares") => true,
            Some(other) => return Err(invalid("show", other, "counts or shares")),
        };
        let within = given("in").map(|key| {
            let weeks = weeks_of(key).map(|weeks| (key.to_owned(), weeks));
            weeks.ok_or_else(|| invalid("in", key, "a month or a quarter, as 2026-11 or 2026-Q4"))
        });
        let until = given("until").map(str::parse).transpose()?;
        Ok(Self { by, shares, within: within.transpose()?, until })
    }

    /// The address of the same page with other parameters.
    fn address(&self, by: By, shares: bool, until: Option<IsoWeek>, keeps_within: bool) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if by != By::Week {
            form.append_pair("by", by.code());
        }
        if shares {
            form.append_pair("show", "shares");
        }
        if let Some((key, _)) = self.within.as_ref().filter(|_| keeps_within) {
            form.append_pair("in", key);
        }
        if let Some(until) = until {
            form.append_pair("until", &until.to_string());
        }
        let query = form.finish();
        if query.is_empty() { "/weeks".to_owned() } else { format!("/weeks?{query}") }
    }

    /// The page behind a column: a week's own, else the weeks of the month or the quarter.
    fn page_of(&self, period: &Period) -> String {
        match period.by {
            By::Week => week_page(&period.name),
            By::Month | By::Quarter => {
                let shares = if self.shares { "show=shares&" } else { "" };
                format!("/weeks?{shares}in={}", period.key)
            }
        }
    }
}

/// `GET /weeks`: the overview; with `week=…`, which the list of weeks sends, that week's page.
pub(crate) async fn page(
    State(dashboard): State<Arc<Dashboard>>,
    Extension(owner): Extension<Owner>,
    RawQuery(query): RawQuery,
) -> Result<Response<Body>, PageError> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    if let Some(week) = form.get("week") {
        let week: IsoWeek = week.parse()?;
        return Ok(Redirect::to(&week_page(week)).into_response());
    }
    let asked = Asked::read(&form)?;
    let times = dashboard.times();
    let weeks = dashboard.weeks().await?;
    let newest = shown_newest(&weeks, &asked, times.now);
    let periods = match (&asked.within, weeks.first().zip(newest)) {
        (_, None) => Vec::new(),
        (Some((_, within)), _) => Period::each(within),
        (None, Some((first, newest))) => asked.by.last_periods(*first, newest),
    };
    let is_within = |week: &IsoWeek| periods.iter().any(|period| period.weeks.contains(week));
    let wanted: Vec<IsoWeek> = weeks.iter().copied().filter(is_within).collect();
    let totals = dashboard.week_totals.of(&wanted).await?;
    let rules = dashboard.reports.rules(&*dashboard.store).await?;
    let mut happened = marks(rules.settings());
    happened.extend(cv_changes(&*dashboard.store).await?.into_iter().map(cv_changed));
    happened.extend(versions(&totals.weeks));
    happened.retain(|one| is_within(&one.week));
    happened.sort_by_key(|one| std::cmp::Reverse((one.week, one.at)));

    let sums: Vec<Option<Sums>> = periods
        .iter()
        .map(|period| {
            let counted = period.weeks.iter().filter_map(|week| totals.weeks.get(week));
            Sums::of(counted.map(AsRef::as_ref))
        })
        .collect();
    let worst = (totals.missing == 0).then(|| worst(&periods, &sums, times.now)).flatten();
    let view = OverviewView {
        worst: match worst.and_then(|place| periods.get(place).zip(*sums.get(place)?)) {
            Some((period, sums)) => Some(worst_view(&dashboard, &asked, period, &sums).await?),
            None => None,
        },
        change: change(&dashboard, &weeks, &totals, times.now).await?,
        ..overview(&asked, &weeks, &periods, (&sums, worst), &totals, &happened, &times)
    };
    render("overview.html", ("Weeks", "overview"), &owner, &view)
}

/// The newest week to show: that of the address, else the newest with data, or the one that goes on
/// right after it: what is changed today has its place.
fn shown_newest(weeks: &[IsoWeek], asked: &Asked, now: Timestamp) -> Option<IsoWeek> {
    let newest = weeks.last().copied()?;
    let current = IsoWeek::containing(now);
    let latest = if newest.later(1) == current { current } else { newest };
    Some(asked.until.map_or(latest, |until| until.min(latest)))
}

/// Everything that needs no report.
fn overview(
    asked: &Asked,
    weeks: &[IsoWeek],
    periods: &[Period],
    (sums, worst): (&[Option<Sums>], Option<usize>),
    totals: &Totals,
    happened: &[Happened],
    times: &Times,
) -> OverviewView {
    let bounds = periods.first().zip(periods.last());
    let oldest = bounds.and_then(|(first, _)| first.weeks.first().copied());
    let latest = bounds.and_then(|(_, last)| last.weeks.last().copied());
    let few = periods.len() <= MAX_NUMBERED_WEEKS;
    let spans = (0..).zip(periods).zip(sums);
    let spans: Vec<Span> = spans
        .map(|((place, period), sums)| {
            let marks = happened.iter().filter(|one| period.weeks.contains(&one.week));
            let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            marks.rev().for_each(|one| kinds.entry(one.kind).or_default().push(&one.text));
            let is_small = sums.is_some_and(|sums| asked.shares && !sums.is_many());
            Span {
                bar: Bar {
                    label: period.label(few),
                    title: title(period, sums.as_ref(), times.now)
                        + if worst == Some(place) { "; the worst" } else { "" },
                    link: sums.map(|_| asked.page_of(period)),
                    parts: sums.map(|sums| {
                        PARTS.map(|(class, _)| class).into_iter().zip(sums.parts).collect()
                    }),
                },
                begins: period.begins_something(place == 0),
                faint: is_small || period.is_open(times.now),
                flag: (worst == Some(place)).then_some("worst"),
                marks: kinds
                    .into_iter()
                    .map(|(kind, texts)| (kind, format!("{}: {}", period.name, texts.join("; "))))
                    .collect(),
            }
        })
        .collect();
    let rows = (0..).zip(periods).zip(sums).map(|((place, period), sums)| RowView {
        name: period.name.clone(),
        days: period.days(),
        href: sums.map(|_| asked.page_of(period)),
        worst: worst == Some(place),
        figures: sums.map(|sums| row_figures(period, &sums)),
    });
    let mut rows: Vec<RowView> = rows.collect();
    rows.reverse();
    let choice = |(by, name): (By, &'static str)| Choice {
        name,
        href: asked.address(by, asked.shares, None, false),
        chosen: by == asked.by && asked.within.is_none(),
    };
    let shown = |(shares, name): (bool, &'static str)| Choice {
        name,
        href: asked.address(asked.by, shares, asked.until, true),
        chosen: shares == asked.shares,
    };
    let is_all = asked.within.is_none();
    let earlier = oldest.zip(weeks.first()).filter(|(oldest, first)| is_all && *first < oldest);
    let later = latest.zip(weeks.last()).filter(|(latest, last)| is_all && *last > latest);
    OverviewView {
        range: match (bounds, &asked.within) {
            (None, _) => String::new(),
            (Some(_), Some((key, _))) => format!("The weeks of {key}"),
            (Some((first, last)), None) if first.name == last.name => first.name.clone(),
            (Some((first, last)), None) => format!("{} to {}", first.name, last.name),
        },
        note: times.note(),
        by: [(By::Week, "Weeks"), (By::Month, "Months"), (By::Quarter, "Quarters")]
            .map(choice)
            .into(),
        show: [(false, "Counts"), (true, "Shares")].map(shown).into(),
        grouped: (asked.by != By::Week || asked.within.is_some())
            .then_some("A week belongs to the month and the quarter of its Thursday."),
        all: asked.within.as_ref().map(|_| asked.address(By::Week, asked.shares, None, false)),
        earlier: earlier.map(|(oldest, _)| {
            asked.address(asked.by, asked.shares, Some(oldest.earlier(1)), false)
        }),
        later: later.map(|(latest, last)| {
            let until = latest.later(asked.by.window_weeks()).min(*last);
            asked.address(asked.by, asked.shares, Some(until).filter(|until| until != last), false)
        }),
        counting: (totals.missing > 0).then(|| {
            let all = totals.weeks.len() + totals.missing;
            format!("{} of {all} weeks are counted so far", totals.weeks.len())
        }),
        worst: None,
        has_small: asked.shares && sums.iter().flatten().any(|sums| !sums.is_many()),
        chart: (!spans.is_empty()).then(|| timeline(spans, asked.shares)),
        legend: PARTS,
        signs: SIGNS
            .into_iter()
            .filter(|(kind, _)| happened.iter().any(|one| one.kind == *kind))
            .collect(),
        rows,
        row_name: asked.by.name(),
        happened: happened.iter().map(|one| HappenedView::of(one, times)).collect(),
        change: None,
    }
}

/// What a column says: `2026-W47, 16–22 November 2026: 112 questions; 60 fully covered (54%), …`.
fn title(period: &Period, sums: Option<&Sums>, now: Timestamp) -> String {
    let open = if period.is_open(now) { ", not over yet" } else { "" };
    let name = match period.by {
        By::Week => format!("{}, {}{open}", period.name, period.days()),
        By::Month | By::Quarter => format!("{}{open}", period.name),
    };
    let Some(sums) = sums else { return format!("{name}: no data") };
    let parts = sums.parts.iter().zip(PARTS).filter(|(count, _)| **count > 0);
    let parts = parts.map(|(count, (_, words))| {
        let share = share(*count, sums.interactions);
        let share = share.map(|share| format!(" ({share})")).unwrap_or_default();
        format!("{} {}{share}", number(*count), words.to_lowercase())
    });
    format!("{name}: {}; {}", questions(sums.queries), parts.collect::<Vec<_>>().join(", "))
}

fn row_figures(period: &Period, sums: &Sums) -> RowFigures {
    let filter = period.questions();
    let linked = |count: u64, of: &dyn Fn(QuestionFilter) -> QuestionFilter| {
        let link = filter.clone().filter(|_| count > 0).map(|filter| of(filter).path());
        LinkedText::linked(number(count), link)
    };
    let parts =
        PARTS.iter().zip(sums.parts).map(|((class, _), count)| match MatchType::from_code(class) {
            Some(rating) => linked(count, &|filter| filter.coverage(rating)),
            None if *class == FAILED => linked(count, &|filter| filter.handled(Handled::Failed)),
            None => number(count).into(),
        });
    RowFigures {
        questions: linked(sums.queries, &|filter| filter.half(Halves::Query)),
        parts: parts.collect(),
        bad: share(sums.bad(), sums.interactions),
    }
}

async fn worst_view(
    dashboard: &Dashboard,
    asked: &Asked,
    period: &Period,
    sums: &Sums,
) -> Result<WorstView, PageError> {
    let figures = row_figures(period, sums);
    let parts = figures.parts.into_iter().zip(PARTS).zip(sums.parts);
    let parts = parts.filter(|((_, (class, _)), count)| {
        *count > 0 && [MatchType::None.code(), FAILED].contains(class)
    });
    let parts =
        parts.map(|((count, (_, words)), _)| count.text(format!(" {}", words.to_lowercase())));
    let share = figures.bad.unwrap_or_default();
    let names = match (period.by, period.weeks.as_slice()) {
        (By::Week, [week]) => {
            let now = dashboard.now();
            let made = dashboard.reports.report(&*dashboard.store, *week, now).await?;
            let view = WeekView::of(&made.report, &Links::Relative, Limits::PAGE);
            let rows = view.counts.into_iter().flat_map(|counts| counts.gaps.rows);
            let mut rows: Vec<GapRow> = rows.filter(is_a_name).collect();
            rows.sort_by_key(|row| std::cmp::Reverse(failed_about(&made.report, row)));
            let rows = rows.into_iter().take(MAX_WORST_NAMES);
            let names = rows.map(|row| {
                LinkedText::filled("{} ({})", [LinkedText::linked(row.name, row.link), row.failed])
            });
            LinkedText::listed(names.collect()).if_any()
        }
        _ => None,
    };
    Ok(WorstView {
        name: period.name.clone(),
        days: period.days(),
        href: asked.page_of(period),
        text: LinkedText::from(format!("{share} got no good answer: "))
            .append(LinkedText::joined(parts, ", ")),
        names,
    })
}

/// How many questions about a name failed, whatever the kind.
fn failed_about(report: &Report, row: &GapRow) -> u64 {
    let gaps = report.gaps.iter().filter(|gap| gap.name == row.key);
    gaps.map(|gap| gap.queries.saturating_sub(gap.partly)).sum()
}
