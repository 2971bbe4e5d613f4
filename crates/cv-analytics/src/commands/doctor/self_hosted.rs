//! The self-hosted installation, from its folder to a message that travels through.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use cv_analytics_core::intake::refusal::{RECENT_REFUSALS_MS, Refusals};
use cv_analytics_core::store::{Store as _, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_insights::view::phrases::refusals::{refused_messages, what_to_change};
use cv_analytics_sqlite::{RetentionHold, SqliteStore};

use super::canary::{self, Canary};
use super::check::{Check, Findings};
use super::{database, files, server};
use crate::clock::now;
use crate::install::Installation;
use crate::install::data_folder::{PublicUrlOption, StoredCredentials};
use crate::output::with_causes;
use crate::queue_client::QueueClient;

/// Checks all of it, the server at both its addresses; the canary only if there is time for one.
pub(crate) async fn check(
    installation: &Installation,
    (listen, public_url): (SocketAddr, Option<&PublicUrlOption>),
    patience: Option<Duration>,
    findings: &mut Findings,
) -> Result<()> {
    let folder = installation.folder();
    let path = installation.database();
    let (checks, credentials) = files::check(&folder, &path);
    findings.add_all(checks)?;
    let public_url = match folder.public_url(public_url) {
        Ok(public_url) => public_url.map(|url| url.to_string()),
        Err(error) => {
            let fix = "delete the file, and start the server with --public-url";
            findings.add(files::unreadable("public-url", &error, fix))?;
            None
        }
    };
    let examined = {
        let (path, left) = (path.clone(), folder.left_without(&path));
        tokio::task::spawn_blocking(move || database::check(&path, left.as_deref())).await?
    };
    findings.add_all(examined.checks)?;
    if examined.is_usable {
        findings.add(refused(&path).await)?;
        findings.add(held_by_retention(&path).await)?;
    }
    if let Some(place) = path.parent().filter(|_| path.exists()) {
        let place = if place.as_os_str().is_empty() { ".".as_ref() } else { place };
        findings.add(files::disk(place, examined.bytes))?;
    }
    let believed = if let Some(credentials) = credentials {
        let (checks, believed) = server::check(&credentials, public_url.as_deref(), listen).await;
        findings.add_all(checks)?;
        believed
    } else {
        let why = "the address and the key are in credentials.env";
        let names = ["server", "clock", "signature", "token"];
        findings.add_all(names.map(|name| Check::skipped(name, why)))?;
        None
    };
    let Some(patience) = patience else {
        return findings.add(canary::not_sent());
    };
    match believed {
        Some(credentials) if examined.is_usable && examined.is_writable => {
            let store = SqliteStore::open(&path)?;
            let checks = send_through(credentials, &store, patience).await;
            store.close().await?;
            findings.add_all(checks?)
        }
        _ => findings.add(Check::skipped(
            canary::NAME,
            "it needs a server that takes messages and a database that can be written",
        )),
    }
}

/// Whether messages were refused within a day; those before are told.
async fn refused(path: &Path) -> Check {
    const NAME: &str = "refused-messages";
    let day_ago = now().plus_millis(-RECENT_REFUSALS_MS);
    let looked = async {
        let store = SqliteStore::open_read_only(path)?;
        let all = store.refusals_since(Timestamp::from_millis(0)).await?;
        Ok::<_, StoreError>((all, store.refusals_since(day_ago).await?))
    };
    let (all, recent) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return Check::fail(NAME, error.to_string(), "look at the checks above"),
    };
    let message = |refused: &Refusals| {
        format!("{}, the last at {}", refused_messages(refused), refused.last_at)
    };
    let listed = |refused: &[Refusals]| refused.iter().map(message).collect::<Vec<_>>().join("; ");
    if recent.is_empty() {
        let before =
            if all.is_empty() { String::new() } else { format!("; before: {}", listed(&all)) };
        return Check::ok(NAME, format!("none within a day{before}"));
    }
    let fix = |refused: &Refusals| {
        format!("{}: {}", refused.reason.code(), what_to_change(refused.reason))
    };
    let mends: Vec<_> = recent.iter().map(fix).collect();
    Check::fail(NAME, listed(&recent), mends.join(" "))
}

/// Whether retention waits for its owner's word.
async fn held_by_retention(path: &Path) -> Check {
    const NAME: &str = "retention";
    let held = async { SqliteStore::open_read_only(path)?.held_by_retention().await };
    match held.await {
        Ok(None) => Check::ok(NAME, "nothing waits for your word"),
        Ok(Some(RetentionHold { rows, days })) => Check::warn(
            NAME,
            format!(
                "{rows} interactions and dead letters are older than {days} days and were not deleted: they are more than a \
                 fifth of what is kept, or nothing new has come for a week"
            ),
            format!(
                "look at the clock; `cv-analytics forget --older-than-days {days} --yes` deletes them"
            ),
        ),
        Err(error) => Check::fail(NAME, error.to_string(), "look at the checks above"),
    }
}

/// Sends a canary to the server, looks for it in the store, and takes it out again.
async fn send_through(
    credentials: StoredCredentials,
    store: &SqliteStore,
    patience: Duration,
) -> Result<Vec<Check>> {
    let canary = Canary::new(now());
    let messages = canary.messages();
    let client = QueueClient::new(credentials)?;
    let sent = async {
        for message in &messages {
            client.send(message).await?.acknowledged()?;
        }
        Ok(())
    };
    let mut checks = Vec::new();
    match sent.await {
        Ok(()) => {
            checks.push(Check::ok(canary::NAME, format!("{} is sent", canary.id())));
            let seen = canary::watch(patience, async || look(&canary, store).await).await;
            checks.extend(canary::judge(seen, WHERE_ELSE));
        }
        Err(error) => {
            let fix = "look at the server's log";
            checks.push(Check::fail(canary::NAME, with_causes(&error), fix));
        }
    }
    checks.push(remove(&canary, store).await);
    Ok(checks)
}

const WHERE_ELSE: &str = "the server keeps what it receives in another file: name its folder with --data, or its file \
                          with --store sqlite:PATH";

async fn look(canary: &Canary, store: &SqliteStore) -> Result<canary::SeenCanary> {
    let body = canary.unreadable_body();
    Ok(canary::SeenCanary {
        interaction: store.interaction(canary.id()).await?,
        reason: store.reason_of(body.as_bytes()).await?,
    })
}

async fn remove(canary: &Canary, store: &SqliteStore) -> Check {
    let removed = async {
        store.remove_canary(canary.id()).await?;
        let body = canary.unreadable_body();
        store.drop_canary_letters(body.as_bytes(), canary.left_before()).await?;
        look(canary, store).await
    };
    canary.removed(removed.await)
}
