//! `cv-analytics forget`: erases what is kept of a session, of one interaction, or from before some days.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Args;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::privacy::Privacy;
use cv_analytics_core::store::Store as _;
use cv_analytics_core::store::erasure::Erased;
use cv_analytics_sqlite::OldData;

use crate::clock::now;
use crate::commands::archive::session_key_in;
use crate::install::Installation;
use crate::install::open_store::Purpose;
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
    /// With --session: the session as this archive has it too, whose sessions are hashed under another key. Before a
    /// restore it keeps the session's events out; after it, it erases them
    #[arg(long, value_name = "PLACE", requires = "session")]
    archive: Option<String>,
    /// With --older-than-days: erase even if it is more than a fifth of the data
    #[arg(long, conflicts_with_all = ["session", "request"])]
    yes: bool,
    /// Write the counts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Erase this session, as the agent sends it or as it is stored
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Erase this interaction
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Erase what is older than this many days by this machine's clock (SQLite)
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    older_than_days: Option<u32>,
}

/// What the owner named.
enum Named {
    Request(RequestId),
    /// A session in every form in which it may be kept, and as it was given.
    Session(BTreeSet<SessionId>),
}

/// Erases.
pub(crate) async fn run(installation: &Installation, forget: Forget) -> Result<()> {
    let Forget { what, archive, yes, json } = forget;
    if let Some(days) = what.older_than_days {
        return forget_older(installation, days, yes, json).await;
    }
    if what.session.as_deref().is_some_and(|id| id.trim().is_empty()) {
        return Err(usage_error("--session: name a session"));
    }
    let request = what.request.map(RequestId::new).transpose();
    let request = request.map_err(|error| usage_error(format!("--request: {error}")))?;
    let store = installation.open(Purpose::Use).await?;
    let named = match (request, what.session) {
        (Some(id), _) => Named::Request(id),
        (None, Some(id)) => {
            // Both kept forms, since hashing may have been switched off for a while.
            let privacy = installation.privacy_to_find(&*store, std::slice::from_ref(&id)).await?;
            let id = id.trim().to_owned();
            let mut kept = BTreeSet::from_iter(privacy.session(&id));
            if let Some(place) = archive {
                kept.extend(Privacy::full(session_key_in(&place).await?).session(&id));
            }
            kept.insert(SessionId::from_store(id));
            Named::Session(kept)
        }
        (None, None) => return Err(usage_error("name a session or a request")),
    };
    let bar = output::progress("items searched")?;
    let erased = match &named {
        Named::Request(id) => store.forget_request(id).await,
        Named::Session(sessions) => store.forget_session(sessions, &|items| bar.inc(items)).await,
    };
    bar.finish_and_clear();
    let Erased { interactions, dead_letters } = erased?;
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
    if installation.is_on_aws() {
        return Err(usage_error(
            "--older-than-days works in SQLite: leave it out with --store dynamodb",
        ));
    }
    let store = installation.open_sqlite()?;
    let old = store.older_than(now(), days).await?;
    let OldData { before, rows, of } = old;
    if old.needs_a_word() && !yes {
        bail!(
            "refused: {rows} of {of} interactions and dead letters are from before {before}, more than a fifth: nothing is erased. Look \
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
