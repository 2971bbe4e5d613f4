//! `cv-analytics forget`: erases what is kept of a session, of one interaction, or from before some days.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use clap::Args;
use cv_analytics_aws::dynamodb_store::erasure::OfSessions;
use cv_analytics_aws::queue::receiver::DeadLetterShelf;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::intake::id_fields::NamedIds;
use cv_analytics_sqlite::{Aged, Erased};

use crate::clock::now;
use crate::install::Installation;
use crate::install::aws::AwsInstallation;
use crate::install::store::InstallationStore;
use crate::output;
use crate::usage_error::usage_error;

/// What to erase. A mark without content stays of a session or a request, so that a late message, a replay, an import or a
/// restore cannot bring it back; what is older than some days leaves no mark.
///
/// In SQLite the file is written anew before this is done, so that no byte is left: about a second for each 100 MB.
///
/// With --store dynamodb, --session reads both tables whole, at half a read unit for each 4 KB; and the dead letters in
/// the dead-letter queue that name what is forgotten are deleted. What still waits in the events queue is not searched; it
/// adds nothing when it is taken, but for a session within the minute after this: forget again then.
#[derive(Debug, Args)]
pub(crate) struct Forget {
    #[command(flatten)]
    what: What,
    /// With --older-than-days: erase also more than a fifth of what is kept
    #[arg(long, conflicts_with_all = ["session", "request"])]
    yes: bool,
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
    /// Erase what is older than so many days by this machine's clock (SQLite)
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    older_than_days: Option<u32>,
}

/// What the owner named.
enum Named {
    Request(RequestId),
    /// A session as it was given, and in every form in which it may be kept.
    Session(String, BTreeSet<SessionId>),
}

/// Erases.
pub(crate) async fn run(installation: &Installation, forget: Forget) -> Result<()> {
    let Forget { what, yes, json } = forget;
    if let Some(days) = what.older_than_days {
        return forget_older(installation, days, yes, json).await;
    }
    if what.session.as_deref().is_some_and(|id| id.trim().is_empty()) {
        return Err(usage_error("--session: name a session"));
    }
    let request = what.request.map(RequestId::new).transpose();
    let request = request.map_err(|error| usage_error(format!("--request: {error}")))?;
    let store = installation.open().await?;
    let named = match (request, what.session) {
        (Some(id), _) => Named::Request(id),
        (None, Some(id)) => {
            // Both kept forms, since hashing may have been switched off for a while.
            let privacy = store.privacy_to_find(std::slice::from_ref(&id)).await?;
            let id = id.trim().to_owned();
            let kept = privacy.session(&id).into_iter().chain([SessionId::from_store(id.clone())]);
            let kept = kept.collect();
            Named::Session(id, kept)
        }
        (None, None) => return Err(usage_error("name a session or a request")),
    };
    let Erased { interactions, dead_letters } = match &store {
        InstallationStore::Sqlite(store) => match &named {
            Named::Request(id) => store.forget_request(id).await?,
            Named::Session(_, sessions) => store.forget_session(sessions).await?,
        },
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

/// Erases what is older than `days`; where that is more than a fifth of all, only by `yes`.
async fn forget_older(installation: &Installation, days: u32, yes: bool, json: bool) -> Result<()> {
    let InstallationStore::Sqlite(store) = installation.open().await? else {
        return Err(usage_error(
            "--older-than-days works in SQLite: leave it out with --store dynamodb",
        ));
    };
    let old = store.older_than(now(), days).await?;
    let Aged { before, rows, of } = old;
    if old.needs_a_word() && !yes {
        bail!(
            "{rows} of {of} interactions and dead letters are from before {before}, more than a fifth: nothing is erased. Look \
             at this machine's clock, and say --yes"
        );
    }
    let erased = store.delete_before(before).await?;
    store.hold(0, days).await?;
    store.clean_up().await?;
    store.close().await?;
    if json {
        return output::print_line(
            serde_json::json!({"erased": erased, "before": before.to_string()}),
        );
    }
    output::print_line(format!(
        "{erased} interactions and dead letters from before {before} erased"
    ))
}

async fn from_aws(aws: &AwsInstallation, named: Named) -> Result<Erased> {
    let mut ids = BTreeSet::new();
    let found = match named {
        Named::Request(id) => OfSessions { requests: BTreeSet::from([id]), unreadable: 0 },
        Named::Session(raw, sessions) => {
            let marks = sessions.iter().map(SessionId::mark).collect();
            // First, so that what comes while the tables are read is refused.
            aws.store.mark_sessions(&marks).await?;
            let bar = output::progress("items searched")?;
            let found = aws.store.requests_of(&marks, |items| bar.inc(items as u64)).await?;
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
                if NamedIds::in_body(letter.body.as_bytes()).any_of(names) {
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
