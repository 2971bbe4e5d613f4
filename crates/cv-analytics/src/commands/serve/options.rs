//! The server's options, shared by `serve`, the demo and the dashboard on AWS.

use std::io::{self, IsTerminal as _};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use cv_analytics_dashboard::ProgramSetting;
use cv_analytics_dashboard::times::OwnerZone;
use cv_analytics_server::configuration::{Limits, PublicUrl, TrustedProxies};
use tokio::net::{TcpListener, TcpSocket};
use tracing_subscriber::EnvFilter;

use crate::install::data_folder::{
    DataFolder, PublicUrlOption, StoredCredentials, check_secret, queue_url,
};
use crate::install::figure_files::FigureFiles;
use crate::install::privacy_switches::PrivacySwitches;
use crate::output;
use crate::usage_error::usage_error;

/// The server's options, shared with the demo.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Listen on this address; port 0 picks a free one
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "CV_ANALYTICS_LISTEN",
        default_value = DEFAULT_LISTEN,
        value_parser = listen_address
    )]
    pub(crate) listen: SocketAddr,
    /// The address by which agent and browser reach this server, such as `https://analytics.example.org`; remembered for later starts,
    /// `none` forgets it
    #[arg(long, value_name = "URL", env = "CV_ANALYTICS_PUBLIC_URL", value_parser = PublicUrlOption::parse)]
    pub(crate) public_url: Option<PublicUrlOption>,
    /// Trust X-Forwarded-For from the proxy at this address; separate several with commas
    #[arg(
        long = "trusted-proxy",
        hide_short_help = true,
        value_name = "ADDRESS",
        env = "CV_ANALYTICS_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<IpAddr>,
    /// Show times in this zone, such as `Europe/London` [default: the system's]
    #[arg(long, value_name = "ZONE", env = "CV_ANALYTICS_TIME_ZONE")]
    time_zone: Option<OwnerZone>,
    /// Expect this region in signatures; the first start writes it to credentials.env
    #[arg(long, hide_short_help = true, env = "AWS_REGION", default_value = "eu-west-2", value_parser = region)]
    pub(super) region: String,
    /// Accept this bearer token instead of the one in credentials.env
    #[arg(long, env = "CV_ANALYTICS_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Delete interactions older than this many days [default: keep them forever]
    ///
    /// Age is measured from the newest interaction, so that a wrong clock deletes nothing more. If more than a fifth of the data
    /// is older, as at the first start on an old database, delete it with `cv-analytics forget --older-than-days`.
    #[arg(long, value_name = "DAYS", env = "CV_ANALYTICS_RETENTION_DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) retention_days: Option<u32>,
    /// Answer at most this many requests a second [default: no limit]
    #[arg(
        long,
        hide_short_help = true,
        value_name = "N",
        env = "CV_ANALYTICS_MAX_REQUESTS_PER_SECOND"
    )]
    max_requests_per_second: Option<NonZeroU32>,
    #[command(flatten)]
    pub(crate) files: FigureFiles,
    #[command(flatten)]
    pub(super) privacy: PrivacySwitches,
    /// Log at this level, such as `info` or `cv_analytics_server=debug`
    #[arg(long, value_name = "FILTER", env = "CV_ANALYTICS_LOG", default_value = "info", value_parser = log_filter)]
    log: String,
    /// Log in this format, on standard error
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        env = "CV_ANALYTICS_LOG_FORMAT",
        default_value = "text"
    )]
    log_format: LogFormat,
}

/// The address that is listened on by default.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8787";

/// Systems bound it by their own limit.
const MAX_UNACCEPTED_CONNECTIONS: u32 = 4096;
/// The system's buffer per connection and direction: it doubles this, and idle crowds would take megabytes each.
const SOCKET_BUFFER_BYTES: u32 = 64 * 1024;
/// Open files that are enough: half are for connections.
const MIN_OPEN_FILES: usize = 2048;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Serve {
    /// Sends the log to standard error; ends the program where the token cannot be used.
    pub(crate) fn begin(&self) -> Result<()> {
        // Not where the command line is read, whose error would show the token.
        if let Some(Err(problem)) = self.token.as_deref().map(check_token) {
            return Err(usage_error(format!("--token, or CV_ANALYTICS_TOKEN: {problem}")));
        }
        let filter = EnvFilter::try_new(&self.log)
            .with_context(|| format!("invalid --log {:?}", self.log))?;
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

    /// Binds the address that is listened on.
    pub(crate) fn bind(&self) -> Result<TcpListener> {
        listen(self.listen).with_context(|| {
            format!(
                "cannot listen on {} (--listen chooses another address; port 0 picks a free one)",
                self.listen
            )
        })
    }

    /// Listens on any free port where another program has the default one.
    pub(crate) async fn leave_a_busy_default(&mut self) -> Result<()> {
        let is_default = self.listen.to_string() == DEFAULT_LISTEN;
        if is_default && TcpListener::bind(self.listen).await.is_err() {
            output::print_line(format!("{DEFAULT_LISTEN} is in use: taking another port."))?;
            self.listen.set_port(0);
        }
        Ok(())
    }

    /// How much is answered.
    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            max_requests_per_second: self.max_requests_per_second,
            max_connections: usual.max_connections.min(open_files() / 2),
            ..usual
        }
    }

    /// The proxies that say who asks.
    pub(crate) fn trusted_proxies(&self) -> TrustedProxies {
        TrustedProxies::new(self.trusted_proxies.iter().copied())
    }

    pub(crate) fn time_zone(&self) -> OwnerZone {
        self.time_zone.clone().unwrap_or_else(OwnerZone::of_the_system)
    }

    /// What the dashboard shows of the options.
    pub(super) fn shown_settings(
        &self,
        listening: SocketAddr,
        public_url: Option<&PublicUrl>,
    ) -> Vec<ProgramSetting> {
        let setting = |name, value: String| ProgramSetting { name, value };
        let for_ever = || "forever".to_owned();
        let mut settings = vec![
            setting("Listens on", listening.to_string()),
            setting("Public URL", public_url.map_or("none".to_owned(), ToString::to_string)),
            setting("Shows times in", self.time_zone().to_string()),
            setting(
                "Keeps interactions",
                self.retention_days.map_or_else(for_ever, |days| format!("{days} days")),
            ),
        ];
        settings.extend(self.privacy.describe().map(|(name, value)| setting(name, value)));
        settings.extend(self.files.describe().map(|(name, value)| setting(name, value)));
        settings
    }

    /// The credentials that are kept, or new ones, and the queue's address before; the one in them is today's.
    pub(super) fn credentials(
        &self,
        folder: &DataFolder,
        url: &str,
    ) -> Result<(StoredCredentials, Option<String>)> {
        let kept = folder.credentials()?;
        let mut credentials =
            kept.clone().unwrap_or_else(|| StoredCredentials::generate(&self.region, url));
        if let Some(token) = self.token.as_ref().filter(|_| kept.is_none()) {
            credentials.token.clone_from(token);
        }
        credentials.queue_url = queue_url(url);
        if kept.as_ref() != Some(&credentials) {
            folder.keep_credentials(&credentials)?;
        }
        Ok((credentials, kept.map(|kept| kept.queue_url)))
    }
}

/// Listens with a longer backlog: a client without room waits a second before it tries again.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows it would let another program take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    // Connections inherit it.
    socket.set_send_buffer_size(SOCKET_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(MAX_UNACCEPTED_CONNECTIONS)
}

/// How many files may be open, of [`MIN_OPEN_FILES`], after raising the soft limit.
#[cfg(unix)]
fn open_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let enough = MIN_OPEN_FILES as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let allowed = maximum.map_or(enough, |maximum| maximum.min(enough));
    let is_raised = current.is_some_and(|current| current < allowed)
        && setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum }).is_ok();
    let in_force = if is_raised { Some(allowed) } else { current };
    in_force
        .and_then(|files| usize::try_from(files).ok())
        .map_or(MIN_OPEN_FILES, |files| files.min(MIN_OPEN_FILES))
}

/// Sockets are not files there.
#[cfg(not(unix))]
const fn open_files() -> usize {
    MIN_OPEN_FILES
}

/// An address and a port; of a name's addresses the first of IPv4, which every machine has.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let addresses = text.to_socket_addrs();
    let addresses: Vec<_> = addresses
        .map_err(|error| format!("expected ADDR:PORT, as 127.0.0.1:8787 or localhost:0: {error}"))?
        .collect();
    let of_ipv4 = addresses.iter().find(|address| address.is_ipv4());
    of_ipv4
        .or(addresses.first())
        .copied()
        .ok_or_else(|| format!("unknown host {text:?}: it has no address"))
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
        Err("write lower-case words and a number, with hyphens between them, as in eu-west-2")
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

/// Refuses a token that can be guessed, or that no header can carry.
fn check_token(token: &str) -> Result<(), String> {
    check_secret(token)?;
    if token.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err("it may contain only printable ASCII characters without spaces".to_owned())
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
