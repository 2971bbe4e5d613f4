//! Reports and the rules that they are made under, remembered for as long as nothing can have changed them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use cv_analytics_core::store::Store;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::{BuiltReport, build_report, period};
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::{FigureSettings, SETTINGS_KEY};

use crate::page::PageError;
use crate::page::threads::turn_to_report;

/// Reports that are remembered: two years.
const MAX_REPORTS: usize = 104;
/// How long a cached report or topic list is shown that may have changed.
const MAX_AGE_MS: i64 = 5 * 60 * 1000;

/// The rules that figures are made by, and the settings' version in the ledger.
struct Rules {
    /// `None` where nothing is set.
    version: Option<u64>,
    rules: Arc<CountingRules>,
}

/// A week's report, the rules that it was made by, and when.
#[derive(Debug)]
pub(crate) struct WeekReport {
    pub(crate) report: Report,
    pub(crate) rules: Arc<CountingRules>,
    shared_phrases: BTreeSet<String>,
    made_at: Timestamp,
}

/// What says which skills and topics a question is about: the rules, and the report whose shared phrases are topics.
#[derive(Clone)]
pub(crate) struct Naming {
    pub(crate) rules: Arc<CountingRules>,
    report: Option<Arc<WeekReport>>,
}

impl Naming {
    /// By the rules only: no phrase is a topic.
    pub(crate) fn without_phrases(rules: Arc<CountingRules>) -> Self {
        Self { rules, report: None }
    }

    /// The phrases that are topics.
    pub(crate) fn shared_phrases(&self) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.report.as_ref().map_or(&NONE, |made| &made.shared_phrases)
    }

    /// The topic that the report calls so, in any case.
    pub(crate) fn topic(&self, name: &str) -> Option<&str> {
        let topics = self.report.iter().flat_map(|made| &made.report.topics);
        let name = name.to_lowercase();
        topics.map(|row| row.topic.as_str()).find(|topic| topic.to_lowercase() == name)
    }
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
    rules: Mutex<Option<Arc<Rules>>>,
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
    /// The rules that figures are made by now.
    pub(crate) async fn rules(&self, store: &dyn Store) -> Result<Arc<CountingRules>, PageError> {
        Ok(Arc::clone(&self.versioned_rules(store).await?.rules))
    }

    async fn versioned_rules(&self, store: &dyn Store) -> Result<Arc<Rules>, PageError> {
        let version = store.get(SETTINGS_KEY).await?.map(|record| record.version);
        let known = self.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.version == version) {
            return Ok(known);
        }
        let settings = FigureSettings::load(store).await?;
        let rules = tokio::task::spawn_blocking(move || CountingRules::new(settings)).await??;
        let rules = Arc::new(Rules { version, rules: Arc::new(rules) });
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&rules));
        Ok(rules)
    }

    /// The report of `week`.
    pub(crate) async fn report(
        &self,
        store: &dyn Store,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Arc<WeekReport>, PageError> {
        let Rules { version, rules } = &*self.versioned_rules(store).await?;
        // Asked for before the store is read: a change meanwhile makes it anew the next time.
        let marker = store.change_marker(period(week)).await?;
        let closed = week.end() <= now;
        let key = Key { week, settings: *version, marker, closed };
        if let Some(made) = self.remembered(&key, now) {
            return Ok(made);
        }
        let _turn = turn_to_report().await;
        // The request before may have made the same.
        if let Some(made) = self.remembered(&key, now) {
            return Ok(made);
        }
        let BuiltReport { report, shared_phrases } = build_report(store, rules, week, now).await?;
        let made =
            Arc::new(WeekReport { report, rules: Arc::clone(rules), shared_phrases, made_at: now });
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(known, _)| known.week != week);
        let too_many = (all.len() + 1).saturating_sub(MAX_REPORTS);
        all.drain(..too_many);
        all.push((key, Arc::clone(&made)));
        Ok(made)
    }

    /// The report of `week` as it would be under other settings; not remembered.
    pub(crate) async fn report_under(
        &self,
        store: &dyn Store,
        settings: FigureSettings,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Report, PageError> {
        let rules = tokio::task::spawn_blocking(move || CountingRules::new(settings)).await??;
        let _turn = turn_to_report().await;
        Ok(build_report(store, &rules, week, now).await?.report)
    }

    /// Names questions as the last shown report of `week` does, so that its figures open what they count.
    pub(crate) async fn naming(
        &self,
        store: &dyn Store,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Naming, PageError> {
        let Rules { version, rules } = &*self.versioned_rules(store).await?;
        let shown = {
            let all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let shown = all.iter().find(|(key, made)| {
                (key.week, key.settings) == (week, *version) && is_fresh(made.made_at, now)
            });
            shown.map(|(_, made)| Arc::clone(made))
        };
        let report = match shown {
            Some(shown) => shown,
            None => self.report(store, week, now).await?,
        };
        Ok(Naming { rules: Arc::clone(rules), report: Some(report) })
    }

    /// The weeks that hold interactions, the oldest first; none after the current one.
    pub(crate) async fn weeks(
        &self,
        store: &dyn Store,
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
pub(crate) fn is_fresh(then: Timestamp, now: Timestamp) -> bool {
    (0..MAX_AGE_MS).contains(&(now.as_millis() - then.as_millis()))
}
