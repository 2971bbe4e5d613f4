//! `cv-analytics events`: events to the queue, into the store, or out of it.

mod events_queue;
pub(crate) mod legacy_import;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use cv_analytics_core::dead_letter::DeadLetter;
use cv_analytics_core::event::{Event, SessionId};
use cv_analytics_core::intake::message_ids::{request_of, type_of};
use cv_analytics_core::intake::{Content, Intake};
use cv_analytics_core::interaction::Disposition;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_core::store::{Arrival, Receipt, Store, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_server::body::json_texts::{JsonText, JsonTexts};
use futures_util::TryStreamExt;
use indicatif::ProgressBar;
use serde::Serialize;
use sha2::{Digest, Sha256};

use self::events_queue::EventsQueue;
use crate::clock::now;
use crate::input::ToldEntries;
use crate::install::Installation;
use crate::install::open_store::Purpose;
use crate::install::privacy_switches::PrivacySwitches;
use crate::output::{Output, progress};
use crate::queue_client::{Message, Sent, send_all};
use crate::{input, output};

/// How many events are kept by one commit of an import.
const MAX_IMPORT_BATCH_EVENTS: usize = 1000;
/// How many messages are read before they are sent.
const MAX_SEND_BATCH_EVENTS: usize = 1000;
/// How many entries may come before the first that can be read.
const MAX_UNREADABLE_ENTRIES: usize = 1000;
/// How many bytes they may have.
const MAX_UNREADABLE_BYTES: usize = 32 * 1024 * 1024;

const IMPORT_HELP: &str = "Import events directly into the store; what is already there stays unchanged

Reads JSON Lines, arrays, and concatenated JSON texts, gzipped or not, in UTF-8 or UTF-16. Also reads the two tables of an earlier deployment: the output of `aws dynamodb scan`, DynamoDB's export to S3, or the rows as plain JSON Lines. A waiting row becomes a question, a complete one a question and its answer; the week is computed again. Import them into other tables than their own.

An entry that cannot be read becomes a dead letter: in SQLite's own list, on AWS in the queue that DEAD_LETTER_QUEUE_URL names. If it is not set, such entries are skipped and the exit code is 1. The first few are named, with the number of the others. An input that is empty or entirely unreadable is refused and stores nothing. Imported events count in no week's deliveries.

With --store dynamodb, session IDs are hashed with SESSION_SALT, which has to be the processor's, else with the key stored in the table; only if both tables are empty is one generated, with a notice.";

#[derive(Debug, Subcommand)]
pub(crate) enum Events {
    /// Send events to the queue, signed, as the agent does
    Send(Send),
    /// Import events directly into the store; what is already there stays unchanged
    Import(Import),
    /// Write every stored event in canonical form
    Export(Export),
}

/// What to send, and where to.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// JSON Lines, an array, or concatenated JSON texts; - for standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Send to this queue [default: `AWS_SQS_URL` in the data folder's credentials.env; with --store dynamodb the installation's queue]
    #[arg(long, value_name = "URL", env = "AWS_SQS_URL")]
    queue_url: Option<String>,
    /// The access key ID to sign with
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide_env_values = true, hide = true)]
    access_key_id: Option<String>,
    /// The secret access key to sign with
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

/// What became of imported entries.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportCounts {
    lines: u64,
    stored: u64,
    duplicates: u64,
    conflicts: u64,
    dead_letters: u64,
    erased: u64,
}

pub(crate) async fn run(installation: &Installation, command: Events) -> Result<()> {
    match command {
        Events::Send(options) => {
            send(&EventsQueue::of(installation, &options).await?, &options).await
        }
        Events::Import(options) => import(installation, &options).await,
        Events::Export(options) => export(installation, &options).await,
    }
}

async fn send(queue: &EventsQueue, options: &Send) -> Result<()> {
    let bar = progress("messages sent")?;
    let mut left_out = 0_u64;
    let mut told = ToldEntries::default();
    let cannot_read = |error| input::cannot_read(&options.file, error);
    let mut texts = input::json_texts(&options.file)?;
    loop {
        let batch: Vec<JsonText> = texts
            .by_ref()
            .take(MAX_SEND_BATCH_EVENTS)
            .collect::<std::io::Result<_>>()
            .map_err(cannot_read)?;
        if batch.is_empty() {
            break;
        }
        let mut refuse = |line: u64, why: &str| {
            left_out += 1;
            told.tell(&bar, line, &format!("is left out: {why}"));
        };
        let mut lines = Vec::with_capacity(batch.len());
        let mut messages = Vec::with_capacity(batch.len());
        for JsonText { line, bytes } in batch {
            match String::from_utf8(bytes) {
                Ok(body) => {
                    lines.push(line);
                    messages.push(message(body));
                }
                Err(_) => refuse(
                    line,
                    "it is not UTF-8, which a queue cannot carry; `events import` keeps it",
                ),
            }
        }
        let refused = RefCell::new(Vec::new());
        let sent = send_all(
            async |message: &Message| queue.send(message).await,
            &messages,
            |place, answer| match answer {
                Sent::Acknowledged => bar.inc(1),
                Sent::Refused(why) => {
                    let line = lines.get(place).copied().unwrap_or_default();
                    refused.borrow_mut().push((line, why));
                }
            },
        )
        .await;
        for (line, why) in refused.into_inner() {
            refuse(line, &why);
        }
        let count = bar.position();
        sent.with_context(|| {
            format!("{count} messages were sent; sending the file again does no harm")
        })?;
    }
    bar.finish_and_clear();
    told.finish();
    let sent = bar.position();
    if options.json {
        output::print_line(serde_json::json!({"sent": sent, "leftOut": left_out}))?;
    } else {
        output::print_line(format!("{sent} messages sent and acknowledged"))?;
    }
    match left_out {
        0 => Ok(()),
        left_out => bail!("skipped {left_out} entries, listed above"),
    }
}

/// A message with the ids of the agent's client; one that is not an event is sent too, and becomes a dead letter.
fn message(body: String) -> Message {
    let digest = hex::encode(Sha256::digest(body.as_bytes()));
    let (group_id, deduplication_id) = match (request_of(&body), type_of(&body)) {
        (Some(id), Some(kind)) => (id.clone(), format!("{id}:{kind}")),
        (Some(id), None) => (id, digest),
        (None, _) => (digest.clone(), digest),
    };
    Message { body, deduplication_id, group_id }
}

async fn import(installation: &Installation, options: &Import) -> Result<()> {
    let mut texts = input::json_texts(&options.file)?.with_scans();
    let begin = up_to_first_readable(&mut texts, &options.file)?;
    if begin.is_empty() {
        return ImportCounts::default().tell(options.json);
    }
    let store = installation.open(Purpose::Import).await?;
    let intake = installation.intake(options.privacy, &*store).await?;
    let bar = progress("events imported")?;
    let mut counts = ImportCounts::default();
    let mut told = ToldEntries::default();
    let (mut left_out, mut hashed_before) = (0_u64, 0_u64);
    let mut texts = begin.into_iter().map(Ok).chain(texts).peekable();
    while texts.peek().is_some() {
        let mut arrivals = Vec::with_capacity(MAX_IMPORT_BATCH_EVENTS);
        let mut entries = Vec::with_capacity(MAX_IMPORT_BATCH_EVENTS);
        let mut unread = None;
        for text in texts.by_ref().take(MAX_IMPORT_BATCH_EVENTS) {
            let JsonText { line, bytes } = match text {
                Ok(text) => text,
                Err(error) => {
                    unread = Some(error);
                    break;
                }
            };
            let arrived_at = now();
            let content = read_entry(&intake, &bytes, arrived_at);
            if let Content::Event(event) = &content {
                hashed_before += u64::from(event.sessions().any(SessionId::was_hashed_before));
            }
            let unreadable = match &content {
                Content::DeadLetter(DeadLetter { reason, detail, .. }) => {
                    Some(format!("{reason}: {detail}"))
                }
                Content::Event(_) => None,
            };
            entries.push((line, unreadable));
            arrivals.push(Arrival { content, arrived_at, deduplication_id: None });
        }
        let answers = counts.add(&*store, arrivals).await?;
        let mut refused = Vec::new();
        for ((line, unreadable), answer) in entries.into_iter().zip(answers) {
            left_out += u64::from(answer.is_err());
            let becomes = match (&unreadable, answer) {
                (Some(_), Ok(Receipt { disposition: Disposition::DeadLetter, .. })) => {
                    "becomes a dead letter".to_owned()
                }
                (Some(_), Err(why)) => format!("is left out ({:#})", anyhow::Error::from(why)),
                (None, Err(why)) => {
                    refused.push(why);
                    continue;
                }
                (_, Ok(_)) => continue,
            };
            let why = unreadable.unwrap_or_default();
            told.tell(&bar, line, &format!("cannot be read and {becomes}: {why}"));
        }
        if let Some(why) = refused.first() {
            let (refused, lines) = (refused.len(), counts.lines);
            bar.suspend(|| {
                eprintln!("{refused} of the events up to number {lines} are left out: {why}");
            });
        }
        bar.set_position(counts.lines);
        if let Some(error) = unread {
            bar.finish_and_clear();
            store.close().await?;
            return Err(error).with_context(|| {
                format!(
                    "cannot read {} to its end; {} events are kept, and importing it again does no harm",
                    options.file.display(),
                    counts.lines
                )
            });
        }
    }
    bar.finish_and_clear();
    told.finish();
    if hashed_before > 0 && store.has_erased_sessions().await? {
        eprintln!(
            "warning: {hashed_before} events have their sessions as hashes. Sessions that were erased here are recognized in \
             them only if the same key made the hashes; otherwise erase what `cv-analytics events export` shows of them \
             with: cv-analytics forget --session hashed:…"
        );
    }
    store.close().await?;
    counts.tell(options.json)?;
    match left_out {
        0 => Ok(()),
        left_out => bail!("skipped {left_out} entries, listed above"),
    }
}

/// The entries up to the first readable one, found without a store, so that a wrong input changes nothing.
fn up_to_first_readable(texts: &mut JsonTexts<'_>, file: &Path) -> Result<Vec<JsonText>> {
    let intake = Intake::new(Privacy::full(SessionKey::new(Vec::new())));
    let mut begin = Vec::new();
    let mut bytes = 0;
    let mut first = None;
    for text in texts {
        let text = text.map_err(|error| input::cannot_read(file, error))?;
        let content = read_entry(&intake, &text.bytes, now());
        bytes += text.bytes.len();
        let line = text.line;
        begin.push(text);
        match content {
            Content::Event(_) => return Ok(begin),
            Content::DeadLetter(letter) => first = first.or(Some((line, letter))),
        }
        if begin.len() == MAX_UNREADABLE_ENTRIES || bytes > MAX_UNREADABLE_BYTES {
            break;
        }
    }
    let Some((line, DeadLetter { reason, detail, .. })) = first else { return Ok(begin) };
    bail!(
        "invalid events in {}: none of the first {} entries can be read (line {line}: {reason}: {detail}); nothing is kept. \
         Give JSON Lines, an array, or JSON texts one after another",
        file.display(),
        begin.len()
    )
}

/// Reads an event or a row of an earlier deployment; an unreadable one keeps its original bytes.
fn read_entry(intake: &Intake, line: &[u8], arrived_at: Timestamp) -> Content {
    let dead = |reason, detail: String| {
        Content::DeadLetter(DeadLetter { reason, detail, body: line.to_vec(), arrived_at })
    };
    match legacy_import::read(line) {
        legacy_import::Line::Other => intake.read(line, arrived_at),
        legacy_import::Line::NotUnderstood(reason, why) => dead(reason, why.to_owned()),
        legacy_import::Line::Row(event) => {
            match intake.read(event.to_string().as_bytes(), arrived_at) {
                Content::DeadLetter(letter) => dead(letter.reason, letter.detail),
                event @ Content::Event(_) => event,
            }
        }
    }
}

impl ImportCounts {
    /// Prints them.
    fn tell(&self, json: bool) -> Result<()> {
        if json {
            return output::print_line(serde_json::to_string(self)?);
        }
        let Self { lines, stored, duplicates, conflicts, dead_letters, erased } = self;
        output::print_line(format!(
            "{lines} events: {stored} stored, {duplicates} there before, {conflicts} in conflict with what is there, \
             {dead_letters} dead letters, {erased} erased before"
        ))
    }

    /// Keeps `arrivals`, and gives what became of each. Those that are left out count as dead letters.
    async fn add(
        &mut self,
        store: &dyn Store,
        arrivals: Vec<Arrival>,
    ) -> Result<Vec<Result<Receipt, StoreError>>> {
        let answers = store.import(arrivals).await.with_context(|| {
            format!("{} events are kept for sure; importing again does no harm", self.lines)
        })?;
        for answer in &answers {
            self.lines += 1;
            *match answer.as_ref().map(|receipt| receipt.disposition) {
                Ok(Disposition::Stored) => &mut self.stored,
                Ok(Disposition::Duplicate | Disposition::Deduplicated) => &mut self.duplicates,
                Ok(Disposition::Conflict) => &mut self.conflicts,
                Ok(Disposition::DeadLetter) | Err(_) => &mut self.dead_letters,
                Ok(Disposition::Erased) => &mut self.erased,
            } += 1;
        }
        Ok(answers)
    }
}

async fn export(installation: &Installation, options: &Export) -> Result<()> {
    let store = installation.open(Purpose::Use).await?;
    let mut pages = store.export();
    let mut output = Output::create(options.output.as_deref())?;
    let bar = if output.is_stream() { ProgressBar::hidden() } else { progress("events exported")? };
    let mut buffer = Vec::new();
    while let Some(page) = pages.try_next().await? {
        buffer.clear();
        for event in
            page.into_iter().flat_map(cv_analytics_core::interaction::Interaction::into_events)
        {
            write_event(&mut buffer, &event)?;
            bar.inc(1);
        }
        output.write_all(&buffer)?;
    }
    bar.finish_and_clear();
    let told = options.output.as_deref().filter(|_| !output.is_stream());
    output.finish()?;
    if let Some(path) = told {
        output::print_line(format!("{} events written to {}", bar.position(), path.display()))?;
    }
    Ok(())
}

fn write_event(buffer: &mut Vec<u8>, event: &Event) -> Result<()> {
    serde_json::to_writer(&mut *buffer, &event.to_json())?;
    buffer.push(b'\n');
    Ok(())
}
