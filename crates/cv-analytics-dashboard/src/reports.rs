//! Reports and what they are made under, remembered for as long as nothing can have changed them.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use cv_analytics_core::browse::Browse;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::{ReportBuilder, period};
use cv_analytics_insights::settings::{FigureSettings, SETTINGS_KEY};
use cv_analytics_insights::skills::cv_list::CvList;
use futures_util::TryStreamExt;

use crate::page::PageError;

/// Reports that are remembered: two years.
const MOST: usize = 104;
/// How long a report is shown again where the store cannot tell whether it changed.
const UNSURE_FOR_MS: i64 = 5 * 60 * 1000;

/// What figures are made under.
pub(crate) struct Figures {
    /// The settings' version in the ledger; `None` where nothing is set.
    version: Option<u64>,
    pub(crate) settings: FigureSettings,
    pub(crate) dictionary: SkillDictionary,
    pub(crate) cv: Option<CvList>,
}

/// A week's report, and when it was made.
#[derive(Debug)]
pub(crate) struct WeekReport {
    pub(crate) report: Report,
    made_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
struct Key {
    week: IsoWeek,
    settings: Option<u64>,
    marker: Option<u64>,
    closed: bool,
}

/// Makes reports and remembers them.
#[derive(Default)]
pub(crate) struct Reports {
    figures: Mutex<Option<Arc<Figures>>>,
    /// The last one used comes last.
    made: Mutex<Vec<(Key, Arc<WeekReport>)>>,
    weeks: Mutex<Option<KnownWeeks>>,
}

/// The weeks that there were when a store was asked.
struct KnownWeeks {
    weeks: Arc<Vec<IsoWeek>>,
    until: IsoWeek,
    marker: Option<u64>,
    asked_at: Timestamp,
}

impl Reports {
    /// What figures are made under now.
    pub(crate) async fn figures<S: Browse>(&self, store: &S) -> Result<Arc<Figures>, PageError> {
        let version = store.get(SETTINGS_KEY).await?.map(|record| record.version);
        let known = self.figures.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let settings = FigureSettings::load(store).await?;
        let figures = tokio::task::spawn_blocking(move || {
            let dictionary = settings.dictionary(SkillDictionary::shared())?;
            let cv = settings.cv.as_ref().map(|entries| CvList::new(&dictionary, entries));
            Ok::<_, PageError>(Arc::new(Figures { version, settings, dictionary, cv }))
        });
        let figures = figures.await??;
        *self.figures.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&figures));
        Ok(figures)
    }

    /// The report of `week`.
    pub(crate) async fn report<S: Browse>(
        &self,
        store: &S,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Arc<WeekReport>, PageError> {
        let figures = self.figures(store).await?;
        // Asked for before the store is read: a change meanwhile makes it anew the next time.
        let marker = store.change_marker(period(week)).await?;
        let closed = week.end() <= now;
        let key = Key { week, settings: figures.version, marker, closed };
        if let Some(made) = self.remembered(&key, now) {
            return Ok(made);
        }
        let mut builder =
            ReportBuilder::new(week, &figures.settings, &figures.dictionary, figures.cv.as_ref())?;
        {
            let mut pages = pin!(store.observations(period(week)));
            while let Some(page) = pages.try_next().await? {
                builder.add(page);
            }
        }
        let deliveries = store.deliveries(week).await?;
        let report = builder.finish(deliveries, now)?;
        let made = Arc::new(WeekReport { report, made_at: now });
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| known.week != week);
        let too_many = (all.len() + 1).saturating_sub(MOST);
        all.drain(..too_many);
        all.push((key, Arc::clone(&made)));
        Ok(made)
    }

    /// The weeks that hold interactions, the oldest first; none after the current one.
    pub(crate) async fn weeks<S: Browse>(
        &self,
        store: &S,
        now: Timestamp,
    ) -> Result<Arc<Vec<IsoWeek>>, PageError> {
        let until = IsoWeek::containing(now);
        let marker = store.change_marker(Timestamp::from_millis(i64::MIN)..until.end()).await?;
        {
            let known = self.weeks.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.as_ref()
                && (known.until, known.marker) == (until, marker)
                && (marker.is_some() || is_fresh(known.asked_at, now))
            {
                return Ok(Arc::clone(&known.weeks));
            }
        }
        let weeks = Arc::new(store.weeks(until).await?);
        let known = KnownWeeks { weeks: Arc::clone(&weeks), until, marker, asked_at: now };
        *self.weeks.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(weeks)
    }

    fn remembered(&self, key: &Key, now: Timestamp) -> Option<Arc<WeekReport>> {
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|(known, _)| known == key)?;
        let found = all.remove(place);
        let holds = key.marker.is_some() || is_fresh(found.1.made_at, now);
        let report = holds.then(|| Arc::clone(&found.1));
        all.push(found);
        report
    }
}

/// Whether what was read at `then` may be shown again where nothing tells whether it changed.
fn is_fresh(then: Timestamp, now: Timestamp) -> bool {
    (0..UNSURE_FOR_MS).contains(&(now.as_millis() - then.as_millis()))
}
