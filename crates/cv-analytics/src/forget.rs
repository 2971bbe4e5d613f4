//! `cv-analytics forget`: erases what is kept of a session or of one interaction.

use anyhow::Result;
use clap::Args;
use cv_analytics_core::event::{RequestId, SessionId};
use cv_analytics_core::privacy::Privacy;

use crate::arguments::{Installation, wrong_usage};
use crate::output;
use crate::store_location::session_key;

/// What to erase. A mark without content stays, so that a replay or an import cannot bring it back.
#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "what")]
pub(crate) struct Forget {
    /// A session, as the agent sends it or as the store keeps it
    #[arg(long, value_name = "ID", group = "what")]
    session: Option<String>,
    /// One interaction
    #[arg(long, value_name = "ID", group = "what")]
    request: Option<String>,
}

/// Erases.
pub(crate) async fn run(installation: &Installation, forget: Forget) -> Result<()> {
    if forget.session.as_deref().is_some_and(|id| id.trim().is_empty()) {
        wrong_usage("--session: name a session");
    }
    let store = installation.open()?;
    let mut interactions = 0;
    let mut dead_letters = 0;
    if let Some(id) = &forget.request {
        let id = RequestId::new(id.as_str())
            .unwrap_or_else(|error| wrong_usage(format!("--request: {error}")));
        let erased = store.forget_request(&id).await?;
        interactions += erased.interactions;
        dead_letters += erased.dead_letters;
    }
    if let Some(id) = &forget.session {
        // Both kept forms, since hashing may have been switched off for a while.
        let privacy = Privacy::full(session_key(&store).await?);
        let hashed = privacy.session(id);
        for session in hashed.into_iter().chain([SessionId::from_store(id.clone())]) {
            let erased = store.forget_session(&session, Some(id)).await?;
            interactions += erased.interactions;
            dead_letters += erased.dead_letters;
        }
    }
    store.close().await?;
    output::print_line(format!(
        "{interactions} interactions and {dead_letters} dead letters erased"
    ))
}
