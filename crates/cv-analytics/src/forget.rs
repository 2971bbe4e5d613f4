//! `cv-analytics forget`: erases what is kept of a session or of one interaction.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use clap::Args;
use cv_analytics_aws::dead_letter_shelf::DeadLetterShelf;
use cv_analytics_aws::erasure::OfSessions;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::id_fields::names_one_of;
use cv_analytics_sqlite::{Erased, SqliteStore};

use crate::arguments::{Installation, wrong_usage};
use crate::aws_installation::AwsInstallation;
use crate::installation_store::InstallationStore;
use crate::output;

/// What to erase. A mark without content stays, so that a replay or an import cannot bring it back.
///
/// With --store dynamodb, --session reads both tables whole, at half a read unit for each 4 KB; and the dead letters in
/// the dead-letter queue that name what is forgotten are deleted. What still waits in the events queue is not searched:
/// forget again when it is empty.
#[derive(Debug, Args)]
pub(crate) struct Forget {
    #[command(flatten)]
    what: What,
    /// Write the counts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Erase this session, as the agent sends it or as the store keeps it
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Erase this interaction
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

/// What the owner named.
enum Named {
    Request(RequestId),
    /// A session as it was given, and in every form in which it may be kept.
    Session(String, BTreeSet<SessionId>),
}

/// Erases.
pub(crate) async fn run(installation: &Installation, forget: Forget) -> Result<()> {
    let Forget { what, json } = forget;
    if what.session.as_deref().is_some_and(|id| id.trim().is_empty()) {
        wrong_usage("--session: name a session");
    }
    let request = what.request.map(|id| {
        RequestId::new(id).unwrap_or_else(|error| wrong_usage(format!("--request: {error}")))
    });
    let store = installation.open().await?;
    let named = match (request, what.session) {
        (Some(id), _) => Named::Request(id),
        (None, Some(id)) => {
            // Both kept forms, since hashing may have been switched off for a while.
            let privacy = store.privacy_to_find(std::slice::from_ref(&id)).await?;
            let kept = privacy.session(&id).into_iter().chain([SessionId::from_store(id.clone())]);
            let kept = kept.collect();
            Named::Session(id, kept)
        }
        (None, None) => wrong_usage("name a session or a request"),
    };
    let Erased { interactions, dead_letters } = match &store {
        InstallationStore::Sqlite(store) => from_sqlite(store, &named).await?,
        InstallationStore::DynamoDb(aws) => from_aws(aws, named).await?,
    };
    store.close().await?;
    if json {
        return output::print_line(
            serde_json::json!({"interactions": interactions, "deadLetters": dead_letters}),
        );
    }
    output::print_line(format!(
        "{interactions} interactions and {dead_letters} dead letters erased"
    ))
}

async fn from_sqlite(store: &SqliteStore, named: &Named) -> Result<Erased> {
    let (raw, sessions) = match named {
        Named::Request(id) => return Ok(store.forget_request(id).await?),
        Named::Session(raw, sessions) => (raw, sessions),
    };
    let mut erased = Erased::default();
    for session in sessions {
        let more = store.forget_session(session, Some(raw)).await?;
        erased.interactions += more.interactions;
        erased.dead_letters += more.dead_letters;
    }
    Ok(erased)
}

async fn from_aws(aws: &AwsInstallation, named: Named) -> Result<Erased> {
    let mut ids = BTreeSet::new();
    let found = match named {
        Named::Request(id) => OfSessions { requests: BTreeSet::from([id]), unreadable: 0 },
        Named::Session(raw, sessions) => {
            let bar = output::progress("items searched")?;
            let found = aws.store.requests_of(&sessions, |items| bar.inc(items as u64)).await?;
            bar.finish_and_clear();
            ids.insert(raw);
            ids.extend(sessions.iter().map(|session| session.as_str().to_owned()));
            found
        }
    };
    ids.extend(found.requests.iter().map(|id| id.as_str().to_owned()));
    let mut erased = Erased::default();
    for id in &found.requests {
        let was_there = aws.store.forget_request(id).await.with_context(|| {
            format!(
                "{} interactions are erased; the same command does the rest",
                erased.interactions
            )
        })?;
        erased.interactions += u64::from(was_there);
    }
    erased.dead_letters = drop_naming(aws, &ids).await.with_context(|| {
        format!(
            "{} interactions are erased, but not what the dead-letter queue holds",
            erased.interactions
        )
    })?;
    if found.unreadable > 0 {
        bail!(
            "{} interactions and {} dead letters erased; {} items in the tables are of another program or version and \
             could not be searched",
            erased.interactions,
            erased.dead_letters,
            found.unreadable
        );
    }
    Ok(erased)
}

/// Deletes the dead letters in the queue that belong to one of `names`.
async fn drop_naming(aws: &AwsInstallation, names: &BTreeSet<String>) -> Result<u64> {
    let mut shelf = DeadLetterShelf::new(aws.dead_letter_queue().await?);
    let mut dropped = 0;
    let done: Result<()> = async {
        loop {
            let page = shelf.next_page().await?;
            if page.is_empty() {
                break;
            }
            for letter in page {
                if names_one_of(letter.body.as_bytes(), names) {
                    shelf.delete(&letter).await?;
                    dropped += 1;
                }
            }
        }
        let behind = shelf.behind().await?;
        if behind > 0 {
            bail!("{behind} messages are behind others of their group, or being read: forget again later");
        }
        Ok(())
    }
    .await;
    shelf.release().await;
    done.map(|()| dropped)
}
