//! The store of cv-analytics in memory, for tests: `state` is what it holds, [`MemoryStore`] the ports on it.
//!
//! What it decides for itself is what a store has to decide; what becomes of a half is the joining law's.

mod state;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor, PutBack};
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::store::dead_letters::{
    DeadLetterList, DeadLetterSelection, Dropped, ReadAgain, Retried, RetryOutcome,
    StoredDeadLetter,
};
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, EventStore, KeyValueStore, Observation, Progress, Receipt, ReportSource,
    Store, StoreError, VersionedValue,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};

use crate::state::{State, entry};

/// A store that is gone with its process.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<State>);

impl MemoryStore {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        let mut state = self.state();
        Ok(arrivals.into_iter().map(|arrival| state.append(arrival)).collect())
    }
}

#[async_trait]
impl KeyValueStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        Ok(self.state().values.get(key).cloned())
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        Ok(self.state().put(key, value, expected))
    }
}

#[async_trait]
impl ReportSource for MemoryStore {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        let state = self.state();
        let is_within = |one: &&Interaction| one.at().is_some_and(|at| period.contains(&at));
        let found = state.interactions.values().filter(is_within);
        let page: ObservationPage = found.cloned().map(Observation::from).collect();
        stream::iter([Ok(page)]).boxed()
    }

    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        let state = self.state();
        let lone = state.interactions.values().filter(|one| one.at().is_none());
        let given = lone.filter_map(|one| one.feedback.as_ref().map(|given| given.timestamp));
        let waiting = given.filter(|at| IsoWeek::containing(*at) == week).count() as u64;
        Ok(Deliveries { feedback_waiting: waiting, ..state.deliveries(week) })
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    async fn import(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, StoreError>>, StoreError> {
        let mut state = self.state();
        Ok(arrivals.into_iter().map(|arrival| Ok(state.import(arrival.content))).collect())
    }

    fn export(&self) -> BoxStream<'static, Result<Vec<Interaction>, StoreError>> {
        let all = self.state().interactions.values().cloned().collect();
        stream::iter([Ok(all)]).boxed()
    }

    async fn interaction(&self, request_id: &RequestId) -> Result<Option<Interaction>, StoreError> {
        Ok(self.state().interaction(request_id).map(|(_, found)| found.clone()))
    }

    async fn weeks(&self, until: IsoWeek) -> Result<Vec<IsoWeek>, StoreError> {
        let state = self.state();
        let moments = state.interactions.values().filter_map(Interaction::at);
        let weeks: BTreeSet<_> = moments.map(IsoWeek::containing).collect();
        Ok(weeks.into_iter().filter(|week| *week <= until).collect())
    }

    async fn change_marker(&self, _: Range<Timestamp>) -> Result<Option<u64>, StoreError> {
        Ok(Some(self.state().changes))
    }

    async fn has_erased_sessions(&self) -> Result<bool, StoreError> {
        Ok(!self.state().erased_sessions.is_empty())
    }

    async fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> Result<Arrivals, StoreError> {
        let state = self.state();
        let ArrivalCursor(last) = after.unwrap_or(ArrivalCursor(0));
        let first = last.unsigned_abs() + 1;
        let found = state.interactions.range(first..).filter(|(_, one)| one.at().is_some());
        let found: Vec<_> = found.collect();
        let skipped = if after.is_none() { found.len().saturating_sub(limit) } else { 0 };
        let found: Vec<_> = found.into_iter().skip(skipped).take(limit).collect();
        let cursor = found.last().and_then(|(number, _)| i64::try_from(**number).ok());
        Ok(Arrivals {
            interactions: found.into_iter().map(|(_, found)| found.clone()).collect(),
            cursor: ArrivalCursor(cursor.unwrap_or(last)),
        })
    }

    async fn archive_page(&self, _: Option<Cursor>) -> Result<ArchivePage, StoreError> {
        Ok(ArchivePage { items: self.state().archived(), next: None, unreadable: 0 })
    }

    async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError> {
        let mut state = self.state();
        let done = items
            .into_iter()
            .fold(PutBack::default(), |done, item| done.plus(state.put_back(item)));
        state.erase_marked();
        Ok(done)
    }

    async fn forget_request(&self, request_id: &RequestId) -> Result<Erased, StoreError> {
        let mut state = self.state();
        state.erased_requests.insert(request_id.mark());
        Ok(state.erase_marked())
    }

    async fn forget_session(
        &self,
        sessions: &BTreeSet<SessionId>,
        _: Progress<'_>,
    ) -> Result<Erased, StoreError> {
        let mut state = self.state();
        state.erased_sessions.extend(sessions.iter().map(SessionId::mark));
        Ok(state.erase_marked())
    }

    async fn dead_letters(&self, limit: usize) -> Result<DeadLetterList, StoreError> {
        let state = self.state();
        let entries: Vec<_> =
            state.letters.iter().rev().take(limit).map(|(id, letter)| entry(*id, letter)).collect();
        let more = (state.letters.len() - entries.len()) as u64;
        Ok(DeadLetterList { entries, more, blocked: 0 })
    }

    async fn count_dead_letters(&self) -> Result<u64, StoreError> {
        Ok(self.state().letters.len() as u64)
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<StoredDeadLetter>, StoreError> {
        let state = self.state();
        let found = id.parse::<u64>().ok().and_then(|id| Some((id, state.letters.get(&id)?)));
        Ok(found.map(|(id, letter)| StoredDeadLetter {
            entry: entry(id, letter),
            body: letter.body.clone(),
        }))
    }

    async fn retry_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        intake: &Intake,
        _: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Retried, StoreError> {
        let mut state = self.state();
        let (ids, missing) = state.selected(selection);
        let mut done = ReadAgain::default();
        for id in ids {
            let Some(letter) = state.letters.remove(&id) else { continue };
            let content = intake.read(&letter.body, letter.arrived_at).in_group(letter.group());
            *match state.read_again(id, letter, content) {
                Disposition::DeadLetter => &mut done.still_dead,
                Disposition::Erased => &mut done.erased,
                _ => &mut done.kept,
            } += 1;
            progress(1);
        }
        Ok(Retried { outcome: RetryOutcome::ReadAgain(done), missing })
    }

    async fn drop_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        _: Progress<'_>,
    ) -> Result<Dropped, StoreError> {
        let mut state = self.state();
        let (ids, missing) = state.selected(selection);
        for id in &ids {
            state.letters.remove(id);
        }
        Ok(Dropped { dropped: ids.len() as u64, missing })
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
