//! `cv-analytics events`: events as JSON Lines, to the queue, into the store, or out of it.

mod events_queue;

use std::io::Write;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cv_analytics_core::dead_letter::DeadLetter;
use cv_analytics_core::event::Event;
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::store::{Arrival, Disposition, Keep};
use cv_analytics_core::timestamp::Timestamp;
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::events_queue::EventsQueue;
use crate::arguments::Installation;
use crate::demo_traffic::Message;
use crate::installation_store::InstallationStore;
use crate::output::progress;
use crate::queue_client::{Sent, send_all};
use crate::set_aside::{Aside, SetAside};
use crate::store_location::PrivacySwitches;
use crate::{earlier_rows, import_entries, input_lines, now, output};

/// How many events are kept by one commit of an import.
const IMPORT_BATCH: usize = 1000;
/// How many messages are read before they are sent.
const SEND_BATCH: usize = 1000;

const IMPORT_HELP: &str = "Take events straight into the store; what is there already is left as it is

Reads events as JSON Lines. Reads the two tables of an earlier deployment too: what `aws dynamodb scan` writes, the lines of DynamoDB's export to S3, or the rows as plain JSON Lines. A row that waits becomes a question, a complete one question and answer; their week is worked out anew. Import them into other tables than their own.

A line that cannot be read becomes a dead letter: in SQLite's own list, on AWS in the queue that DEAD_LETTER_QUEUE_URL names. Where that is not set, such lines are left out and named, and the exit code is 1.

With --store dynamodb session ids are hashed with SESSION_SALT, which has to be the processor's, else with the key that is kept in the table; one is made, and that is said, only where both tables are empty.";

#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Send events to the queue, signed, as the agent does
    Send(Send),
    /// Take events straight into the store; what is there already is left as it is
    Import(Import),
    /// Write every event that is kept, in canonical form
    Export(Export),
}

/// What to send, and where to.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// JSON Lines; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Send to this queue [default: the one in the data folder's credentials.env; with --store dynamodb the installation's own]
    #[arg(long, value_name = "URL", env = "AWS_SQS_URL")]
    queue_url: Option<String>,
    /// The signing key's id
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide_env_values = true, hide = true)]
    access_key_id: Option<String>,
    /// The signing key
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true, hide = true)]
    secret_access_key: Option<String>,
    /// Sign for this region
    #[arg(long, env = "AWS_REGION")]
    region: Option<String>,
    /// Write the counts as JSON
    #[arg(long)]
    json: bool,
}

/// What to import.
#[derive(Debug, Args)]
#[command(long_about = IMPORT_HELP)]
pub(crate) struct Import {
    /// Events or rows; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Write the counts as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    privacy: PrivacySwitches,
}

/// Where to export to.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What became of imported lines.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    lines: u64,
    stored: u64,
    duplicates: u64,
    conflicts: u64,
    dead_letters: u64,
    erased: u64,
}

/// Runs the command.
pub(crate) async fn run(installation: &Installation, command: Events) -> Result<()> {
    match command {
        Events::Send(options) => {
            let queue = EventsQueue::of(installation, &options).await?;
            tokio::task::spawn_blocking(move || send(&queue, &options)).await?
        }
        Events::Import(options) => import(installation, &options).await,
        Events::Export(options) => export(installation, &options).await,
    }
}

fn send(queue: &EventsQueue, options: &Send) -> Result<()> {
    let bar = progress("messages sent")?;
    let refused = AtomicU64::new(0);
    let mut lines = input_lines::lines(input_lines::open(&options.file)?);
    loop {
        let batch: Vec<(u64, Vec<u8>)> =
            lines.by_ref().take(SEND_BATCH).collect::<std::io::Result<_>>()?;
        if batch.is_empty() {
            break;
        }
        let refuse = |number: u64, why: &str| {
            refused.fetch_add(1, Ordering::Relaxed);
            bar.suspend(|| eprintln!("line {number} is left out: {why}"));
        };
        let mut numbers = Vec::with_capacity(batch.len());
        let mut messages = Vec::with_capacity(batch.len());
        for (number, line) in batch {
            match String::from_utf8(line) {
                Ok(body) => {
                    numbers.push(number);
                    messages.push(message(body));
                }
                Err(_) => refuse(
                    number,
                    "it is no UTF-8, which a queue cannot carry; `events import` keeps it",
                ),
            }
        }
        let sent = send_all(
            |message| queue.send(message),
            &messages,
            |place, answer| match answer {
                Sent::Acknowledged => bar.inc(1),
                Sent::Refused(why) => refuse(numbers.get(place).copied().unwrap_or_default(), &why),
            },
        );
        let count = bar.position();
        sent.with_context(|| {
            format!("{count} messages were sent; sending the file again does no harm")
        })?;
    }
    bar.finish_and_clear();
    let (sent, refused) = (bar.position(), refused.into_inner());
    if options.json {
        output::print_line(serde_json::json!({"sent": sent, "leftOut": refused}))?;
    } else {
        output::print_line(format!("{sent} messages sent and acknowledged"))?;
    }
    match refused {
        0 => Ok(()),
        refused => bail!("{refused} lines were left out, as said above"),
    }
}

/// A message with the ids that the agent's client gives it; a line that is no event is sent all the
/// same, and becomes a dead letter.
fn message(body: String) -> Message {
    let digest = hex::encode(Sha256::digest(body.as_bytes()));
    let request_id = queue_text(&body, ["requestId", "correlationId"], 119);
    let event_type = queue_text(&body, ["eventType", "type"], 8);
    let (group_id, deduplication_id) = match (request_id, event_type) {
        (Some(id), Some(kind)) => (id.clone(), format!("{id}:{kind}")),
        (Some(id), None) => (id, digest),
        (None, _) => (digest.clone(), digest),
    };
    Message { body, deduplication_id, group_id }
}

/// The first of these fields of a message, where SQS takes it as a part of an id: letters, digits
/// and ASCII punctuation.
pub(crate) fn queue_text(body: &str, names: [&str; 2], longest: usize) -> Option<String> {
    let event: serde_json::Value = serde_json::from_str(body).ok()?;
    let value = names.iter().find_map(|name| event.get(name))?.as_str()?;
    let allowed =
        (1..=longest).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    allowed.then(|| value.to_owned())
}

async fn import(installation: &Installation, options: &Import) -> Result<()> {
    let mut entries = import_entries::entries(input_lines::open(&options.file)?)
        .with_context(|| format!("{} cannot be imported", options.file.display()))?;
    let store = installation.open_or_create().await?;
    if let InstallationStore::DynamoDb(aws) = &store {
        aws.check_before_import().await?;
    }
    let intake = options.privacy.intake_of(&store).await?;
    let set_aside = SetAside::of(&store);
    let bar = progress("events imported")?;
    let mut counts = Counts::default();
    let mut left_out = 0_u64;
    loop {
        let mut arrivals = Vec::with_capacity(IMPORT_BATCH);
        let mut read = 0;
        for entry in entries.by_ref().take(IMPORT_BATCH) {
            read += 1;
            let (number, line) = entry.with_context(|| {
                format!(
                    "{} cannot be read on; {} lines are kept",
                    options.file.display(),
                    counts.lines
                )
            })?;
            let arrived_at = now();
            let content = match read_entry(&intake, &line, arrived_at) {
                Content::DeadLetter(letter) => {
                    let taken = set_aside.take(&letter).await;
                    let becomes = match &taken {
                        Ok(_) => "becomes a dead letter".to_owned(),
                        Err(why) => format!("is left out ({why:#})"),
                    };
                    let DeadLetter { reason, detail, .. } = &letter;
                    bar.suspend(|| {
                        eprintln!("line {number} cannot be read and {becomes}: {reason}: {detail}");
                    });
                    if !matches!(taken, Ok(Aside::ForTheStore)) {
                        counts.set_aside();
                        left_out += u64::from(taken.is_err());
                        continue;
                    }
                    Content::DeadLetter(letter)
                }
                event @ Content::Event(_) => event,
            };
            arrivals.push(Arrival { content, arrived_at, deduplication_id: None });
        }
        if read == 0 {
            break;
        }
        let refused = counts.add(&store, arrivals).await?;
        if refused > 0 && matches!(store, InstallationStore::DynamoDb(_)) {
            left_out += refused;
            let lines = counts.lines;
            bar.suspend(|| {
                eprintln!(
                    "{refused} of the lines up to number {lines} are left out: with their other half they are larger \
                     than an item of DynamoDB may be (400 KB)"
                );
            });
        }
        bar.set_position(counts.lines);
    }
    bar.finish_and_clear();
    store.close().await?;
    if options.json {
        output::print_line(serde_json::to_string(&counts)?)?;
    } else {
        let Counts { lines, stored, duplicates, conflicts, dead_letters, erased } = counts;
        output::print_line(format!(
            "{lines} lines: {stored} stored, {duplicates} there before, {conflicts} in conflict with what is there, \
             {dead_letters} dead letters, {erased} erased before"
        ))?;
    }
    match left_out {
        0 => Ok(()),
        left_out => bail!("{left_out} lines were left out, as said above"),
    }
}

/// Reads an entry of an import: an event, or a row of an earlier deployment. What cannot be read
/// keeps its original bytes.
fn read_entry(intake: &Intake, line: &[u8], arrived_at: Timestamp) -> Content {
    let dead = |reason, detail: String| {
        Content::DeadLetter(DeadLetter { reason, detail, body: line.to_vec(), arrived_at })
    };
    match earlier_rows::read(line) {
        earlier_rows::Line::Other => intake.read(line, arrived_at),
        earlier_rows::Line::NotUnderstood(reason, why) => dead(reason, why.to_owned()),
        earlier_rows::Line::Row(event) => {
            match intake.read(event.to_string().as_bytes(), arrived_at) {
                Content::DeadLetter(letter) => dead(letter.reason, letter.detail),
                event @ Content::Event(_) => event,
            }
        }
    }
}

impl Counts {
    /// Counts a line that became a dead letter outside the store, or was left out.
    fn set_aside(&mut self) {
        self.lines += 1;
        self.dead_letters += 1;
    }

    /// Keeps `arrivals`; how many of them became dead letters.
    async fn add(&mut self, store: &InstallationStore, arrivals: Vec<Arrival>) -> Result<u64> {
        let dead_before = self.dead_letters;
        let kept = store.keep(arrivals).await;
        let receipts = kept.with_context(|| {
            format!("{} lines are kept for sure; importing again does no harm", self.lines)
        })?;
        for receipt in receipts {
            self.lines += 1;
            *match receipt.disposition {
                Disposition::Stored => &mut self.stored,
                Disposition::Duplicate | Disposition::Deduplicated => &mut self.duplicates,
                Disposition::Conflict => &mut self.conflicts,
                Disposition::DeadLetter => &mut self.dead_letters,
                Disposition::Erased => &mut self.erased,
            } += 1;
        }
        Ok(self.dead_letters - dead_before)
    }
}

async fn export(installation: &Installation, options: &Export) -> Result<()> {
    let store = installation.open().await?;
    let mut pages = pin!(store.export());
    let bar =
        if options.output.is_some() { progress("events exported")? } else { ProgressBar::hidden() };
    let mut buffer = Vec::new();
    let mut file = match &options.output {
        Some(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?)
        }
        None => None,
    };
    while let Some(page) = pages.try_next().await? {
        buffer.clear();
        for event in
            page.into_iter().flat_map(cv_analytics_core::interaction::Interaction::into_events)
        {
            write_event(&mut buffer, &event)?;
            bar.inc(1);
        }
        match &mut file {
            Some(file) => file.write_all(&buffer).context("the export cannot be written")?,
            None => output::print(&buffer)?,
        }
    }
    bar.finish_and_clear();
    if let (Some(file), Some(path)) = (file, &options.output) {
        file.as_file().sync_all()?;
        if let Err(error) = file.persist(path) {
            bail!("{} cannot be written: {}", path.display(), error.error);
        }
        output::print_line(format!("{} events written to {}", bar.position(), path.display()))?;
    }
    Ok(())
}

fn write_event(buffer: &mut Vec<u8>, event: &Event) -> Result<()> {
    serde_json::to_writer(&mut *buffer, &event.to_json())?;
    buffer.push(b'\n');
    Ok(())
}
