//! The two tables over time: what each request's items are and were, and when its row may leave.

use std::collections::VecDeque;

use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::item::row::{InterimRow, time_to_live};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_harness::seeded::Seeded;

use crate::join::calls::{Answer, Call};
use crate::join::items::Items;
use crate::join::law::{Bodies, may_follow};

/// How late an eventually consistent read, or the index, may be.
const LATE_MS: i64 = 10_000;

/// One request's items.
#[derive(Debug, Default)]
pub(super) struct Request {
    items: Items,
    /// What the items were, and until when.
    before: VecDeque<(Timestamp, Items)>,
    ttl_seconds: i64,
    /// Whether the owner's erasure has begun.
    pub(super) is_erased: bool,
    pub(super) late_reads: u64,
    pub(super) expired: u64,
}

impl Request {
    /// Makes one call; a read may be late.
    pub(super) fn make(
        &mut self,
        call: Call<'_>,
        arrived_at: Timestamp,
        now: Timestamp,
        bodies: Bodies,
        random: &mut Seeded,
    ) -> Answer {
        match call {
            Call::ReadRow => Answer::Row(self.seen(now, random).row.clone()),
            Call::ReadRecord => Answer::Record(self.seen(now, random).record.clone()),
            call => {
                let before = self.items.clone();
                let answer = self.items.make(call, arrived_at);
                let is_row = matches!(call, Call::AddHalf(_) | Call::EraseRow);
                if is_row && !matches!(answer, Answer::Old(Err(_))) {
                    self.ttl_seconds = time_to_live(now);
                }
                match (&before.record, &self.items.record) {
                    (Some(Record::Interaction(before)), Some(Record::Interaction(after))) => {
                        assert!(may_follow(before, after, bodies), "a half left the record");
                    }
                    (None, _) => {}
                    (before, after) => assert_eq!(before, after, "a record left the table"),
                }
                self.was(before, now);
                answer
            }
        }
    }

    /// The owner's erasure: the tombstone.
    pub(super) fn put_tombstone(&mut self, now: Timestamp) {
        let before = self.items.clone();
        self.items.put_tombstone();
        self.is_erased = true;
        self.was(before, now);
    }

    /// The owner's erasure: the row's mark.
    pub(super) fn erase_row(&mut self, now: Timestamp) {
        let before = self.items.clone();
        self.items.erase_row();
        self.ttl_seconds = time_to_live(now);
        self.was(before, now);
    }

    /// Removes the row if it has expired.
    pub(super) fn expire(&mut self, now: Timestamp) {
        if self.items.row.is_some() && self.is_expired(now) {
            let before = self.items.clone();
            self.items.row = None;
            self.expired += 1;
            self.was(before, now);
        }
    }

    fn was(&mut self, before: Items, now: Timestamp) {
        while self.before.front().is_some_and(|(until, _)| until.plus_millis(LATE_MS) < now) {
            self.before.pop_front();
        }
        if before != self.items {
            self.before.push_back((now, before));
        }
    }

    fn is_expired(&self, now: Timestamp) -> bool {
        self.ttl_seconds * 1000 <= now.as_millis()
    }

    /// What a read gives: mostly what is there, else what was there a while ago.
    pub(super) fn seen(&mut self, now: Timestamp, random: &mut Seeded) -> &Items {
        let late: Vec<&Items> = self
            .before
            .iter()
            .filter(|(until, _)| until.plus_millis(LATE_MS) >= now)
            .map(|(_, items)| items)
            .collect();
        if late.is_empty() || random.chance(50) {
            return &self.items;
        }
        self.late_reads += 1;
        late[random.below(late.len())]
    }

    /// What is there.
    pub(super) fn items(&self) -> &Items {
        &self.items
    }

    /// What a report may count on: the record, and the row unless it has expired.
    pub(super) fn lasting(&self, now: Timestamp) -> Items {
        let row = self.items.row.clone().filter(|_: &InterimRow| !self.is_expired(now));
        Items { row, record: self.items.record.clone() }
    }
}
