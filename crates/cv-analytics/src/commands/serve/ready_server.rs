//! The self-hosted server, bound and put together, until it has stopped.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use cv_analytics_core::store::{SharedStore, Store as _};
use cv_analytics_dashboard::{Dashboard, Mails};
use cv_analytics_insights::view::phrases::refusals::{refused_messages, what_to_change};
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_server::configuration::{Credentials, Limits, PublicUrl, Secret, TrustedProxies};
use cv_analytics_server::{Server, ServerSetup, app, serve};
use cv_analytics_sqlite::{OldData, Retained, ServingLock, SqliteStore, lock_for_serving};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::options::{Serve, local_url, shown};
use crate::clock::now;
use crate::commands::dashboard::{self, DashboardOptions, IntakeHere};
use crate::commands::serve::unsubscribe_page::unsubscribe_page;
use crate::commands::serve::weekly_mailer::WeeklyMailer;
use crate::install::Installation;
use crate::install::data_folder::{DataFolder, StoredCredentials};
use crate::install::mail_form::MailForm;
use crate::install::mail_options::{MailOptions, MailTransport, unsubscribe_key};
use crate::install::reports::StoreReports;
use crate::install::session_key;

/// How often older interactions are deleted where retention is on.
const RETENTION_INTERVAL: Duration = Duration::from_hours(1);
/// How often the bytes of what was deleted are taken out of the files, which writes them anew.
const CLEAN_UP_INTERVAL: Duration = Duration::from_hours(24);
/// How often the store's files are checked, failed writes retried, and refusals stored.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// What is said where nobody gets a mail.
const NO_MAIL: &str = "No weekly mail is sent: name its recipients with --mail-to, in CV_ANALYTICS_MAIL_TO, or in \
                       cv-analytics.toml.";

/// What is said where the CV is not known.
const NO_CV: &str = "No CV list is set: a gap cannot tell what is missing on your CV from what the agent did not find. Name \
                     the file with --cv, in cv-analytics.toml, or on the dashboard's settings page.\n";

/// A server that is bound and ready to run.
pub(crate) struct ReadyServer {
    /// Its address for clients.
    pub(crate) url: String,
    /// Its address on this machine.
    pub(crate) local_url: String,
    /// What clients need.
    pub(crate) credentials: StoredCredentials,
    /// The queue's address before this start; `None` at the first, which made the credentials.
    earlier_queue_url: Option<String>,
    public_url: Option<PublicUrl>,
    /// Whether the public URL was remembered.
    is_remembered: bool,
    pub(crate) store: SqliteStore,
    listener: TcpListener,
    router: axum::Router,
    server: Arc<Server>,
    dashboard: Arc<Dashboard>,
    limits: Limits,
    proxies: TrustedProxies,
    retention_days: Option<u32>,
    mailing: Mailing,
    way: MailTransport,
    has_cv: bool,
    _lock: ServingLock,
}

impl Serve {
    /// Binds the address, opens the store and puts the server together.
    pub(crate) async fn prepare(
        &self,
        installation: &Installation,
        folder: &DataFolder,
        (mail, form): (&MailOptions, &MailForm),
        way: MailTransport,
    ) -> Result<ReadyServer> {
        folder.create()?;
        let lock = lock_for_serving(folder.path())?;
        let public_url = folder.public_url(self.public_url.as_ref())?;
        let listener = self.bind()?;
        let listening = listener.local_addr()?;
        let url = public_url.as_ref().map_or_else(|| local_url(listening), ToString::to_string);
        let store = installation.open_or_create_sqlite()?;
        let has_cv = self.files.keep(&store).await?.cv.is_some();
        // Last, so that a start that fails before does not use up the first, which tells the secrets.
        let (credentials, earlier_queue_url) = self.credentials(folder, &url)?;
        folder.keep_public_url(public_url.as_ref())?;
        if credentials.region != self.region && earlier_queue_url.is_some() {
            tracing::warn!(
                "signatures are for the region {}, as {} says; {} is left aside: to change it, edit the file and the \
                 Worker's secret",
                credentials.region,
                shown(&folder.credentials_file()),
                self.region
            );
        }
        let limits = self.limits();
        let token = Secret::new(self.token.as_ref().unwrap_or(&credentials.token));
        let intake = self.privacy.intake(session_key::kept_or_made(&store).await?);
        let shared: SharedStore = Arc::new(store.clone());
        let server = Arc::new(Server::new(ServerSetup {
            credentials: Credentials {
                access_key_id: credentials.access_key_id.clone(),
                secret_access_key: Secret::new(&credentials.secret_access_key),
                region: credentials.region.clone(),
                token: token.clone(),
            },
            listening,
            public_url: public_url.clone(),
            limits: limits.clone(),
            intake: intake.clone(),
            store: shared.clone(),
            reports: Arc::new(StoreReports(shared.clone())),
            not_found_page: cv_analytics_dashboard::not_found_page,
            clock: now,
        }));
        let unsubscribe = unsubscribe_page(shared.clone(), unsubscribe_key(&store).await?, now);
        let recipients = mail.recipients().cloned().collect();
        let mailing = mail.mailing(&way, None, recipients, public_url.as_ref(), &store).await?;
        let mailing = form.applied_to(mailing)?;
        let mails = Mails::FromHere {
            way: if mail.has_recipients() { way.to_string() } else { NO_MAIL.to_owned() },
            mailing: Box::new(mailing.clone()),
            started: now(),
        };
        let place = DashboardOptions {
            mails,
            token,
            listening,
            public_url: public_url.clone(),
            rates: server.rates(),
            connection: Some(Arc::new(IntakeHere {
                store: store.clone(),
                credentials: credentials.clone(),
                local_url: local_url(listening),
                secrets_file: whole(&folder.credentials_file()),
                has_public_address: public_url.is_some(),
            })),
            program_settings: self.shown_settings(listening, public_url.as_ref()),
            live_every: dashboard::LIVE_INTERVAL,
            time_zone: self.time_zone(),
        };
        let dashboard = Arc::new(dashboard::dashboard(folder, shared, intake, place)?);
        Ok(ReadyServer {
            url,
            local_url: local_url(listening),
            credentials,
            earlier_queue_url,
            is_remembered: public_url.is_some() && self.public_url.is_none(),
            public_url,
            store,
            listener,
            router: app(Arc::clone(&server))
                .merge(cv_analytics_dashboard::app(Arc::clone(&dashboard)))
                .merge(unsubscribe),
            server,
            dashboard,
            limits,
            proxies: self.trusted_proxies(),
            retention_days: self.retention_days,
            mailing,
            way,
            has_cv,
            _lock: lock,
        })
    }
}

impl ReadyServer {
    /// Says that the server is ready, and where it listens.
    pub(crate) fn ready_line(&self) -> String {
        if self.url == self.local_url {
            return format!("cv-analytics is ready: {}", self.url);
        }
        format!("cv-analytics is ready: {}, listening on {}", self.url, self.local_url)
    }

    /// What the owner has to know: all of it at the first start, where it is kept later.
    pub(crate) fn greeting(&self, folder: &DataFolder) -> String {
        let file = folder.credentials_file();
        if let Some(earlier) = &self.earlier_queue_url {
            let (url, file) = (&self.url, shown(&file));
            let mut text = format!(
                "Your dashboard is at {url}. Your token for it and the Worker's secrets are in {file}.\n{}",
                self.public_url_sentence()
            );
            if *earlier != self.credentials.queue_url {
                let now = &self.credentials.queue_url;
                let _ = writeln!(
                    text,
                    "AWS_SQS_URL was {earlier} and is {now} now: give your agent the new value."
                );
            }
            return text;
        }
        let StoredCredentials { token, .. } = &self.credentials;
        let mut text =
            String::from("Give your Worker these four secrets (wrangler secret put NAME):\n\n");
        for (name, value) in self.credentials.of_the_agent() {
            let _ = writeln!(text, "  {name}={value}");
        }
        let _ = writeln!(
            text,
            "\nYour dashboard is at {}. Sign in with your own token, which /v1/events, /v1/reports and /metrics take too:\n\n  \
             CV_ANALYTICS_TOKEN={token}",
            self.url
        );
        let _ = writeln!(text, "\nAll five are kept in {}, which only you can read.", shown(&file));
        text += &self.public_url_sentence();
        text.push('\n');
        text
    }

    /// Says which public URL is in force.
    fn public_url_sentence(&self) -> String {
        match &self.public_url {
            Some(url) if self.is_remembered => format!(
                "The public URL is {url}, as at an earlier start; `--public-url none` forgets it.\n"
            ),
            Some(url) => format!("The public URL is {url}, remembered for later starts.\n"),
            None => "A deployed Worker needs a public URL: it cannot reach this address. See --public-url, and the README \
                     for a tunnel or a proxy.\n"
                .to_owned(),
        }
    }

    /// Says that no CV list is known, where that is so.
    pub(crate) fn cv_sentence(&self) -> &'static str {
        if self.has_cv { "" } else { NO_CV }
    }

    /// Says whom the weekly mail goes to, and when it goes next.
    pub(crate) fn mail_sentence(&self) -> String {
        let Self { mailing, way, .. } = self;
        if mailing.recipients().is_empty() {
            return format!("{NO_MAIL}\n");
        }
        let next = mailing.schedule.next_from(now()).map_or_else(
            || format!("never again, since {} is over", mailing.schedule),
            |next| format!("next at {next}"),
        );
        let count = mailing.recipients().len();
        let recipients = if count == 1 { "recipient" } else { "recipients" };
        format!("Weekly mail to {count} {recipients} {way}: {next}.\n")
    }

    /// Serves until `stop`; then finishes what was accepted and closes the store.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self {
            store,
            listener,
            router,
            server,
            dashboard,
            limits,
            proxies,
            retention_days,
            ..
        } = self;
        let mailer = (!self.mailing.recipients().is_empty()).then(|| {
            let shared: SharedStore = Arc::new(store.clone());
            WeeklyMailer::start(shared.clone(), self.way, self.mailing, StoreReports(shared))
        });
        let retention = tokio::spawn(retain(store.clone(), retention_days));
        let (end_watch, ended) = oneshot::channel();
        let watch = tokio::spawn(watch_store(store.clone(), server, ended));
        let stop = async move {
            stop.await;
            dashboard.stop();
        };
        let served = serve(listener, router, limits, proxies, stop).await;
        retention.abort();
        drop(end_watch);
        watch.await?;
        if let Some(mailer) = mailer {
            mailer.stop().await;
        }
        // Before it is closed, which takes the log away.
        let in_place = store.check_in_place();
        store.close().await?;
        if in_place.is_ok() {
            tracing::info!("stopped: everything that was acknowledged is on disk");
        } else {
            tracing::error!(
                "stopped: the database or its log was moved, deleted or replaced under the server, and what was \
                 acknowledged may be lost with it: put the file back with its -wal before the next start, which makes an \
                 empty database where there is none"
            );
        }
        Ok(served?)
    }
}

/// Keeps `/healthz` current without traffic: notices damage, moved or deleted files, and recovery. Stores and logs
/// refusals, once more at the end.
async fn watch_store(store: SqliteStore, server: Arc<Server>, mut ended: oneshot::Receiver<()>) {
    let mut every = tokio::time::interval(WATCH_INTERVAL);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = &mut ended => return keep_refusals(&store, &server).await,
        }
        if let Err(error) = store.check_sound() {
            server.note_damage(&error);
        }
        if server.is_writable() {
            if let Err(error) = store.check_in_place() {
                server.note_failure(&error);
            }
        } else if store.check_writable().await.is_ok() {
            server.note_writable(true);
        }
        keep_refusals(&store, &server).await;
    }
}

/// Logs refused logins and messages and stores the messages' counts, else retries later.
async fn keep_refusals(store: &SqliteStore, server: &Server) {
    server.rates().tell_failures();
    for refused in server.refusals().take_unlogged(now()) {
        tracing::warn!(
            reason = refused.reason.code(),
            count = refused.count,
            "{}. {}",
            refused_messages(&refused),
            what_to_change(refused.reason)
        );
    }
    let unstored = server.refusals().take_unstored();
    if unstored.is_empty() {
        return;
    }
    if let Err(error) = store.add_refusals(unstored.clone()).await {
        server.refusals().put_back(unstored);
        server.note_failure(&error);
    }
}

/// Deletes what is older than `days` now and hourly, and its bytes daily.
async fn retain(store: SqliteStore, days: Option<u32>) {
    if days.is_none()
        && let Err(error) = store.hold(0, 0).await
    {
        tracing::warn!(error = %error, "failed to note that nothing is held by retention");
    }
    let mut every = tokio::time::interval(RETENTION_INTERVAL);
    let mut cleaned: Option<tokio::time::Instant> = None;
    loop {
        let tick = every.tick().await;
        if let Some(days) = days {
            delete_older(&store, days).await;
        }
        if cleaned.is_some_and(|cleaned| tick.duration_since(cleaned) < CLEAN_UP_INTERVAL) {
            continue;
        }
        match store.clean_up().await {
            Ok(_) => cleaned = Some(tick),
            Err(error) => {
                let cause = error.source().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(error = %error, cause, "failed to take deleted bytes out of the files; trying again in an hour");
            }
        }
    }
}

/// One pass of retention.
async fn delete_older(store: &SqliteStore, days: u32) {
    let deleted = match store.retain(now(), days).await {
        Ok(Retained::Deleted(deleted)) => deleted,
        Ok(Retained::TooMany(OldData { before, rows, of })) => {
            tracing::warn!(
                retention_days = days,
                rows,
                of,
                "nothing is deleted: more than a fifth of what is kept is from before {before}. Look at this machine's clock; \
                 `cv-analytics forget --older-than-days {days} --yes` deletes it"
            );
            return;
        }
        Ok(Retained::Silent { deleted, newest, old }) => {
            tracing::warn!(
                retention_days = days,
                rows = old.rows,
                "no event is newer than {newest}, and age is measured by it: what is from before {} by this machine's clock \
                 stays. `cv-analytics forget --older-than-days {days}` deletes it",
                old.before
            );
            deleted
        }
        Err(error) => {
            tracing::warn!(error = %error, "failed to delete older interactions; trying again in an hour");
            return;
        }
    };
    if deleted > 0 {
        tracing::info!(retention_days = days, deleted, "deleted older interactions");
    }
}

/// The path from the root, as one reads it who is not where the program was started.
fn whole(path: &Path) -> String {
    std::path::absolute(path).map_or_else(|_| shown(path), |path| shown(&path))
}
