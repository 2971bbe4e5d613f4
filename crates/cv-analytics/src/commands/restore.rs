//! `cv-analytics restore`: what an archive holds, into a store.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::archive::{Archived, PutBack};
use cv_analytics_core::store::session_key::SESSION_KEY;
use cv_analytics_core::store::{Arrival, SharedStore};
use cv_analytics_core::week::IsoWeek;
use serde::Serialize;

use crate::clock::now;
use crate::commands::archive::ledger::LedgerRecord;
use crate::commands::archive::line::read_state;
use crate::commands::archive::manifest::{Manifest, Part, PartKind};
use crate::commands::archive::parts::read_part;
use crate::commands::archive::place::ArchiveLocation;
use crate::commands::archive::reading::{Item, Lines};
use crate::commands::archive::{check, complete};
use crate::install::Installation;
use crate::install::open_store::Purpose;
use crate::install::privacy_switches::PrivacySwitches;
use crate::output;
use crate::output::progress;

/// Records of the ledger that a store is given: more are not an archive of this program.
const MAX_LEDGER_RECORDS: u64 = 100_000;
/// Bytes of everything but events that are taken of an archive by others: a few KB can unpack to as much as a disk has.
const MAX_FOREIGN_STATE_BYTES: u64 = 256 << 20;

const HELP: &str = "Restore an archive into a store

Checks the whole archive first: a damaged or incomplete one changes nothing. Then it restores erasures, settings and marks, then the events, joined with existing data. Running it again, also after an interruption, changes nothing that is already there. A restored store gives the same reports.

The author of an archive knows the keys in it, of the session hash and of the unsubscribe links. They are skipped, so returning visitors become new sessions, and links in earlier mails stop working; and so is what is known of the weekly mail, which mails were sent and who unsubscribed. --take-keys restores all of these, from an archive that you wrote into an empty store. Free text goes through the rules of the intake again, which change nothing that was kept under them; where the store keeps more, give the same --keep-… here as to `serve`.

For SQLite, a missing database is created. For DynamoDB, the tables must exist; SQLite's dead letters, and erasures of which it stores only a checksum, have no place there and stay in the archive.";

/// The restore command's options.
#[derive(Debug, Args)]
#[command(long_about = HELP)]
pub(crate) struct RestoreCommand {
    /// A folder, or `s3://BUCKET/PREFIX`
    #[arg(value_name = "PLACE")]
    place: String,
    /// Also restore the keys of the session hash and of the unsubscribe links, and what is known of the weekly mail: only
    /// from an archive that you wrote
    #[arg(long)]
    take_keys: bool,
    #[command(flatten)]
    privacy: PrivacySwitches,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

/// What became of the events.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    events: u64,
    stored: u64,
    there_before: u64,
    conflicts: u64,
    erased: u64,
    refused: u64,
    other_records: u64,
    /// Settings and marks of which the store has another value, which stays.
    settings_kept: u64,
    /// Records for which this kind of store has no place.
    without_a_place: u64,
    /// Keys that the store does not have, and was not given.
    keys_left_out: u64,
    /// Records of mails sent and of recipients, which would keep mails from being sent.
    mail_records_left_out: u64,
    /// Whether sessions were erased here under another key than the archive's, so that theirs in it are not recognized.
    erasures_unrecognized: bool,
    /// Records of the ledger of another program or version, or unreadable ones.
    unknown_records: u64,
}

pub(crate) async fn run(installation: &Installation, command: RestoreCommand) -> Result<()> {
    let place = ArchiveLocation::open(&command.place, false).await?;
    let manifest = complete(&place).await?;
    let bar = progress("lines checked")?;
    let mut seen = Seen::default();
    check(&place, &manifest, |line, item| {
        bar.inc(1);
        seen.look_at(line, &item);
    })
    .await?;
    bar.finish_and_clear();
    ensure!(
        seen.ledger_records <= MAX_LEDGER_RECORDS,
        "too large: the archive in {} has {} settings and marks, at most {MAX_LEDGER_RECORDS} are accepted",
        place.named(),
        seen.ledger_records
    );
    ensure!(
        command.take_keys || seen.state_bytes <= MAX_FOREIGN_STATE_BYTES,
        "too large: the settings, marks and dead letters of the archive in {} have {} bytes, of which \
         {MAX_FOREIGN_STATE_BYTES} are accepted; where you wrote the archive, restore it with --take-keys",
        place.named(),
        seen.state_bytes
    );
    let store = installation.open(Purpose::Fill).await?;
    let had_marks = seen.names_hashes && store.has_erased_sessions().await?;
    let restore = Restore {
        installation: installation.clone(),
        store,
        take_keys: command.take_keys,
        privacy: command.privacy,
        names_sessions: seen.names_sessions,
    };
    let mut restored = Restored::default();
    let put = restore.put(&place, &manifest, &mut restored).await;
    put.with_context(|| {
        format!("{} events were put back; running it again goes on", restored.events)
    })?;
    restored.erasures_unrecognized = had_marks && !restore.has_key(seen.session_key).await?;
    restore.store.close().await?;
    if command.json {
        output::print_line(serde_json::to_string(&restored)?)?;
    } else {
        restored.print(&command.place)?;
    }
    ensure!(
        restored.refused == 0,
        "{} events are not kept: by themselves or with their other half they are larger than the store takes",
        restored.refused
    );
    Ok(())
}

/// What is seen of an archive while it is checked.
#[derive(Debug, Default)]
struct Seen {
    ledger_records: u64,
    /// Bytes of the lines that are not events.
    state_bytes: u64,
    /// Whether an event names a session that is not hashed.
    names_sessions: bool,
    /// Whether one names a session that is hashed, and the key, where the archive has it.
    names_hashes: bool,
    session_key: Option<String>,
}

impl Seen {
    fn look_at(&mut self, line: &[u8], item: &Item) {
        match item {
            Item::State(state) => {
                self.state_bytes += line.len() as u64;
                if let Archived::Ledger { key, value } = state {
                    self.ledger_records += 1;
                    if key == SESSION_KEY {
                        self.session_key = Some(value.clone());
                    }
                }
            }
            Item::Event(event) => {
                for session in event.sessions() {
                    let is_hashed = session.was_hashed_before();
                    self.names_hashes |= is_hashed;
                    self.names_sessions |= !is_hashed;
                }
            }
        }
    }
}

/// How an archive is put back.
struct Restore {
    installation: Installation,
    store: SharedStore,
    take_keys: bool,
    privacy: PrivacySwitches,
    names_sessions: bool,
}

impl Restore {
    async fn put(
        &self,
        place: &ArchiveLocation,
        manifest: &Manifest,
        restored: &mut Restored,
    ) -> Result<()> {
        let store = &self.store;
        let of_kind = |kind| manifest.parts.iter().filter(move |part| part.kind == kind);
        // Erasures first: what they name must not come back.
        let mut noted = BTreeMap::<IsoWeek, u64>::new();
        for part in of_kind(PartKind::State) {
            self.put_state_back(place, part, &mut noted, restored).await?;
        }
        let counted = noted.into_iter().map(|(week, dead_letters)| Archived::Deliveries {
            week,
            duplicates: 0,
            conflicts: 0,
            dead_letters,
            refused: 0,
        });
        restored.add_records(store.put_back(counted.collect()).await?);
        let intake = self.intake().await?;
        let bar = progress("events put back")?;
        for part in of_kind(PartKind::Events) {
            let mut lines = Lines::of(part, read_part(place, part).await?)?;
            loop {
                let batch = lines.batch()?;
                if batch.is_empty() {
                    break;
                }
                let mut events = Vec::with_capacity(batch.len());
                for line in batch {
                    match intake.read(&line, now()) {
                        content @ Content::Event(_) => {
                            events.push(Arrival {
                                content,
                                arrived_at: now(),
                                deduplication_id: None,
                            });
                        }
                        // It was read before, but what the rules put in place of a text is too long.
                        Content::DeadLetter(_) => restored.add_event(Disposition::DeadLetter),
                    }
                }
                for answer in store.import(events).await? {
                    let refused = Disposition::DeadLetter;
                    restored.add_event(answer.map_or(refused, |receipt| receipt.disposition));
                }
                bar.set_position(restored.events);
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Reads events under this installation's rules; needs a key only for unhashed sessions.
    async fn intake(&self) -> Result<Intake> {
        let mut key = self.installation.known_session_key(&*self.store).await?;
        if key.is_none() && self.names_sessions && !self.privacy.keeps_session_ids() {
            key = Some(self.installation.session_key_to_keep(&*self.store).await?);
        }
        Ok(Intake::of_archive(self.privacy.privacy(key)))
    }

    /// Whether the key of the session hash here is that of an archive.
    async fn has_key(&self, of_archive: Option<String>) -> Result<bool> {
        let here = self.installation.known_session_key(&*self.store).await?;
        let hash = |key: SessionKey| Privacy::full(key).session("a session");
        Ok(here.map(hash) == of_archive.map(SessionKey::new).map(hash))
    }

    /// Restores a part without events; AWS's notes of dead letters become weekly counts.
    async fn put_state_back(
        &self,
        place: &ArchiveLocation,
        part: &Part,
        noted: &mut BTreeMap<IsoWeek, u64>,
        restored: &mut Restored,
    ) -> Result<()> {
        let store = &self.store;
        let mut lines = Lines::of(part, read_part(place, part).await?)?;
        loop {
            let batch = lines.batch()?;
            if batch.is_empty() {
                return Ok(());
            }
            let mut items = Vec::with_capacity(batch.len());
            for line in batch {
                match read_state(&line)? {
                    Archived::DeadLetterNote { arrived_at, .. } if !store.notes_dead_letters() => {
                        *noted.entry(IsoWeek::containing(arrived_at)).or_default() += 1;
                    }
                    Archived::Ledger { key, value } => {
                        let record = LedgerRecord::of(&key, &value);
                        if let Some(left_out) = self.leaves_out(record, restored) {
                            let present = store.get(&key).await?;
                            *left_out +=
                                u64::from(present.is_none_or(|present| present.value != value));
                        } else {
                            items.push(Archived::Ledger { key, value });
                        }
                    }
                    item => items.push(item),
                }
            }
            restored.add_records(store.put_back(items).await?);
        }
    }

    /// Where a record that is not taken is counted.
    fn leaves_out<'r>(
        &self,
        record: LedgerRecord,
        restored: &'r mut Restored,
    ) -> Option<&'r mut u64> {
        match record {
            LedgerRecord::Unknown => Some(&mut restored.unknown_records),
            LedgerRecord::Key if !self.take_keys => Some(&mut restored.keys_left_out),
            LedgerRecord::Done if !self.take_keys => Some(&mut restored.mail_records_left_out),
            LedgerRecord::Settings | LedgerRecord::Key | LedgerRecord::Done => None,
        }
    }
}

impl Restored {
    fn add_records(&mut self, done: PutBack) {
        self.other_records += done.kept;
        self.settings_kept += done.differing;
        self.without_a_place += done.no_place;
    }

    fn add_event(&mut self, disposition: Disposition) {
        self.events += 1;
        *match disposition {
            Disposition::Stored => &mut self.stored,
            Disposition::Duplicate | Disposition::Deduplicated => &mut self.there_before,
            Disposition::Conflict => &mut self.conflicts,
            Disposition::Erased => &mut self.erased,
            Disposition::DeadLetter => &mut self.refused,
        } += 1;
    }

    fn print(&self, place: &str) -> Result<()> {
        let Self { events, stored, there_before, conflicts, erased, .. } = self;
        output::print_line(format!(
            "{events} events: {stored} stored, {there_before} there before, {conflicts} in conflict with what is there, \
             {erased} erased before; {} other records",
            self.other_records
        ))?;
        if self.settings_kept > 0 {
            output::print_line(format!(
                "{} settings or marks have another value in the store, which stays",
                self.settings_kept
            ))?;
        }
        if self.erasures_unrecognized {
            output::print_line(format!(
                "Sessions were erased here, and the archive has its sessions under another key: events of theirs are not \
                 recognized in it, and may be back. For each of them run: cv-analytics forget --session ID --archive {place}",
            ))?;
        }
        if self.keys_left_out > 0 {
            output::print_line(
                "The keys in the archive were left out: visitors who come from now on are other sessions than theirs before, \
                 and unsubscribe links in mails of before do not work here. If the archive is your own, restore it into an \
                 empty store with --take-keys.",
            )?;
        }
        if self.mail_records_left_out > 0 {
            output::print_line(format!(
                "{} records of mails and recipients were left out: recipients who unsubscribed get mails again. If the archive \
                 is your own, restore it into an empty store with --take-keys.",
                self.mail_records_left_out
            ))?;
        }
        if self.unknown_records > 0 {
            output::print_line(format!(
                "{} settings or marks were left out: they are of another program or version, or unreadable",
                self.unknown_records
            ))?;
        }
        if self.without_a_place > 0 {
            output::print_line(format!(
                "{} dead letters or erasures have no place in this kind of store: they stay in the archive",
                self.without_a_place
            ))?;
        }
        Ok(())
    }
}
