//! One transaction's arrivals, from first to commit.

use std::collections::HashMap;

use cv_analytics_core::dead_letter::DeadLetter;
use cv_analytics_core::event::Event;
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::{Disposition, Interaction, Joined};
use cv_analytics_core::store::{Arrival, Receipt};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rusqlite::{CachedStatement, Connection, params};

use crate::erasure::{
    Marks, drop_erased_letters, erase_request, is_erased, is_erased_session, names_erased,
};
use crate::error::Result;
use crate::reader::browse;
use crate::schema::columns::{Columns, INSERT, JsonColumns, UPDATE, UPDATE_AT_THE_SAME_MOMENT};
use crate::writer::changes::WeekNumber;
use crate::writer::deduplication::Deduplication;

/// An arrival with everything that can be made ready before the writer's thread.
pub(crate) struct Prepared {
    arrival: Arrival,
    json: JsonColumns,
}

impl From<Arrival> for Prepared {
    fn from(arrival: Arrival) -> Self {
        let json = match &arrival.content {
            Content::Event(event) => Columns::from(&**event).json(),
            Content::DeadLetter(_) => JsonColumns::default(),
        };
        Self { arrival, json }
    }
}

impl Prepared {
    pub(crate) fn letter(&self) -> Option<&DeadLetter> {
        match &self.arrival.content {
            Content::DeadLetter(letter) => Some(letter),
            Content::Event(_) => None,
        }
    }
}

/// What a transaction has done so far.
pub(crate) struct Batch<'t> {
    connection: &'t Connection,
    deduplication: &'t mut Deduplication,
    insert: CachedStatement<'t>,
    sequence: i64,
    marks: Marks,
    added: usize,
    now: Option<Timestamp>,
    added_nothing: HashMap<IsoWeek, ArrivalCounts>,
    /// Weeks whose interactions or deliveries are others now.
    touched: Vec<WeekNumber>,
}

#[derive(Default)]
struct ArrivalCounts {
    duplicates: i64,
    conflicts: i64,
    dead_letters: i64,
}

impl<'t> Batch<'t> {
    /// Begins in a transaction that may write.
    pub(crate) fn begin(
        connection: &'t Connection,
        deduplication: &'t mut Deduplication,
    ) -> Result<Self> {
        deduplication.catch_up(connection)?;
        let (sequence, marks) = connection
            .prepare_cached(
                "SELECT sequence, EXISTS (SELECT 1 FROM erased), \
                 EXISTS (SELECT 1 FROM erased_sessions) FROM state",
            )?
            .query_row([], |row| {
                let marks = Marks { of_requests: row.get(1)?, of_sessions: row.get(2)? };
                Ok((row.get(0)?, marks))
            })?;
        let insert = connection.prepare_cached(INSERT)?;
        Ok(Self {
            connection,
            deduplication,
            insert,
            sequence,
            marks,
            added: 0,
            now: None,
            added_nothing: HashMap::new(),
            touched: Vec::new(),
        })
    }

    /// Keeps arrivals, up to the first that fails.
    pub(crate) fn keep_all(&mut self, arrivals: &[Prepared]) -> Result<Vec<Receipt>> {
        arrivals.iter().map(|arrival| self.keep(arrival)).collect()
    }

    /// Keeps one arrival.
    pub(crate) fn keep(&mut self, prepared: &Prepared) -> Result<Receipt> {
        let Arrival { content, arrived_at, deduplication_id } = &prepared.arrival;
        self.now = self.now.max(Some(*arrived_at));
        if let Some(id) = deduplication_id
            && let Some(first) = self.deduplication.first(self.connection, *id, *arrived_at)?
        {
            return Ok(receipt(Disposition::Deduplicated, first));
        }
        self.sequence += 1;
        let sequence = self.sequence;
        if let Some(id) = deduplication_id {
            self.deduplication.add(self.connection, sequence, *id, *arrived_at)?;
            self.added += 1;
        }
        let disposition = match content {
            Content::Event(event) => self.join(event, &prepared.json)?,
            Content::DeadLetter(letter) => self.store_dead_letter(letter)?,
        };
        if !content.is_canary() {
            self.count(disposition, *arrived_at);
        }
        Ok(receipt(disposition, sequence))
    }

    /// Stores a retried dead letter without counting it again; `None` where it still cannot be read.
    pub(crate) fn keep_again(&mut self, prepared: &Prepared) -> Result<Option<Receipt>> {
        let Content::Event(event) = &prepared.arrival.content else { return Ok(None) };
        self.sequence += 1;
        let sequence = self.sequence;
        let disposition = self.join(event, &prepared.json)?;
        Ok(Some(receipt(disposition, sequence)))
    }

    /// Says what became of a dead letter.
    pub(crate) fn letter_receipt(&self, disposition: Disposition) -> Receipt {
        receipt(disposition, self.sequence)
    }

    /// Puts a dead letter back that was archived. It was counted when it arrived, and is not again.
    pub(crate) fn put_letter_back(&mut self, letter: &DeadLetter) -> Result<Disposition> {
        self.sequence += 1;
        self.store_dead_letter(letter)
    }

    /// Whether a message that cannot be read names what was erased.
    pub(crate) fn names_erased(&self, letter: &DeadLetter) -> Result<bool> {
        let Marks { of_requests, of_sessions } = self.marks;
        Ok((of_requests || of_sessions) && names_erased(self.connection, &letter.named())?)
    }

    /// Looks for marks from now on, since some were put.
    pub(crate) fn marks_were_put(&mut self) {
        self.marks = Marks { of_requests: true, of_sessions: true };
    }

    /// The transaction's connection.
    pub(crate) fn connection(&self) -> &'t Connection {
        self.connection
    }

    /// Writes what is written once a transaction, and gives the weeks that were touched.
    pub(crate) fn finish(self) -> Result<Vec<WeekNumber>> {
        let connection = self.connection;
        for (week, counts) in &self.added_nothing {
            connection
                .prepare_cached(
                    "INSERT INTO deliveries (week, duplicates, conflicts, dead_letters) \
                     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (week) DO UPDATE SET \
                     duplicates = duplicates + ?2, conflicts = conflicts + ?3, \
                     dead_letters = dead_letters + ?4",
                )?
                .execute(params![
                    week.to_string(),
                    counts.duplicates,
                    counts.conflicts,
                    counts.dead_letters
                ])?;
        }
        if let Some(now) = self.now {
            self.deduplication.prune(connection, now, self.added)?;
        }
        connection
            .prepare_cached("UPDATE state SET sequence = ?1 WHERE sequence <> ?1")?
            .execute([self.sequence])?;
        Ok(self.touched)
    }

    fn touch(&mut self, moment: Option<Timestamp>) {
        let week = moment.map(WeekNumber::of);
        if self.touched.last() != week.as_ref() {
            self.touched.extend(week);
        }
    }

    fn join(&mut self, event: &Event, json: &JsonColumns) -> Result<Disposition> {
        if self.is_erased(event)? {
            return Ok(Disposition::Erased);
        }
        if Columns::from(event).execute(&mut self.insert, json, Some(self.sequence))? {
            self.touch(Some(event.at()));
            return Ok(Disposition::Stored);
        }
        let present = browse::interaction(self.connection, &event.request_id)?;
        match Interaction::join(present.as_ref(), event) {
            Joined::Unchanged(disposition) => Ok(disposition),
            Joined::Changed(record) => {
                let was_at = present.as_ref().and_then(Interaction::at);
                let at_stays = was_at == record.at();
                // Feedback that waited, or waits longer, counts in its own week.
                let waited = present.and_then(|present| present.feedback);
                for moment in [was_at, record.at()] {
                    self.touch(moment.or(waited.as_ref().map(|waited| waited.timestamp)));
                }
                if record.at().is_none() {
                    self.touch(Some(event.at()));
                }
                let update = if at_stays { UPDATE_AT_THE_SAME_MOMENT } else { UPDATE };
                let columns = Columns::from(&record);
                let mut update = self.connection.prepare_cached(update)?;
                columns.execute(&mut update, &columns.json(), None)?;
                Ok(Disposition::Stored)
            }
        }
    }

    /// Whether an event's request or session was erased; a session's erasure covers the whole request.
    fn is_erased(&mut self, event: &Event) -> Result<bool> {
        let request_id = &event.request_id;
        if self.marks.of_requests && is_erased(self.connection, request_id)? {
            return Ok(true);
        }
        let mut is_of_one = false;
        for session in event.sessions().filter(|_| self.marks.of_sessions) {
            is_of_one |= is_erased_session(self.connection, session)?;
        }
        if is_of_one {
            self.touch(
                browse::interaction(self.connection, request_id)?.and_then(|present| present.at()),
            );
            erase_request(self.connection, request_id)?;
            drop_erased_letters(self.connection)?;
            self.marks.of_requests = true;
        }
        Ok(is_of_one)
    }

    /// Keeps a dead letter, unless it names what was erased.
    fn store_dead_letter(&self, letter: &DeadLetter) -> Result<Disposition> {
        if self.names_erased(letter)? {
            return Ok(Disposition::Erased);
        }
        self.connection
            .prepare_cached(
                "INSERT INTO dead_letters (id, reason, detail, arrived_at, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                self.sequence,
                letter.reason.code(),
                letter.detail,
                letter.arrived_at.as_millis(),
                letter.body
            ])?;
        Ok(Disposition::DeadLetter)
    }

    fn count(&mut self, disposition: Disposition, arrived_at: Timestamp) {
        if matches!(disposition, Disposition::Stored | Disposition::Erased) {
            return;
        }
        self.touch(Some(arrived_at));
        let counts = self.added_nothing.entry(IsoWeek::containing(arrived_at)).or_default();
        match disposition {
            Disposition::Duplicate => counts.duplicates += 1,
            Disposition::Conflict => counts.conflicts += 1,
            Disposition::DeadLetter => counts.dead_letters += 1,
            Disposition::Stored | Disposition::Deduplicated | Disposition::Erased => {}
        }
    }
}

fn receipt(disposition: Disposition, sequence: i64) -> Receipt {
    Receipt { disposition, sequence: sequence.unsigned_abs() }
}
