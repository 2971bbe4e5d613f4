//! `cv-analytics restore`: what an archive holds, into a store.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cv_analytics_core::archive::{Archive as _, Archived, PutBack};
use cv_analytics_core::intake::Content;
use cv_analytics_core::store::{Arrival, Disposition};
use cv_analytics_core::week::IsoWeek;
use serde::Serialize;

use crate::archive::manifest::{Manifest, Part, PartKind};
use crate::archive::parts::{lines, read_event, read_part, read_state};
use crate::archive::place::Place;
use crate::archive::{check, complete};
use crate::arguments::Installation;
use crate::installation_store::InstallationStore;
use crate::output::progress;
use crate::{now, output};

/// Records that are put back by one call.
const BATCH: usize = 1_000;

const HELP: &str = "Put what an archive holds into a store

Checks the whole archive first: one that is damaged or not complete changes nothing. Then erasures, settings and marks are put back, then the events, which are joined to what is there. Running it again, or after it was interrupted, changes nothing that is there already. A restored store gives the same reports.

Into SQLite a database is made where there is none. Into DynamoDB the tables have to be there; letters that SQLite kept, and erasures of which it keeps only a checksum, have no place there and stay in the archive.";

/// The restore command's options.
#[derive(Debug, Args)]
#[command(long_about = HELP)]
pub(crate) struct RestoreCommand {
    /// A folder, or `s3://BUCKET/PREFIX`
    #[arg(value_name = "PLACE")]
    place: String,
    /// Write what was done as JSON
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
}

/// Runs the command.
pub(crate) async fn run(installation: &Installation, command: RestoreCommand) -> Result<()> {
    let place = Place::open(&command.place, false).await?;
    let manifest = complete(&place).await?;
    let bar = progress("lines checked")?;
    check(&place, &manifest, |_| bar.inc(1)).await?;
    bar.finish_and_clear();
    let store = installation.open_or_create().await?;
    let mut restored = Restored::default();
    let put = restore(&store, &place, &manifest, &mut restored).await;
    put.with_context(|| {
        format!("{} events were put back; running it again goes on", restored.events)
    })?;
    store.close().await?;
    if command.json {
        output::print_line(serde_json::to_string(&restored)?)?;
    } else {
        restored.print()?;
    }
    ensure!(
        restored.refused == 0,
        "{} events are not kept: with their other half they are larger than an item of DynamoDB may be (400 KB)",
        restored.refused
    );
    Ok(())
}

async fn restore(
    store: &InstallationStore,
    place: &Place,
    manifest: &Manifest,
    restored: &mut Restored,
) -> Result<()> {
    let of_kind = |kind| manifest.parts.iter().filter(move |part| part.kind == kind);
    // Erasures first: what they name must not come back.
    let mut noted = BTreeMap::<IsoWeek, u64>::new();
    for part in of_kind(PartKind::State) {
        put_state_back(store, place, part, &mut noted, restored).await?;
    }
    let counted = noted.into_iter().map(|(week, dead_letters)| Archived::Deliveries {
        week,
        duplicates: 0,
        conflicts: 0,
        dead_letters,
        refused: 0,
    });
    restored.add_records(store.put_back(counted.collect()).await?);
    let bar = progress("events put back")?;
    for part in of_kind(PartKind::Events) {
        let bytes = read_part(place, part).await?;
        let mut lines = lines(bytes)?.peekable();
        while lines.peek().is_some() {
            let events = lines.by_ref().take(BATCH).map(|line| {
                let event = read_event(&line?)?;
                let content = Content::Event(Box::new(event));
                Ok(Arrival { content, arrived_at: now(), deduplication_id: None })
            });
            let receipts = store.import(events.collect::<Result<_>>()?).await?;
            for receipt in receipts {
                restored.add_event(receipt.disposition);
            }
            bar.set_position(restored.events);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Puts back the lines of a part that holds no events. The notes of dead letters that only AWS has
/// are counted by week for a store that counts.
async fn put_state_back(
    store: &InstallationStore,
    place: &Place,
    part: &Part,
    noted: &mut BTreeMap<IsoWeek, u64>,
    restored: &mut Restored,
) -> Result<()> {
    let bytes = read_part(place, part).await?;
    let mut batch = Vec::new();
    for line in lines(bytes)? {
        match read_state(&line?)? {
            Archived::DeadLetterNote { arrived_at, .. } if !store.notes_dead_letters() => {
                *noted.entry(IsoWeek::containing(arrived_at)).or_default() += 1;
            }
            item => batch.push(item),
        }
        if batch.len() == BATCH {
            restored.add_records(store.put_back(std::mem::take(&mut batch)).await?);
        }
    }
    restored.add_records(store.put_back(batch).await?);
    Ok(())
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

    fn print(&self) -> Result<()> {
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
        if self.without_a_place > 0 {
            output::print_line(format!(
                "{} dead letters or erasures have no place in this kind of store: they stay in the archive",
                self.without_a_place
            ))?;
        }
        Ok(())
    }
}
