//! The whole store on AWS: the two tables, and the queues, which are reached when they are first needed.

use std::collections::BTreeSet;
use std::ops::Range;

use async_trait::async_trait;
use cv_analytics_core::dead_letter::{DeadLetter, Reason};
use cv_analytics_core::event::{Event, RequestId, SessionId};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor, PutBack};
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::store::dead_letters::{
    DeadLetterList, DeadLetterSelection, Dropped, Retried, RetryOutcome, StoredDeadLetter,
};
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_core::store::observation_page::ObservationPage;
use cv_analytics_core::store::{
    Arrival, Deliveries, EventStore, KeyValueStore, Progress, Receipt, ReportSource, Store,
    StoreError, VersionedValue, session_key,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::future::join;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::dynamodb_store::erasure::OfSessions;
use crate::install::INSTALL;
use crate::queue::clients::Queues;
use crate::queue::dead_letters::DeadLetterQueue;
use crate::queue::error::QueueError;
use crate::queue::receiver::{DeadLetterReceiver, ReceivedDeadLetter, queue_url};
use crate::{DynamoDbStore, TableNames};

/// What the owner has set of an installation on AWS.
#[derive(Clone, Default)]
pub struct AwsSettings {
    /// The events queue's address; else it is found by its name.
    pub events_queue: Option<String>,
    /// The dead-letter queue's address; else it is found by its name.
    pub dead_letter_queue: Option<String>,
    /// The processor's key of the session hash; else the one that is kept in the table.
    pub session_key: Option<SessionKey>,
}

/// The store on AWS.
pub struct AwsStore {
    tables: DynamoDbStore,
    queues: Queues,
    settings: AwsSettings,
    /// The dead-letter queue is gone through by one call at a time: what one looks at is hidden from others.
    turn: Mutex<()>,
}

/// Arrivals of each kind, with their places in the answer.
struct Sorted<'a> {
    events: Vec<usize>,
    letters: Vec<(usize, &'a DeadLetter)>,
}

impl AwsStore {
    /// The store in `tables`, with the queues of the same account and region.
    pub fn new(tables: DynamoDbStore, queues: Queues, settings: AwsSettings) -> Self {
        Self { tables, queues, settings, turn: Mutex::new(()) }
    }

    /// The tables.
    pub fn tables(&self) -> &DynamoDbStore {
        &self.tables
    }

    /// The queues.
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// The events queue's address.
    ///
    /// # Errors
    /// No address is set, and no queue has the default name.
    pub async fn events_queue_url(&self) -> Result<String, StoreError> {
        if let Some(url) = &self.settings.events_queue {
            return Ok(url.clone());
        }
        let name = self.prefixed(&INSTALL.queues.events.name);
        let found = queue_url(self.queues.client(), &name).await;
        let hint = "the events queue is not found by its name: set QUEUE_URL";
        found.map_err(|error| StoreError::from(error).context(hint))
    }

    async fn dead_letter_queue(&self) -> Result<DeadLetterQueue, StoreError> {
        if let Some(url) = &self.settings.dead_letter_queue {
            return Ok(DeadLetterQueue::new(self.queues.clone(), url));
        }
        let hint = "the dead-letter queue is not found by its name: set DEAD_LETTER_QUEUE_URL";
        let name = self.prefixed(&INSTALL.queues.dead_letters.name);
        let url = queue_url(self.queues.client(), &name).await;
        let url = url.map_err(|error| StoreError::from(error).context(hint))?;
        Ok(DeadLetterQueue::new(self.queues.clone(), url))
    }

    /// A queue's name beside these tables: with the prefix of their environment.
    fn prefixed(&self, name: &str) -> String {
        let TableNames { analytics, .. } = self.tables.tables().names();
        let prefix = analytics.strip_suffix(&INSTALL.tables.analytics).unwrap_or_default();
        format!("{prefix}{name}")
    }

    /// Begins to go through the dead-letter queue; no other call does until the guard is gone.
    async fn receiver(&self) -> Result<(MutexGuard<'_, ()>, DeadLetterReceiver), StoreError> {
        let turn = self.turn.lock().await;
        Ok((turn, DeadLetterReceiver::new(self.dead_letter_queue().await?)))
    }

    /// Whether a message that cannot be read names what was erased.
    async fn names_erased(&self, letter: &DeadLetter) -> Result<bool, StoreError> {
        let key = match &self.settings.session_key {
            Some(key) => Some(key.clone()),
            None => session_key::kept(&self.tables).await?,
        };
        let privacy = Privacy::full(key.unwrap_or_else(|| SessionKey::new(Vec::new())));
        Ok(self.tables.names_erased(&letter.named(), &privacy).await?)
    }

    /// Sends a letter of an import, with an id that is the same for the same entry.
    async fn send_imported(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let Some(url) = &self.settings.dead_letter_queue else {
            let hint = "set DEAD_LETTER_QUEUE_URL, and it goes to the dead-letter queue";
            return Err(StoreError::refused(hint));
        };
        if std::str::from_utf8(&letter.body).is_err() {
            return Err(StoreError::refused("it is not UTF-8, which a queue cannot carry"));
        }
        let id = format!("import-{}", half_digest(&[&letter.body]));
        let source = format!("{id}:{}", letter.arrived_at.as_millis());
        let queue = DeadLetterQueue::new(self.queues.clone(), url);
        queue.send(&id, &source, letter).await.map_err(|error| {
            StoreError::from(error).context("it could not be sent to the dead-letter queue")
        })
    }

    async fn send_delivered(&self, place: usize, letter: &DeadLetter) -> Result<(), StoreError> {
        let arrived_at = letter.arrived_at.as_millis().to_be_bytes();
        let id = half_digest(&[&letter.body, &arrived_at, &place.to_be_bytes()]);
        self.tables.tables().note_dead_letter(&id, letter.arrived_at).await?;
        Ok(self.dead_letter_queue().await?.send(&id, &id, letter).await?)
    }

    /// Keeps the events of `arrivals`; an answer for each, in the order of [`Sorted::events`].
    async fn keep_events<'a>(
        &self,
        arrivals: &'a [Arrival],
    ) -> Result<(Sorted<'a>, Vec<Result<Disposition, StoreError>>), StoreError> {
        let mut sorted = Sorted { events: Vec::new(), letters: Vec::new() };
        let mut events = Vec::with_capacity(arrivals.len());
        for (place, arrival) in arrivals.iter().enumerate() {
            match &arrival.content {
                Content::Event(event) => {
                    sorted.events.push(place);
                    events.push((Event::clone(event), arrival.arrived_at));
                }
                Content::DeadLetter(letter) => sorted.letters.push((place, letter)),
            }
        }
        Ok((sorted, self.tables.keep_events(events).await?))
    }

    /// Deletes the dead letters that belong to one of `names`.
    async fn drop_naming(&self, names: &BTreeSet<String>) -> Result<u64, StoreError> {
        let (_turn, mut letters) = self.receiver().await?;
        let dropped = drop_naming(&mut letters, names).await;
        letters.release().await;
        let (dropped, behind) = dropped?;
        if behind > 0 {
            return Err(StoreError::refused(format!(
                "{behind} messages are behind others of their group, or being read: forget again later"
            )));
        }
        Ok(dropped)
    }

    /// Erases what was found, and the dead letters that belong to one of `names` or to a request of it.
    async fn forget(
        &self,
        found: OfSessions,
        mut names: BTreeSet<String>,
    ) -> Result<Erased, StoreError> {
        names.extend(found.requests.iter().map(|id| id.as_str().to_owned()));
        let mut interactions = 0;
        for id in &found.requests {
            let was_there = self.tables.forget_request(id).await.map_err(|error| {
                StoreError::from(error).context(format!(
                    "{interactions} interactions are erased; the same command does the rest"
                ))
            })?;
            interactions += u64::from(was_there);
        }
        let dead_letters = self.drop_naming(&names).await.map_err(|error| {
            error.context(format!(
                "{interactions} interactions are erased, but not what the dead-letter queue holds"
            ))
        })?;
        if found.unreadable > 0 {
            return Err(StoreError::refused(format!(
                "{interactions} interactions and {dead_letters} dead letters erased; {} items in the tables are of \
                 another program or version and could not be searched",
                found.unreadable
            )));
        }
        Ok(Erased { interactions, dead_letters })
    }
}

/// What is done with dead letters.
#[derive(Clone, Copy)]
enum Act<'u> {
    Drop,
    /// To the events queue at this address.
    SendAgain(&'u str),
}

/// Deletes the letters that belong to one of `names`; how many, and how many could not be looked at.
async fn drop_naming(
    letters: &mut DeadLetterReceiver,
    names: &BTreeSet<String>,
) -> Result<(u64, u64), QueueError> {
    let mut dropped = 0;
    loop {
        let page = letters.next_page().await?;
        if page.is_empty() {
            return Ok((dropped, letters.behind().await?));
        }
        for letter in page {
            if letter.named().any_of(names) {
                letters.delete(&letter).await?;
                dropped += 1;
            }
        }
    }
}

/// Acts on the selected letters, counting in `done`; returns the first missing id before acting on any.
async fn act_on(
    letters: &mut DeadLetterReceiver,
    selection: &DeadLetterSelection,
    act: Act<'_>,
    done: &mut u64,
    progress: Progress<'_>,
) -> Result<Option<String>, QueueError> {
    let ids = match selection {
        DeadLetterSelection::All => None,
        DeadLetterSelection::Ids(ids) => Some(ids),
    };
    let mut seen = BTreeSet::new();
    loop {
        let page = match ids {
            Some(ids) => letters.find(ids).await?,
            None => letters.next_page().await?,
        };
        let is_there = |id: &&String| page.iter().any(|letter| letter.id == **id);
        if let Some(missing) = ids.and_then(|ids| ids.iter().find(|id| !is_there(id))) {
            return Ok(Some(missing.clone()));
        }
        for letter in &page {
            match act {
                Act::Drop => letters.delete(letter).await?,
                // The processor was faster, and could not read it again.
                Act::SendAgain(_) if ids.is_none() && !seen.insert(seen_as(letter)) => continue,
                Act::SendAgain(url) => letters.send_again(letter, url).await?,
            }
            *done += 1;
            progress(1);
        }
        if ids.is_some() || page.is_empty() {
            return Ok(None);
        }
    }
}

/// What is the same of a letter that comes again.
fn seen_as(letter: &ReceivedDeadLetter) -> (String, String) {
    (letter.id.clone(), letter.body.clone())
}

/// Half of the digest of some bytes, in hexadecimal digits.
fn half_digest(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), Digest::chain_update);
    let mut digest = hex::encode(digest.finalize());
    digest.truncate(32);
    digest
}

/// An event that the tables do not take, as a dead letter.
fn as_letter(
    Arrival { content, arrived_at, .. }: &Arrival,
    error: &StoreError,
) -> Option<DeadLetter> {
    let Content::Event(event) = content else { return None };
    let (body, arrived_at) = (event.to_json().to_string().into_bytes(), *arrived_at);
    Some(DeadLetter { reason: Reason::RefusedByStore, detail: error.to_string(), body, arrived_at })
}

/// Receipts have no sequence number: those are the queue's.
fn receipt(disposition: Disposition) -> Receipt {
    Receipt { disposition, sequence: 0 }
}

#[async_trait]
impl EventStore for AwsStore {
    async fn append(&self, arrivals: Vec<Arrival>) -> Result<Vec<Receipt>, StoreError> {
        let mut receipts = vec![receipt(Disposition::DeadLetter); arrivals.len()];
        let (Sorted { events, letters }, kept) = self.keep_events(&arrivals).await?;
        let mut refused = Vec::new();
        for (place, kept) in events.into_iter().zip(kept) {
            match (kept, receipts.get_mut(place), arrivals.get(place)) {
                (Ok(disposition), Some(answer), _) => answer.disposition = disposition,
                (Err(error), _, Some(arrival)) => {
                    refused.extend(as_letter(arrival, &error).map(|letter| (place, letter)));
                }
                _ => {}
            }
        }
        let refused = refused.iter().map(|(place, letter)| (*place, letter));
        for (place, letter) in letters.into_iter().chain(refused) {
            if self.names_erased(letter).await? {
                if let Some(answer) = receipts.get_mut(place) {
                    answer.disposition = Disposition::Erased;
                }
            } else {
                self.send_delivered(place, letter).await?;
            }
        }
        Ok(receipts)
    }
}

#[async_trait]
impl KeyValueStore for AwsStore {
    async fn get(&self, key: &str) -> Result<Option<VersionedValue>, StoreError> {
        self.tables.get(key).await
    }

    async fn put(&self, key: &str, value: &str, expected: Option<u64>) -> Result<bool, StoreError> {
        self.tables.put(key, value, expected).await
    }
}

#[async_trait]
impl ReportSource for AwsStore {
    fn scan(&self, period: Range<Timestamp>) -> BoxStream<'_, Result<ObservationPage, StoreError>> {
        self.tables.scan(period)
    }

    /// A queue that cannot be asked leaves [`Deliveries::waiting`] out: the report is made all the same.
    async fn deliveries(&self, week: IsoWeek) -> Result<Deliveries, StoreError> {
        let (counted, waiting) =
            join(self.tables.deliveries(week), self.count_dead_letters()).await;
        let waiting = waiting.inspect_err(
            |error| tracing::warn!(error = %error, "cannot count what waits in the dead-letter queue"),
        );
        Ok(Deliveries { waiting: waiting.ok(), ..counted? })
    }
}

#[async_trait]
impl Store for AwsStore {
    fn kind(&self) -> &'static str {
        "dynamodb"
    }

    fn notes_dead_letters(&self) -> bool {
        true
    }

    /// Unreadable entries go to the dead-letter queue and are not counted as deliveries.
    async fn import(
        &self,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, StoreError>>, StoreError> {
        let (Sorted { events, letters }, kept) = self.keep_events(&arrivals).await?;
        let kept = kept.into_iter().map(|kept| kept.map(receipt));
        let mut answers: Vec<_> = events.into_iter().zip(kept).collect();
        for (place, letter) in letters {
            let answer = if self.names_erased(letter).await? {
                Ok(receipt(Disposition::Erased))
            } else {
                self.send_imported(letter).await.map(|()| receipt(Disposition::DeadLetter))
            };
            answers.push((place, answer));
        }
        answers.sort_unstable_by_key(|(place, _)| *place);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    fn export(&self) -> BoxStream<'static, Result<Vec<Interaction>, StoreError>> {
        self.tables.export()
    }

    async fn interaction(&self, request_id: &RequestId) -> Result<Option<Interaction>, StoreError> {
        self.tables.interaction(request_id).await
    }

    async fn weeks(&self, until: IsoWeek) -> Result<Vec<IsoWeek>, StoreError> {
        self.tables.weeks(until).await
    }

    async fn change_marker(&self, _: Range<Timestamp>) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    async fn arrivals(
        &self,
        after: Option<ArrivalCursor>,
        limit: usize,
    ) -> Result<Arrivals, StoreError> {
        self.tables.arrivals(after, limit).await
    }

    async fn archive_page(&self, from: Option<Cursor>) -> Result<ArchivePage, StoreError> {
        self.tables.archive_page(from).await
    }

    async fn put_back(&self, items: Vec<Archived>) -> Result<PutBack, StoreError> {
        self.tables.put_back(items).await
    }

    async fn forget_request(&self, request_id: &RequestId) -> Result<Erased, StoreError> {
        let requests = BTreeSet::from([request_id.clone()]);
        self.forget(OfSessions { requests, unreadable: 0 }, BTreeSet::new()).await
    }

    async fn forget_session(
        &self,
        sessions: &BTreeSet<SessionId>,
        progress: Progress<'_>,
    ) -> Result<Erased, StoreError> {
        let marks = sessions.iter().map(SessionId::mark).collect();
        // First, so that what comes while the tables are read is refused.
        self.tables.mark_sessions(&marks).await?;
        let found = self.tables.requests_of(&marks, |items| progress(items as u64)).await?;
        let names = sessions.iter().map(|session| session.as_str().to_owned()).collect();
        self.forget(found, names).await
    }

    async fn dead_letters(&self, limit: usize) -> Result<DeadLetterList, StoreError> {
        let (_turn, mut letters) = self.receiver().await?;
        let listed = letters.list().await;
        letters.release().await;
        let (mut entries, blocked) = listed?;
        let more = entries.len().saturating_sub(limit) as u64;
        entries.truncate(limit);
        Ok(DeadLetterList { entries, more, blocked })
    }

    async fn count_dead_letters(&self) -> Result<u64, StoreError> {
        // Nothing is hidden by a look that has not begun: these are all that the queue holds.
        Ok(DeadLetterReceiver::new(self.dead_letter_queue().await?).behind().await?)
    }

    async fn dead_letter(&self, id: &str) -> Result<Option<StoredDeadLetter>, StoreError> {
        let (_turn, mut letters) = self.receiver().await?;
        let found = letters.find(&[id.to_owned()]).await;
        letters.release().await;
        Ok(found?.into_iter().next().map(|letter| StoredDeadLetter {
            entry: letter.entry(),
            body: letter.body.into_bytes(),
        }))
    }

    /// Sends them to the events queue; what the processor still cannot read comes back under the same id.
    async fn retry_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        _: &Intake,
        _: Timestamp,
        progress: Progress<'_>,
    ) -> Result<Retried, StoreError> {
        let url = self.events_queue_url().await?;
        let (_turn, mut letters) = self.receiver().await?;
        let mut sent = 0;
        let done = act_on(&mut letters, selection, Act::SendAgain(&url), &mut sent, progress).await;
        letters.release().await;
        let missing = done.map_err(|error| {
            StoreError::from(error)
                .context(format!("{sent} were sent again; retrying again does no harm"))
        })?;
        Ok(Retried { outcome: RetryOutcome::SentAgain(sent), missing })
    }

    async fn drop_dead_letters(
        &self,
        selection: &DeadLetterSelection,
        progress: Progress<'_>,
    ) -> Result<Dropped, StoreError> {
        let (_turn, mut letters) = self.receiver().await?;
        let mut dropped = 0;
        let done = act_on(&mut letters, selection, Act::Drop, &mut dropped, progress).await;
        letters.release().await;
        let missing = done
            .map_err(|error| StoreError::from(error).context(format!("{dropped} were dropped")))?;
        Ok(Dropped { dropped, missing })
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
