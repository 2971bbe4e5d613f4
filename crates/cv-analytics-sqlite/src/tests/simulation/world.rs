//! One run: a store, what was sent to it, and the model beside it.

use std::collections::{BTreeMap, BTreeSet};

use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::Content;
use cv_analytics_core::interaction::{Disposition, Interaction};
use cv_analytics_core::store::Store as _;
use cv_analytics_core::store::archive::Archived;
use cv_analytics_core::store::dead_letters::DeadLetterSelection;
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::store::{
    Arrival, DeduplicationId, EventStore, KeyValueStore, Receipt, StoreErrorKind,
};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::seeded::Seeded;
use futures_util::FutureExt;

use super::super::setup::{
    Folder, NOW, arrival, everything, exported, intake, letter_ids, selected,
};
use super::super::trouble::limit;
use super::counts::Counts;
use super::disk::Image;
use super::model::{Counted, Letter, Model};
use super::traffic::{Traffic, words};
use crate::erasure::erase_request;
use crate::{Retained, SqliteStore};

const STEPS: usize = 60;
const DAY_MS: i64 = 24 * 3_600_000;

/// Everything that a store gives back.
#[derive(Debug, PartialEq)]
struct Seen {
    records: BTreeMap<RequestId, Interaction>,
    letters: Vec<Letter>,
    deliveries: BTreeMap<IsoWeek, Counted>,
}

pub(super) struct World {
    random: Seeded,
    traffic: Traffic,
    folder: Folder,
    store: SqliteStore,
    model: Model,
    now: Timestamp,
    /// Messages of another time, or to another store, have other ids.
    time: u128,
    /// Sent, with nobody waiting for the answer.
    unanswered: Vec<Vec<Arrival>>,
    /// What was archived a while ago.
    archive: Option<(Vec<Archived>, Model)>,
    last_sequence: u64,
    counts: Counts,
}

async fn open(folder: &Folder) -> SqliteStore {
    let store = folder.open();
    let set = |writer: &mut crate::writer::Writer| {
        Ok(writer.connection().pragma_update(None, "synchronous", "off")?)
    };
    store.writer.run("leave syncs out", set).await.unwrap();
    store
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let folder = Folder::new();
        Self {
            random: Seeded::new(seed),
            traffic: Traffic::new(),
            store: SqliteStore::open(folder.database()).unwrap(),
            folder,
            model: Model::default(),
            now: NOW,
            time: 0,
            unanswered: Vec::new(),
            archive: None,
            last_sequence: 0,
            counts: Counts::default(),
        }
    }

    pub(super) async fn live(mut self) -> Counts {
        self.store = open(&self.folder).await;
        // By it letters are known that name an erased session.
        self.store.put(SESSION_KEY, "tests", None).await.unwrap();
        for _ in 0..STEPS {
            self.now = self.now.plus_millis(self.random.millis(10 * 60_000));
            match self.random.below(100) {
                0..50 => self.send().await,
                50..64 => self.send_and_lose_the_answer(),
                64..68 => self.import().await,
                68..72 => self.forget().await,
                72..75 => self.retain().await,
                75..78 => self.drop_letters().await,
                78..81 => self.retry_letters().await,
                81..84 => self.archive_or_restore().await,
                84..87 => self.kill().await,
                87..91 => self.kill_while_writing().await,
                91..93 => self.kill_while_erasing().await,
                93..96 => self.fill_the_disk().await,
                96..98 => self.jump(),
                _ => self.check().await,
            }
        }
        self.check().await;
        self.store.clone().close().await.unwrap();
        self.store = open(&self.folder).await;
        self.check().await;
        self.store.close().await.unwrap();
        self.counts
    }

    /// Some messages; those of a queue have an id.
    fn batch(&mut self) -> Vec<Arrival> {
        let count = 1 + self.random.below(6);
        let mut batch = Vec::new();
        for _ in 0..count {
            let body = self.traffic.message(self.now, &mut self.random);
            let of_queue = self.random.chance(50);
            let mut arrival = arrival(&body, self.now, None);
            if of_queue {
                let hash = body.iter().fold(self.time, |hash, byte| {
                    (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_01b3_0000_0000_0000_018d)
                });
                arrival.deduplication_id = Some(DeduplicationId(hash));
            }
            batch.push(arrival);
        }
        batch
    }

    async fn send(&mut self) {
        let batch = self.batch();
        let receipts = self.store.append(batch.clone()).await.unwrap();
        self.take_in_unanswered();
        let expect: Vec<_> = batch.iter().map(|arrival| self.model.keep(arrival)).collect();
        self.check_receipts(&receipts, &expect);
    }

    fn check_receipts(&mut self, receipts: &[Receipt], expect: &[Disposition]) {
        let became: Vec<_> = receipts.iter().map(|receipt| receipt.disposition).collect();
        assert_eq!(became, expect);
        for receipt in receipts {
            match receipt.disposition {
                Disposition::Deduplicated => self.counts.swallowed += 1,
                Disposition::Erased => self.counts.refused_as_erased += 1,
                _ => {}
            }
            if receipt.disposition != Disposition::Deduplicated {
                assert!(receipt.sequence > self.last_sequence, "{receipt:?}");
                self.last_sequence = receipt.sequence;
            }
            self.counts.answered += 1;
        }
    }

    /// The store gets the batch, and the sender goes away.
    fn send_and_lose_the_answer(&mut self) {
        let batch = self.batch();
        drop(self.store.append(batch.clone()).now_or_never());
        self.unanswered.push(batch);
        self.counts.lost_answers += 1;
    }

    /// An answered caller comes after all who were not.
    fn take_in_unanswered(&mut self) {
        for batch in std::mem::take(&mut self.unanswered) {
            for arrival in &batch {
                self.model.keep(arrival);
            }
        }
    }

    /// Waits until the store has done everything that it was sent.
    async fn run_until_idle(&mut self) {
        self.store.writer.run("wait", |_| Ok(())).await.unwrap();
        self.take_in_unanswered();
    }

    async fn import(&mut self) {
        let batch: Vec<_> = self.batch();
        let batch: Vec<_> = batch
            .into_iter()
            .map(|arrival| Arrival { deduplication_id: None, ..arrival })
            .collect();
        let answers = self.store.import(batch.clone()).await.unwrap();
        self.take_in_unanswered();
        let expect: Vec<_> = batch.iter().map(|arrival| self.model.import(arrival)).collect();
        let became: Vec<_> =
            answers.into_iter().map(|answer| answer.unwrap().disposition).collect();
        assert_eq!(became, expect);
        self.counts.imported += batch.len() as u64;
    }

    async fn forget(&mut self) {
        self.counts.forgotten += 1;
        self.take_in_unanswered();
        if self.random.chance(60) {
            let id = self.request();
            let erased = self.store.forget_request(&id).await.unwrap();
            let expect = self.model.forget_request(&id);
            assert_eq!((erased.interactions, erased.dead_letters), expect);
            if expect != (0, 0) {
                self.check_bytes();
            }
        } else {
            let session = self.random.choice(&self.traffic.sessions).unwrap().clone();
            let kept = intake().privacy().session(&session).unwrap();
            let forms = BTreeSet::from([kept, SessionId::from_store(session.clone())]);
            let erased = self.store.forget_session(&forms, &|_| {}).await.unwrap();
            let expect = self.model.forget_session(&session);
            assert_eq!((erased.interactions, erased.dead_letters), expect);
            if expect != (0, 0) {
                self.check_bytes();
            }
            // A new caller takes their place.
            let place = self.traffic.sessions.iter().position(|other| *other == session).unwrap();
            if self.random.chance(70) {
                self.traffic.sessions[place] = self.traffic.word();
            }
        }
        if self.random.chance(70) {
            let place = self.random.below(self.traffic.requests.len());
            self.traffic.requests[place] = self.traffic.word();
        }
    }

    fn request(&mut self) -> RequestId {
        RequestId::new(self.random.choice(&self.traffic.requests).unwrap().as_str()).unwrap()
    }

    async fn retain(&mut self) {
        self.run_until_idle().await;
        self.counts.retained += 1;
        let days = u32::try_from(1 + self.random.below(20)).unwrap();
        let moment = self.model.old_before(self.now, days);
        let rows = self.model.rows() as u64;
        match self.store.retain(self.now, days).await.unwrap() {
            Retained::Deleted(deleted) | Retained::Silent { deleted, .. } => {
                assert_eq!(deleted, self.model.delete_before(moment));
            }
            Retained::TooMany(old) => {
                assert!(old.rows > 10 && old.rows * 5 > rows, "{old:?} of {rows}");
                assert_eq!(old.before, moment);
                self.store.delete_before(moment).await.unwrap();
                assert_eq!(old.rows, self.model.delete_before(moment));
            }
        }
        self.clean_up().await;
    }

    async fn clean_up(&mut self) {
        if self.store.clean_up().await.unwrap() {
            self.check_bytes();
        }
        assert!(!self.store.clean_up().await.unwrap());
    }

    async fn drop_letters(&mut self) {
        self.run_until_idle().await;
        let ids = self.letter_ids().await;
        let before = self.model.letters.len();
        if self.random.chance(20) {
            let all = DeadLetterSelection::All;
            let dropped = self.store.drop_dead_letters(&all, &|_| {}).await.unwrap();
            assert_eq!(dropped.dropped, before as u64);
            self.model.letters.clear();
        } else {
            let mut gone = Vec::new();
            for place in (0..ids.len()).rev() {
                if self.random.chance(50) {
                    gone.push(ids[place]);
                    self.model.letters.remove(place);
                }
            }
            gone.push(i64::MAX);
            let dropped = self.store.drop_dead_letters(&selected(&gone), &|_| {}).await.unwrap();
            assert_eq!(dropped.dropped, gone.len() as u64 - 1);
            assert_eq!(dropped.missing, Some(i64::MAX.to_string()));
        }
        self.counts.letters_dropped += 1;
        if self.model.letters.len() < before {
            self.check_bytes();
        }
    }

    /// In the order of the model's.
    async fn letter_ids(&self) -> Vec<i64> {
        let mut ids = letter_ids(&self.store).await;
        ids.reverse();
        ids
    }

    /// The owner fixes some letters, and leaves others as they are.
    async fn retry_letters(&mut self) {
        self.run_until_idle().await;
        let ids = self.letter_ids().await;
        let mut letters = Vec::new();
        let mut expect = Vec::new();
        for place in (0..ids.len()).rev() {
            if self.random.chance(50) {
                continue;
            }
            let (body, came) = self.model.letters[place].clone();
            let mended = self.traffic.message(self.now, &mut self.random);
            let mended = arrival(&mended, self.now, None);
            if let Content::Event(event) = &mended.content {
                self.model.letters.remove(place);
                expect.push(self.model.join(event));
                letters.push((ids[place], mended));
            } else {
                expect.push(Disposition::DeadLetter);
                letters.push((ids[place], arrival(&body, came, None)));
            }
            if expect.last() == Some(&Disposition::Erased) {
                // It may have told of more that was to be erased: the others are as the store says.
                break;
            }
        }
        self.counts.letters_retried += letters.len() as u64;
        let receipts = self.store.replace_dead_letters(letters).await.unwrap();
        let became: Vec<_> = receipts.iter().map(|one| one.unwrap().disposition).collect();
        assert_eq!(became, expect);
        self.clean_up().await;
    }

    async fn archive_or_restore(&mut self) {
        self.run_until_idle().await;
        if self.archive.is_none() || self.random.chance(40) {
            self.archive = Some((self.everything().await, self.model.clone()));
        }
        let Some((items, archived)) = self.archive.clone() else { return };
        if self.random.chance(50) {
            // Into another store, with which it goes on.
            self.store.clone().close().await.unwrap();
            self.folder = Folder::new();
            self.store = open(&self.folder).await;
            self.model = Model::default();
            self.last_sequence = 0;
            self.begin_another_time();
        }
        let mut others = Vec::new();
        let mut events = Vec::new();
        for item in items {
            match item {
                Archived::Interaction(record) => events.extend(record.into_events()),
                item => others.push(item),
            }
        }
        let arrivals: Vec<_> = events
            .into_iter()
            .map(|event| Arrival {
                content: Content::Event(Box::new(event)),
                arrived_at: self.now,
                deduplication_id: None,
            })
            .collect();
        self.store.put_back(others).await.unwrap();
        self.store.import(arrivals).await.unwrap();
        self.model.restore(&archived);
        self.counts.restored += 1;
        self.clean_up().await;
        self.check().await;
    }

    async fn everything(&self) -> Vec<Archived> {
        let mut items = Vec::new();
        let mut from = None;
        loop {
            let page = self.store.archive_page(from).await.unwrap();
            assert_eq!(page.unreadable, 0);
            items.extend(page.items);
            from = page.next;
            if from.is_none() {
                return items;
            }
        }
    }

    /// A power cut while nothing is written.
    async fn kill(&mut self) {
        self.run_until_idle().await;
        let image = Image::of(&self.folder);
        self.open_image(&image).await;
        self.counts.killed += 1;
        self.check().await;
    }

    async fn open_image(&mut self, image: &Image) {
        let folder = image.put();
        self.store.clone().close().await.unwrap();
        self.folder = folder;
        self.store = open(&self.folder).await;
    }

    /// A power cut while some batches are written, none of which was answered.
    async fn kill_while_writing(&mut self) {
        self.run_until_idle().await;
        let before = Image::of(&self.folder);
        let mut batches = Vec::new();
        for _ in 0..=self.random.below(3) {
            let batch = self.batch();
            drop(self.store.append(batch.clone()).now_or_never());
            self.store.writer.run("wait", |_| Ok(())).await.unwrap();
            batches.push(batch);
        }
        let image = before.torn(Image::of(&self.folder), &mut self.random);
        self.open_image(&image).await;
        self.counts.killed_while_writing += 1;
        // Whole batches are there, the first ones.
        let seen = self.seen().await;
        let mut model = self.model.clone();
        let mut left = batches.clone().into_iter();
        while seen != expected(&model) {
            let Some(batch) = left.next() else {
                panic!("{seen:?}\nis no state between\n{:?}", expected(&self.model));
            };
            for arrival in &batch {
                model.keep(arrival);
            }
        }
        self.model = model;
        // Batches that change nothing leave no trace by which they could be told from those that are lost,
        // but for the ids by which they swallow their repetitions.
        self.begin_another_time();
        // The senders try again.
        for batch in batches {
            let batch: Vec<_> = batch
                .into_iter()
                .map(|arrival| Arrival { deduplication_id: None, ..arrival })
                .collect();
            let receipts = self.store.append(batch.clone()).await.unwrap();
            let expect: Vec<_> = batch.iter().map(|arrival| self.model.keep(arrival)).collect();
            self.last_sequence = 0;
            self.check_receipts(&receipts, &expect);
        }
        self.check().await;
    }

    /// A power cut after the rows of a request have gone, and before their bytes have.
    async fn kill_while_erasing(&mut self) {
        self.run_until_idle().await;
        let id = self.request();
        let erased = id.clone();
        let erase = move |writer: &mut crate::writer::Writer| {
            writer.in_transaction(|transaction| {
                erase_request(transaction, &erased)?;
                crate::erasure::drop_erased_letters(transaction)
            })
        };
        self.store.writer.run("erase", erase).await.unwrap();
        self.model.forget_request(&id);
        let image = Image::of(&self.folder);
        self.open_image(&image).await;
        self.counts.killed_while_erasing += 1;
        self.check().await;
        self.clean_up().await;
    }

    async fn fill_the_disk(&mut self) {
        self.run_until_idle().await;
        let room = self.random.below(3);
        limit(&self.store, Some(i64::try_from(room).unwrap())).await;
        for _ in 0..12 {
            let batch = self.batch();
            match self.store.append(batch.clone()).await {
                Ok(receipts) => {
                    let expect: Vec<_> =
                        batch.iter().map(|arrival| self.model.keep(arrival)).collect();
                    self.check_receipts(&receipts, &expect);
                }
                Err(error) => {
                    assert_eq!(error.kind, StoreErrorKind::Unavailable);
                    self.counts.full_disks += 1;
                    break;
                }
            }
        }
        self.check().await;
        limit(&self.store, None).await;
    }

    /// The clock goes back or ahead by up to a month.
    fn jump(&mut self) {
        self.take_in_unanswered();
        let jump = self.random.millis(30 * DAY_MS);
        self.now = self.now.plus_millis(if self.random.chance(50) { jump } else { -jump });
        self.begin_another_time();
        self.counts.clock_jumps += 1;
    }

    /// What came before swallows nothing that comes from now on.
    fn begin_another_time(&mut self) {
        self.time += 1;
        self.model.swallow_nothing();
    }

    async fn check(&mut self) {
        self.run_until_idle().await;
        let (seen, expect) = (self.seen().await, expected(&self.model));
        assert_eq!(seen.records, expect.records);
        assert_eq!(texts(&seen.letters), texts(&expect.letters));
        assert_eq!(seen.letters, expect.letters);
        assert_eq!(seen.deliveries, expect.deliveries);
        let observed: Vec<_> = everything(&self.store).await;
        let ids: BTreeSet<&str> = observed.iter().map(|one| one.request_id.as_str()).collect();
        assert!(observed.len() == ids.len());
        let counted = expect.records.values().filter(|record| record.at().is_some());
        assert!(counted.map(|record| record.request_id.as_str()).eq(ids.iter().copied()));
    }

    async fn seen(&self) -> Seen {
        let records = exported(&self.store).await;
        let count = records.len();
        let records: BTreeMap<_, _> =
            records.into_iter().map(|record| (record.request_id.clone(), record)).collect();
        assert_eq!(records.len(), count, "a request is there twice");
        let mut letters = Vec::new();
        for id in self.letter_ids().await {
            let letter = self.store.letter(id).await.unwrap().unwrap();
            letters.push((letter.body, letter.arrived_at));
        }
        let mut deliveries = BTreeMap::new();
        for item in self.everything().await {
            if let Archived::Deliveries { week, duplicates, conflicts, dead_letters, .. } = item {
                deliveries.insert(week, [duplicates, conflicts, dead_letters]);
            }
        }
        Seen { records, letters, deliveries }
    }

    /// After an erasure the files hold the words of what is there, and no others.
    fn check_bytes(&self) {
        let mut there = format!("{:?}", self.model.records()).into_bytes();
        for (body, _) in &self.model.letters {
            there.push(b' ');
            there.extend(body);
        }
        let there = words(&there);
        for path in self.folder.files() {
            let bytes = std::fs::read(&path).unwrap();
            let left: Vec<_> = words(&bytes).difference(&there).copied().collect();
            let left: Vec<_> = left.into_iter().map(String::from_utf8_lossy).collect();
            assert!(left.is_empty(), "{}: {left:?} are gone and lie there still", path.display());
        }
    }
}

fn expected(model: &Model) -> Seen {
    Seen {
        records: model.records(),
        letters: model.letters.clone(),
        deliveries: model.deliveries.clone(),
    }
}

/// For a person who reads why a seed fails.
fn texts(letters: &[Letter]) -> Vec<std::borrow::Cow<'_, str>> {
    letters.iter().map(|(body, _)| String::from_utf8_lossy(body)).collect()
}
