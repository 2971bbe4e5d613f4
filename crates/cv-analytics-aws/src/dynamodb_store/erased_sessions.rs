//! The marks of erased sessions in `CV-Analytics`: few records of the ledger that hold them all, so that a
//! function learns them by one read a minute instead of one a message.
//!
//! So a function that runs while a session is being erased may keep what comes of it for a minute more.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use cv_analytics_core::store::erasure::Mark;
use cv_analytics_core::timestamp::Timestamp;

use crate::item::attributes::UnknownAttribute;
use crate::tables::Tables;
use crate::tables::error::TableError;

/// The ledger's key of the first record; those after it have their number behind.
const KEY: &str = "cv-analytics:erased-sessions";
/// Marks in a record: 260 KB, of the 400 KB that an item may have.
const MAX_MARKS_PER_RECORD: usize = 4_000;
/// How long marks that were read are good.
const REMEMBERED_MS: i64 = 60_000;

/// The marks as they were read last. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ErasedSessions(Arc<Mutex<Option<Remembered>>>);

#[derive(Clone, Debug)]
struct Remembered {
    read_at: Timestamp,
    marks: Arc<HashSet<Mark>>,
}

impl ErasedSessions {
    /// The marks, at most a minute old.
    pub(crate) async fn marks(
        &self,
        tables: &Tables,
        now: Timestamp,
    ) -> Result<Arc<HashSet<Mark>>, TableError> {
        if let Some(Remembered { read_at, marks }) = self.remembered()
            && (0..REMEMBERED_MS).contains(&(now.as_millis() - read_at.as_millis()))
        {
            return Ok(marks);
        }
        let mut marks = HashSet::new();
        for number in 1.. {
            let Some((list, _)) = read(tables, number).await? else { break };
            let is_full = list.len() >= MAX_MARKS_PER_RECORD;
            marks.extend(list);
            if !is_full {
                break;
            }
        }
        let marks = Arc::new(marks);
        self.remember(Some(Remembered { read_at: now, marks: Arc::clone(&marks) }));
        Ok(marks)
    }

    /// Adds marks, and gives those that were not there.
    pub(crate) async fn add(
        &self,
        tables: &Tables,
        marks: &BTreeSet<Mark>,
    ) -> Result<BTreeSet<Mark>, TableError> {
        let mut new = marks.clone();
        let mut left = marks.clone();
        let mut number = 1;
        while !left.is_empty() {
            let (mut list, version) = match read(tables, number).await? {
                Some((list, version)) => (list, Some(version)),
                None => (Vec::new(), None),
            };
            for there in &list {
                left.remove(there);
                new.remove(there);
            }
            let room = MAX_MARKS_PER_RECORD.saturating_sub(list.len());
            let added: Vec<Mark> = left.iter().take(room).copied().collect();
            if !added.is_empty() {
                list.extend(&added);
                let value: Vec<String> = list.iter().map(hex::encode).collect();
                if !tables.put_value(&key(number), &value.join(" "), version).await? {
                    // Another writer was faster.
                    continue;
                }
                left.retain(|mark| !added.contains(mark));
            }
            number += 1;
        }
        self.remember(None);
        Ok(new)
    }

    fn remembered(&self) -> Option<Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, remembered: Option<Remembered>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = remembered;
    }
}

/// The marks in a record of the ledger; `None` where it is another one.
pub(crate) fn marks_in(key: &str, value: &str) -> Option<Result<Vec<Mark>, UnknownAttribute>> {
    let number = key.strip_prefix(KEY)?;
    let is_one = number.is_empty() || number.starts_with(':');
    is_one.then(|| marks_of(value))
}

fn marks_of(value: &str) -> Result<Vec<Mark>, UnknownAttribute> {
    let mark = |text: &str| {
        let mut mark = [0; 32];
        hex::decode_to_slice(text, &mut mark).map_err(|_| UnknownAttribute("value"))?;
        Ok(mark)
    };
    value.split_whitespace().map(mark).collect()
}

fn key(number: u32) -> String {
    if number == 1 { KEY.to_owned() } else { format!("{KEY}:{number}") }
}

async fn read(tables: &Tables, number: u32) -> Result<Option<(Vec<Mark>, u64)>, TableError> {
    let Some(record) = tables.get_value(&key(number)).await? else { return Ok(None) };
    let unreadable = TableError::unreadable(&tables.names().analytics);
    Ok(Some((marks_of(&record.value).map_err(unreadable)?, record.version)))
}
