//! The figures of every week, counted once and remembered, for the overview.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cv_analytics_core::event::RequestId;
use cv_analytics_core::store::SharedStore;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::WeekFigures;
use cv_analytics_insights::report::totals::count_week;
use cv_analytics_insights::settings::Exclusions;

use crate::page::PageError;
use crate::questions::view::model;
use crate::weeks::reports::{Reports, is_fresh};

/// How long a page waits for weeks that are being counted before it shows those that are there.
const COUNTING_TIMEOUT: Duration = Duration::from_secs(1);
/// The newest weeks that still change: the current one, and the one before, which gets late answers and feedback.
const CHANGING_WEEKS: usize = 2;
/// How long after its end a week of a store that cannot tell whether it changed is taken as settled.
const SETTLED_AFTER_MS: i64 = 14 * 24 * 3600 * 1000;

#[derive(Debug)]
pub(crate) struct CountedWeek {
    /// `None` where nothing in it counts.
    pub(crate) figures: Option<WeekFigures>,
    /// The model that gave the week's last answer, where the event named it.
    pub(crate) model: Option<String>,
    marker: Option<u64>,
    counted_at: Timestamp,
}

/// The weeks that were asked for, as far as they are counted.
pub(crate) struct Totals {
    pub(crate) weeks: BTreeMap<IsoWeek, Arc<CountedWeek>>,
    /// How many are still to be counted.
    pub(crate) missing: usize,
}

/// Counts weeks and remembers them.
pub(crate) struct WeekTotals {
    store: SharedStore,
    reports: Arc<Reports>,
    clock: fn() -> Timestamp,
    known: Mutex<Known>,
    /// Held while weeks are counted, so that each is read once.
    counting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// What was left out of every week.
    exclusions: Exclusions,
    weeks: BTreeMap<IsoWeek, Arc<CountedWeek>>,
    /// The first and last settled week whose counts are current, and their common change marker.
    unchanged: Option<(IsoWeek, IsoWeek, u64)>,
}

impl WeekTotals {
    pub(crate) fn new(store: SharedStore, reports: Arc<Reports>, clock: fn() -> Timestamp) -> Self {
        let (known, counting) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { store, reports, clock, known, counting }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The figures of `weeks`, in order. Missing ones are counted in the background, newest first, even after the page.
    pub(crate) async fn of(self: &Arc<Self>, weeks: &[IsoWeek]) -> Result<Totals, PageError> {
        let (totals, wanted) = (Arc::clone(self), weeks.to_vec());
        let counting = tokio::spawn(async move {
            let counted = totals.count(&wanted).await;
            if let Err(error) = &counted {
                tracing::warn!(error = %error, "failed to count the weeks of the overview");
            }
            counted
        });
        if let Ok(counted) = tokio::time::timeout(COUNTING_TIMEOUT, counting).await {
            counted??;
        }
        let known = self.known();
        let counted = weeks.iter().filter_map(|week| Some((*week, known.weeks.get(week)?)));
        let weeks_counted: BTreeMap<_, _> =
            counted.map(|(week, counted)| (week, Arc::clone(counted))).collect();
        Ok(Totals { missing: weeks.len() - weeks_counted.len(), weeks: weeks_counted })
    }

    async fn count(&self, weeks: &[IsoWeek]) -> Result<(), PageError> {
        let _turn = self.counting.lock().await;
        let rules = self.reports.rules(&*self.store).await?;
        let exclusions = &rules.settings().exclusions;
        {
            let mut known = self.known();
            if known.exclusions != *exclusions {
                *known = Known { exclusions: exclusions.clone(), ..Known::default() };
            }
        }
        let (settled, lively) = weeks.split_at(weeks.len().saturating_sub(CHANGING_WEEKS));
        for week in lively.iter().rev() {
            self.count_if_changed(exclusions, *week).await?;
        }
        let (Some(first), Some(last)) = (settled.first(), settled.last()) else { return Ok(()) };
        let marker = self.store.change_marker(first.start()..last.end()).await?;
        let unchanged = marker.map(|marker| (*first, *last, marker));
        if unchanged.is_some() && self.known().unchanged == unchanged {
            return Ok(());
        }
        for week in settled.iter().rev() {
            self.count_if_changed(exclusions, *week).await?;
        }
        self.known().unchanged = unchanged;
        Ok(())
    }

    async fn count_if_changed(
        &self,
        exclusions: &Exclusions,
        week: IsoWeek,
    ) -> Result<(), PageError> {
        // Asked for before the week is read: a change meanwhile has it counted again the next time.
        let marker = self.store.change_marker(week.start()..week.end()).await?;
        let now = (self.clock)();
        let settled_at = week.end().plus_millis(SETTLED_AFTER_MS);
        let holds = self.known().weeks.get(&week).is_some_and(|counted| {
            let is_old = counted.counted_at >= settled_at || is_fresh(counted.counted_at, now);
            counted.marker == marker && (marker.is_some() || is_old)
        });
        if holds {
            return Ok(());
        }
        let totals = count_week(&*self.store, exclusions, week).await?;
        let last = totals.last_answered.and_then(|id| RequestId::new(id).ok());
        let last = match last {
            Some(id) => self.store.interaction(&id).await?,
            None => None,
        };
        let counted = CountedWeek {
            figures: totals.figures,
            model: last.as_ref().and_then(model).map(str::to_owned),
            marker,
            counted_at: now,
        };
        self.known().weeks.insert(week, Arc::new(counted));
        Ok(())
    }
}
