//! `cv-analytics serve`: the self-hosted server.

use std::error::Error;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_dashboard::mail_page::mail_pages;
use cv_analytics_dashboard::{Dashboard, ProgramSetting};
use cv_analytics_mail::mailer::WeekReports;
use cv_analytics_mail::mailing::Mailing;
use cv_analytics_server::configuration::{Credentials, Limits, PublicUrl, Secret};
use cv_analytics_server::{Reports, Server, Setup, app, serve};
use cv_analytics_sqlite::{ServingLock, SqliteStore, lock_for_serving};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::arguments::{Installation, wrong_usage};
use crate::dashboard::{self, LettersInSqlite, Place, on_aws};
use crate::data_folder::{DataFolder, StoredCredentials, queue_url};
use crate::mail_form::MailForm;
use crate::mail_options::{MailOptions, MailWay, unsubscribe_key};
use crate::store_location::{FigureFiles, PrivacySwitches};
use crate::unsubscribe_page::unsubscribe_page;
use crate::weekly_mailer::WeeklyMailer;
use crate::weekly_mails::{StoreReports, WeeklyMails};
use crate::{now, output, session_key};

/// How often older interactions are deleted where retention is on.
const RETENTION_EVERY: Duration = Duration::from_hours(1);
/// How often a store that refused a write is tried again.
const RECOVERY_EVERY: Duration = Duration::from_secs(2);
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What is said where nobody gets a mail.
const NO_MAIL: &str = "No weekly mail is sent: name its recipients with --mail-to, in CV_ANALYTICS_MAIL_TO, or in \
                       cv-analytics.toml.";

/// The serve command's options.
#[derive(Debug, Args)]
pub(crate) struct ServeCommand {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    form: MailForm,
    #[command(flatten)]
    mail: MailOptions,
}

/// The server's options, shared with the demo.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "CV_ANALYTICS_LISTEN",
        default_value = "127.0.0.1:8787"
    )]
    pub(crate) listen: SocketAddr,
    /// The address that the agent and your browser use, where it is another, as `https://analytics.example.org`
    #[arg(long, value_name = "URL", env = "CV_ANALYTICS_PUBLIC_URL", value_parser = PublicUrl::parse)]
    pub(crate) public_url: Option<PublicUrl>,
    /// The region in signatures, written to credentials.env at the first start
    #[arg(long, env = "AWS_REGION", default_value = "eu-west-2", value_parser = region)]
    region: String,
    /// The bearer token, in place of the one in credentials.env
    #[arg(long, env = "CV_ANALYTICS_TOKEN", hide_env_values = true, value_parser = token)]
    pub(crate) token: Option<String>,
    /// Delete interactions older than this [default: keep them for ever]
    #[arg(long, value_name = "DAYS", env = "CV_ANALYTICS_RETENTION_DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) retention_days: Option<u32>,
    /// Answer no more requests a second than this [default: as many as come]
    #[arg(long, value_name = "N", env = "CV_ANALYTICS_MAX_REQUESTS_PER_SECOND")]
    max_requests_per_second: Option<NonZeroU32>,
    #[command(flatten)]
    pub(crate) files: FigureFiles,
    #[command(flatten)]
    privacy: PrivacySwitches,
    /// What to log, as `info` or `cv_analytics_server=debug`
    #[arg(long, value_name = "FILTER", env = "CV_ANALYTICS_LOG", default_value = "info", value_parser = log_filter)]
    log: String,
    /// The form of the log, on standard error
    #[arg(long, value_enum, env = "CV_ANALYTICS_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// A server that is bound and ready to run.
pub(crate) struct ReadyServer {
    /// Its address for clients.
    pub(crate) url: String,
    /// Its address on this machine.
    pub(crate) local_url: String,
    /// What clients need.
    pub(crate) credentials: StoredCredentials,
    /// Whether the credentials were made just now.
    pub(crate) first_start: bool,
    pub(crate) store: SqliteStore,
    listener: TcpListener,
    router: axum::Router,
    server: Arc<Server<SqliteStore, StoreReports<SqliteStore>>>,
    dashboard: Arc<Dashboard<SqliteStore, LettersInSqlite>>,
    limits: Limits,
    retention_days: Option<u32>,
    mailing: Mailing,
    way: MailWay,
    _lock: ServingLock,
}

/// Runs the server until it is told to stop.
pub(crate) async fn run(installation: &Installation, command: ServeCommand) -> Result<()> {
    let ServeCommand { serve: options, form, mail } = command;
    if installation.is_on_aws() {
        let of_mail = [mail.set_here(), form.set_here()].concat();
        return on_aws::run(installation, options, &of_mail).await;
    }
    options.start_log()?;
    let folder = installation.folder();
    // Before anything is made: what is wrong with it is told at once.
    let way = mail.way(&folder).unwrap_or_else(|error| wrong_usage(format!("{error:#}")));
    let server = options.prepare(installation, &folder, (&mail, &form), way).await?;
    output::print(server.greeting(&folder))?;
    output::print(mail_sentence(&server.mailing, &server.way))?;
    output::print_line(server.ready_line())?;
    server.run(stop_signal()).await
}

/// Says whom the weekly mail goes to, and when it goes next.
fn mail_sentence(mailing: &Mailing, way: &MailWay) -> String {
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

impl Serve {
    /// Sends the log to standard error.
    pub(crate) fn start_log(&self) -> Result<()> {
        let filter = EnvFilter::try_new(&self.log)
            .with_context(|| format!("--log {:?} is no filter", self.log))?;
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            // Where the log cannot be written, as on a full disk, the server goes on.
            .log_internal_errors(false);
        match self.log_format {
            LogFormat::Text => log.init(),
            LogFormat::Json => log.json().init(),
        }
        Ok(())
    }

    /// Binds the address, opens the store and puts the server together.
    pub(crate) async fn prepare(
        &self,
        installation: &Installation,
        folder: &DataFolder,
        (mail, form): (&MailOptions, &MailForm),
        way: MailWay,
    ) -> Result<ReadyServer> {
        folder.create()?;
        let lock = lock_for_serving(folder.path())?;
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!(
                "{} cannot be listened on; choose another with --listen, port 0 picks a free one",
                self.listen
            )
        })?;
        let listening = listener.local_addr()?;
        let url =
            self.public_url.as_ref().map_or_else(|| local_url(listening), ToString::to_string);
        let store = installation.open_or_create_sqlite()?;
        self.files.keep(&store).await?;
        // Last, so that a start that fails before does not use up the first, which tells the secrets.
        let (credentials, first_start) = self.credentials(folder, &url)?;
        if credentials.region != self.region && !first_start {
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
        let server = Arc::new(Server::new(Setup {
            credentials: Credentials {
                access_key_id: credentials.access_key_id.clone(),
                secret_access_key: Secret::new(&credentials.secret_access_key),
                region: credentials.region.clone(),
                token: token.clone(),
            },
            listening,
            public_url: self.public_url.clone(),
            limits: limits.clone(),
            intake: intake.clone(),
            store: store.clone(),
            reports: StoreReports(store.clone()),
            clock: now,
        }));
        let unsubscribe = unsubscribe_page(store.clone(), unsubscribe_key(&store).await?, now);
        let recipients = mail.recipients().cloned().collect();
        let public_url = self.public_url.as_ref();
        let mailing = mail.mailing(&way, None, recipients, public_url, &store).await?;
        let mailing = form.applied_to(mailing)?;
        let mails = WeeklyMails {
            store: store.clone(),
            way: if mail.has_recipients() { way.to_string() } else { NO_MAIL.to_owned() },
            mailing: mailing.clone(),
            started: now(),
        };
        let letters = LettersInSqlite { store: store.clone(), intake };
        let place = Place {
            token,
            listening,
            public_url: self.public_url.clone(),
            rates: server.rates(),
            program_settings: self.shown_settings(),
            live_every: dashboard::LIVE_EVERY,
        };
        let dashboard = Arc::new(dashboard::dashboard(folder, store.clone(), letters, place)?);
        Ok(ReadyServer {
            url,
            local_url: local_url(listening),
            credentials,
            first_start,
            store,
            listener,
            router: app(Arc::clone(&server))
                .merge(cv_analytics_dashboard::app(Arc::clone(&dashboard)))
                .merge(mail_pages(Arc::clone(&dashboard), mails))
                .merge(unsubscribe),
            server,
            dashboard,
            limits,
            retention_days: self.retention_days,
            mailing,
            way,
            _lock: lock,
        })
    }

    /// How much is answered.
    pub(crate) fn limits(&self) -> Limits {
        Limits { max_requests_per_second: self.max_requests_per_second, ..Limits::default() }
    }

    /// What the dashboard shows of the options.
    fn shown_settings(&self) -> Vec<ProgramSetting> {
        let setting = |name, value: String| ProgramSetting { name, value };
        let for_ever = || "for ever".to_owned();
        let mut settings = vec![
            setting("Listens on", self.listen.to_string()),
            setting(
                "Public address",
                self.public_url.as_ref().map_or("none".to_owned(), ToString::to_string),
            ),
            setting(
                "Keeps interactions",
                self.retention_days.map_or_else(for_ever, |days| format!("{days} days")),
            ),
        ];
        settings.extend(self.privacy.in_words().map(|(name, value)| setting(name, value)));
        settings
    }

    /// The credentials that are kept, or new ones; the queue's address in them is today's.
    fn credentials(&self, folder: &DataFolder, url: &str) -> Result<(StoredCredentials, bool)> {
        let kept = folder.credentials()?;
        let first_start = kept.is_none();
        let mut credentials =
            kept.clone().unwrap_or_else(|| StoredCredentials::generate(&self.region, url));
        if let Some(token) = self.token.as_ref().filter(|_| first_start) {
            credentials.token.clone_from(token);
        }
        credentials.queue_url = queue_url(url);
        if kept.as_ref() != Some(&credentials) {
            folder.keep_credentials(&credentials)?;
        }
        Ok((credentials, first_start))
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
        if !self.first_start {
            let (url, file) = (&self.url, shown(&file));
            return format!(
                "Your dashboard is at {url}. Your token for it and the Worker's secrets are in {file}.\n"
            );
        }
        let StoredCredentials { access_key_id, secret_access_key, region, queue_url, token } =
            &self.credentials;
        let mut text =
            String::from("Give your Worker these four secrets (wrangler secret put NAME):\n\n");
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", access_key_id),
            ("AWS_SECRET_ACCESS_KEY", secret_access_key),
            ("AWS_REGION", region),
            ("AWS_SQS_URL", queue_url),
        ] {
            let _ = writeln!(text, "  {name}={value}");
        }
        let _ = writeln!(
            text,
            "\nYour dashboard is at {}. Sign in with your own token, which /v1/events, /v1/reports and /metrics take too:\n\n  \
             CV_ANALYTICS_TOKEN={token}",
            self.url
        );
        let _ = writeln!(text, "\nAll five are kept in {}, which only you can read.", shown(&file));
        if self.url.starts_with("http://127.") || self.url.starts_with("http://localhost") {
            text += "A deployed Worker cannot reach this address: see --public-url, and the README for a tunnel or a proxy.\n";
        }
        text.push('\n');
        text
    }

    /// Serves until `stop`; then finishes what was accepted and closes the store.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self { store, listener, router, server, dashboard, limits, retention_days, .. } = self;
        let mailer = (!self.mailing.recipients().is_empty()).then(|| {
            let reports = StoreReports(store.clone());
            WeeklyMailer::start(store.clone(), self.way, self.mailing, reports)
        });
        let retention = retention_days.map(|days| tokio::spawn(retain(store.clone(), days)));
        let recovery = tokio::spawn(notice_recovery(store.clone(), server));
        let stop = async move {
            stop.await;
            dashboard.stop();
        };
        let served = serve(listener, router, limits, stop).await;
        if let Some(retention) = retention {
            retention.abort();
        }
        recovery.abort();
        if let Some(mailer) = mailer {
            mailer.stop().await;
        }
        store.close().await?;
        tracing::info!("stopped: everything that was acknowledged is on disk");
        Ok(served?)
    }
}

/// After a write that the store refused, tries until it takes one again, so that `/healthz` tells
/// the truth without traffic too.
async fn notice_recovery(
    store: SqliteStore,
    server: Arc<Server<SqliteStore, StoreReports<SqliteStore>>>,
) {
    let mut every = tokio::time::interval(RECOVERY_EVERY);
    loop {
        every.tick().await;
        if !server.is_writable() && store.check_writable().await.is_ok() {
            server.note_writable(true);
        }
    }
}

/// Deletes what is older than `days`, now and every hour.
async fn retain(store: SqliteStore, days: u32) {
    let mut every = tokio::time::interval(RETENTION_EVERY);
    loop {
        every.tick().await;
        match store.delete_before(now().plus_millis(-DAY_MS * i64::from(days))).await {
            Ok(0) => {}
            Ok(deleted) => {
                tracing::info!(retention.days = days, deleted, "deleted older interactions");
            }
            Err(error) => {
                tracing::warn!(error = %error, "failed to delete older interactions; trying again in an hour");
            }
        }
    }
}

/// Ctrl-C or SIGTERM; a second one ends the program at once.
pub(crate) async fn stop_signal() {
    one_signal().await;
    tracing::info!("stopping: finishing what was accepted; once more ends at once");
    tokio::spawn(async {
        one_signal().await;
        std::process::exit(130);
    });
}

async fn one_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(_) => drop(interrupted.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
}

/// A region's name, as `eu-west-2`; the Worker's client takes no other form.
fn region(text: &str) -> Result<String, &'static str> {
    let (place, number) = text.rsplit_once('-').unwrap_or_default();
    let words: Vec<&str> = place.split('-').collect();
    let named = words.len() > 1
        && words.iter().all(|word| is_all(word, |byte| byte.is_ascii_lowercase()))
        && is_all(number, |byte| byte.is_ascii_digit());
    if named {
        Ok(text.to_owned())
    } else {
        Err("write words of small letters and a number, with hyphens between them, as in eu-west-2")
    }
}

/// Whether there are bytes, and each is of the kind.
fn is_all(text: &str, kind: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(kind)
}

/// What the log lets through, checked before anything begins.
fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// A token that a header can carry.
fn token(text: &str) -> Result<String, &'static str> {
    let usable = text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if usable {
        Ok(text.to_owned())
    } else {
        Err("a token has 16 letters, digits or signs at the least, and no space")
    }
}

pub(crate) fn local_url(address: SocketAddr) -> String {
    // A wildcard address cannot be called.
    if address.ip().is_unspecified() {
        return format!("http://localhost:{}", address.port());
    }
    format!("http://{address}")
}

pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

impl Reports for StoreReports<SqliteStore> {
    async fn report_json(&self, week: IsoWeek) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(self.week_report(week).await?.to_json()?)
    }
}
