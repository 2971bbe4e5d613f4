//! `cv-analytics archive`: everything that a store keeps, as checksummed files in a folder or in S3.

pub(crate) mod ledger;
pub(crate) mod line;
pub(crate) mod manifest;
pub(crate) mod parts;
pub(crate) mod place;
pub(crate) mod reading;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cv_analytics_core::privacy::SessionKey;
use cv_analytics_core::store::Store;
use cv_analytics_core::store::archive::{ArchivePage, Archived, Cursor};
use cv_analytics_core::store::session_key::SESSION_KEY;

use self::line::{read_state, write_state};
use self::manifest::{ARCHIVE_VERSION, ArchiveCounts, Manifest, PartKind, Version};
use self::parts::{LineDigests, PartWriter, read_part};
use self::place::ArchiveLocation;
use self::reading::{Item, Lines, check_lines};
use crate::clock::now;
use crate::install::Installation;
use crate::install::open_store::Purpose;
use crate::output;
use crate::output::progress;

const MANIFEST: &str = "manifest.json";
const IN_PROGRESS: &str = "in-progress.json";
/// The most bytes of a manifest: some 80,000 parts.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// A part is written once its lines have so many bytes.
const PART_BYTES: u64 = 16 << 20;

const HELP: &str = "Archive the whole store in a folder or in S3, with checksums

Writes compressed JSON Lines: events in their canonical form, which `events import` reads too, and everything else (settings, marks, erasures, counts, dead letters). Reads all of it back and checks it; only then is the archive complete. Run the same command again to continue an interrupted one.

What arrives while it runs may or may not be included: before you delete anything, stop the agent's events and check with --verify --against-store.

An archive holds people's questions and the session hash key: protect it like the store. For s3://BUCKET/PREFIX, region, credentials and endpoint come from where the AWS CLI finds them. On AWS the messages of the dead-letter queue stay there; their counts are archived.";

/// The archive command's options.
#[derive(Debug, Args)]
#[command(long_about = HELP)]
pub(crate) struct ArchiveCommand {
    /// A folder, or `s3://BUCKET/PREFIX`
    #[arg(value_name = "PLACE")]
    place: String,
    /// Write nothing: verify every checksum and every line of an existing archive
    #[arg(long)]
    verify: bool,
    /// With --verify: also check that the archive contains everything now in the store
    #[arg(long, requires = "verify")]
    against_store: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(installation: &Installation, command: ArchiveCommand) -> Result<()> {
    let manifest = if command.verify {
        let place = ArchiveLocation::open(&command.place, false).await?;
        let manifest = complete(&place).await?;
        let mut digests = LineDigests::default();
        let bar = progress("lines checked")?;
        check(&place, &manifest, |line, _| {
            bar.inc(1);
            if command.against_store {
                digests.add(line);
            }
        })
        .await?;
        bar.finish_and_clear();
        if command.against_store {
            compare(&*installation.open(Purpose::Use).await?, &digests, &command.place).await?;
        }
        manifest
    } else {
        let store = installation.open(Purpose::Use).await?;
        archive(&*store, &ArchiveLocation::open(&command.place, true).await?).await?
    };
    if command.json {
        return output::print_line(serde_json::to_string(&manifest)?);
    }
    let ArchiveCounts { events, other, unreadable } = manifest.counts;
    let parts = manifest.parts.len();
    output::print_line(format!(
        "{events} events and {other} other records in {parts} files, every one of them read back and checked: {}",
        command.place
    ))?;
    if unreadable > 0 {
        output::print_line(format!(
            "{unreadable} items of another program or version are not included"
        ))?;
    }
    if command.against_store {
        output::print_line("everything that the store keeps now is in the archive")?;
    }
    Ok(())
}

pub(crate) async fn complete(place: &ArchiveLocation) -> Result<Manifest> {
    if let Some(bytes) = place.get(MANIFEST, MAX_MANIFEST_BYTES).await? {
        return read_manifest(place, MANIFEST, &bytes);
    }
    if place.get(IN_PROGRESS, MAX_MANIFEST_BYTES).await?.is_some() {
        bail!(
            "incomplete archive in {}: run `cv-analytics archive` with the same place again to continue it",
            place.named()
        );
    }
    bail!("missing archive: {} contains no {MANIFEST}", place.named())
}

fn read_manifest(place: &ArchiveLocation, name: &str, bytes: &[u8]) -> Result<Manifest> {
    let version = serde_json::from_slice::<Version>(bytes).ok();
    let named = place.named();
    ensure!(
        version.is_none_or(|version| version.archive_version <= u64::from(ARCHIVE_VERSION)),
        "unknown archive version in {named}: a newer cv-analytics wrote it; update the program"
    );
    serde_json::from_slice(bytes).with_context(|| format!("cannot read {name} in {named}"))
}

/// The key of the session hash in the archive at `place`.
pub(crate) async fn session_key_in(place: &str) -> Result<SessionKey> {
    let place = ArchiveLocation::open(place, false).await?;
    let manifest = complete(&place).await?;
    for part in manifest.parts.iter().filter(|part| part.kind == PartKind::State) {
        for line in Lines::of(part, read_part(&place, part).await?)? {
            if let Archived::Ledger { key, value } = read_state(&line?)?
                && key == SESSION_KEY
            {
                return Ok(SessionKey::new(value));
            }
        }
    }
    bail!("missing key of the session hash in {}", place.named())
}

/// Checks every part, and calls `seen` with every line.
pub(crate) async fn check(
    place: &ArchiveLocation,
    manifest: &Manifest,
    mut seen: impl FnMut(&[u8], Item),
) -> Result<()> {
    for part in &manifest.parts {
        let bytes = read_part(place, part).await?;
        check_lines(part, bytes, &mut seen)?;
    }
    let lines = |kind| {
        let parts = manifest.parts.iter().filter(|part| part.kind == kind);
        parts.map(|part| part.lines).sum::<u64>()
    };
    let ArchiveCounts { events, other, .. } = manifest.counts;
    ensure!(
        lines(PartKind::Events) == events && lines(PartKind::State) == other,
        "the parts of the archive in {} are not as many lines as its manifest counts",
        place.named()
    );
    Ok(())
}

async fn archive(store: &dyn Store, place: &ArchiveLocation) -> Result<Manifest> {
    let mut manifest = begin(store, place).await?;
    let bar = progress("events archived")?;
    bar.set_position(manifest.counts.events);
    let mut parts = [PartWriter::new(PartKind::State), PartWriter::new(PartKind::Events)];
    let mut line = Vec::new();
    loop {
        let from = manifest.cursor.take().map(Cursor);
        let ArchivePage { items, next, unreadable } = store.archive_page(from).await?;
        manifest.counts.unreadable += unreadable;
        let [state, events] = &mut parts;
        for item in items {
            for_lines(item, &mut line, |kind, line| match kind {
                PartKind::State => {
                    manifest.counts.other += 1;
                    state.add(line)
                }
                PartKind::Events => {
                    manifest.counts.events += 1;
                    events.add(line)
                }
            })?;
        }
        bar.set_position(manifest.counts.events);
        manifest.cursor = next.map(|Cursor(next)| next);
        let is_last = manifest.cursor.is_none();
        if is_last || parts.iter().any(|part| part.plain_bytes() >= PART_BYTES) {
            for part in &mut parts {
                part.flush(place, &mut manifest).await?;
            }
            if !is_last {
                place.put(IN_PROGRESS, serde_json::to_vec_pretty(&manifest)?).await?;
            }
        }
        if is_last {
            break;
        }
    }
    bar.set_message("checking what was written");
    check(place, &manifest, |_, _| {}).await?;
    manifest.finished_at = Some(now().to_string());
    place.put(MANIFEST, serde_json::to_vec_pretty(&manifest)?).await?;
    place.remove(IN_PROGRESS).await?;
    bar.finish_and_clear();
    Ok(manifest)
}

/// The manifest to go on with: that of an archive that was interrupted, else a new one.
async fn begin(store: &dyn Store, place: &ArchiveLocation) -> Result<Manifest> {
    let named = place.named();
    if place.get(MANIFEST, MAX_MANIFEST_BYTES).await?.is_some() {
        bail!(
            "refused: {named} already contains an archive; check it with --verify, or name another place"
        );
    }
    let source = store.kind();
    let Some(bytes) = place.get(IN_PROGRESS, MAX_MANIFEST_BYTES).await? else {
        return Ok(Manifest {
            archive_version: ARCHIVE_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            source: source.to_owned(),
            began_at: now().to_string(),
            finished_at: None,
            counts: ArchiveCounts::default(),
            parts: Vec::new(),
            cursor: None,
        });
    };
    let manifest = read_manifest(place, IN_PROGRESS, &bytes)?;
    ensure!(
        manifest.source == source,
        "refused: the archive in {named} was begun from another store ({}); name another place",
        manifest.source
    );
    eprintln!(
        "an archive that was begun at {} goes on after {} events",
        manifest.began_at, manifest.counts.events
    );
    Ok(manifest)
}

/// Calls `take` with each line that stands for `item`, its end included.
fn for_lines(
    item: Archived,
    line: &mut Vec<u8>,
    mut take: impl FnMut(PartKind, &[u8]) -> Result<()>,
) -> Result<()> {
    if let Archived::Interaction(interaction) = item {
        for event in interaction.into_events() {
            line.clear();
            serde_json::to_writer(&mut *line, &event.to_json())?;
            line.push(b'\n');
            take(PartKind::Events, line)?;
        }
        return Ok(());
    }
    line.clear();
    write_state(line, item)?;
    take(PartKind::State, line)
}

/// Checks that every line that the store would archive now is among `digests`.
async fn compare(store: &dyn Store, digests: &LineDigests, place: &str) -> Result<()> {
    let bar = progress("records compared")?;
    let mut missing = 0_u64;
    let mut line = Vec::new();
    let mut from = None;
    loop {
        let page = store.archive_page(from.take()).await?;
        for item in page.items {
            for_lines(item, &mut line, |_, line| {
                bar.inc(1);
                missing += u64::from(!digests.has(line));
                Ok(())
            })?;
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    ensure!(
        missing == 0,
        "{missing} records that the store keeps now are not in {place}: archive it again into another place, once \
         nothing arrives any more"
    );
    Ok(())
}
