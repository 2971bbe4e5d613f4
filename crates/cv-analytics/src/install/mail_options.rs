//! The weekly mail's options, shared by `serve` and `report`: how it is sent, to whom, and when.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cv_analytics_core::store::KeyValueStore;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::address::{MailAddress, addresses};
use cv_analytics_mail::message::unsubscribe_key::UnsubscribeKey;
use cv_analytics_mail::schedule::Schedule;
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_mail::transport::outbox::Outbox;
use cv_analytics_mail::transport::smtp::{Security, Smtp, SmtpLogin, SmtpSettings};
use cv_analytics_mail::transport::{Transport, TransportError};
use cv_analytics_server::configuration::PublicUrl;
use rand::RngExt;

use crate::input::read_small;
use crate::install::data_folder::DataFolder;

/// Sends nothing that a mail server would take; stands in where mails are only written.
pub(crate) const NO_SENDER: &str = "cv-analytics@localhost.localdomain";
/// Holds the password: an option would show it to everybody on the machine.
const PASSWORD_VARIABLE: &str = "CV_ANALYTICS_SMTP_PASSWORD";

/// Where the options of the mail are, which the short help leaves out.
pub(crate) const MORE_OF_THE_MAIL: &str =
    "How the mail is sent, to whom, when, and in what form: see --help-all.";

/// How the weekly mail is sent, to whom, and when.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Mail")]
pub(crate) struct MailOptions {
    /// Send through this mail server; without one, mails become files in the data folder's outbox
    #[arg(long, hide_short_help = true, value_name = "HOST", env = "CV_ANALYTICS_SMTP_HOST")]
    smtp_host: Option<String>,
    /// Connect to this port of it [default: 587 for starttls, 465 for tls, 25 for none]
    #[arg(long, hide_short_help = true, value_name = "PORT", env = "CV_ANALYTICS_SMTP_PORT", value_parser = clap::value_parser!(u16).range(1..))]
    smtp_port: Option<u16>,
    /// Secure the connection this way
    #[arg(
        long,
        hide_short_help = true,
        value_enum,
        env = "CV_ANALYTICS_SMTP_SECURITY",
        default_value = "starttls"
    )]
    smtp_security: SmtpSecurity,
    /// Allow `--smtp-security none` to another machine, where the network is secured by other means
    #[arg(long, hide_short_help = true, env = "CV_ANALYTICS_SMTP_ALLOW_PLAIN", value_parser = clap::builder::BoolishValueParser::new())]
    smtp_allow_plain: bool,
    /// Log in under this name; the password is in `CV_ANALYTICS_SMTP_PASSWORD` or in a file
    #[arg(long, hide_short_help = true, value_name = "NAME", env = "CV_ANALYTICS_SMTP_USER")]
    smtp_user: Option<String>,
    /// Read the password from this file, which contains nothing else
    #[arg(
        long,
        hide_short_help = true,
        value_name = "FILE",
        env = "CV_ANALYTICS_SMTP_PASSWORD_FILE"
    )]
    smtp_password_file: Option<PathBuf>,
    /// Also trust the authorities in this PEM file, for a mail server with a private certificate
    #[arg(long, hide_short_help = true, value_name = "FILE", env = "CV_ANALYTICS_SMTP_CA")]
    smtp_ca: Option<PathBuf>,
    /// Send from this address, such as `me@example.com` or `My Name <me@example.com>`
    #[arg(long, hide_short_help = true, value_name = "ADDRESS", env = "CV_ANALYTICS_MAIL_FROM")]
    mail_from: Option<MailAddress>,
    /// Send to these recipients, a separate mail to each: separated by commas, or repeated
    #[arg(long, hide_short_help = true, value_name = "ADDRESS", env = "CV_ANALYTICS_MAIL_TO", value_parser = recipients)]
    mail_to: Vec<Recipients>,
    /// Send at this time, in UTC: minutes, hours, day of the month, month, day of the week, year
    #[arg(long, hide_short_help = true, value_name = "SCHEDULE", env = "CV_ANALYTICS_MAIL_SCHEDULE", default_value = Schedule::DEFAULT)]
    mail_schedule: Schedule,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SmtpSecurity {
    /// Upgrade the connection to TLS, or send nothing
    Starttls,
    /// TLS from the first byte
    Tls,
    /// Unencrypted: only to this machine
    None,
}

/// The addresses of one option.
#[derive(Clone, Debug)]
struct Recipients(Vec<MailAddress>);

/// The way that mails take from here.
#[derive(Clone, Debug)]
pub(crate) enum MailTransport {
    /// Through a mail server.
    Smtp {
        /// The server.
        smtp: Box<Smtp>,
        /// Host and port.
        server: String,
    },
    /// Into a folder.
    Outbox(Outbox),
}

impl MailOptions {
    /// Nobody gets a mail.
    pub(crate) fn without_mail() -> Result<Self> {
        Ok(Self {
            smtp_host: None,
            smtp_port: None,
            smtp_security: SmtpSecurity::Starttls,
            smtp_allow_plain: false,
            smtp_user: None,
            smtp_password_file: None,
            smtp_ca: None,
            mail_from: None,
            mail_to: Vec::new(),
            mail_schedule: Schedule::DEFAULT.parse()?,
        })
    }

    /// The options that were set to something else than their default.
    #[cfg(feature = "aws")]
    pub(crate) fn set_here(&self) -> Vec<&'static str> {
        let is_usual = self.mail_schedule.to_string() == Schedule::DEFAULT;
        let set = [
            ("--smtp-host", self.smtp_host.is_some()),
            ("--smtp-port", self.smtp_port.is_some()),
            ("--smtp-security", !matches!(self.smtp_security, SmtpSecurity::Starttls)),
            ("--smtp-allow-plain", self.smtp_allow_plain),
            ("--smtp-user", self.smtp_user.is_some()),
            ("--smtp-password-file", self.smtp_password_file.is_some()),
            ("--smtp-ca", self.smtp_ca.is_some()),
            ("--mail-from", self.mail_from.is_some()),
            ("--mail-to", !self.mail_to.is_empty()),
            ("--mail-schedule", !is_usual),
        ];
        set.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect()
    }

    /// Whether anybody gets a mail.
    pub(crate) fn has_recipients(&self) -> bool {
        self.recipients().next().is_some()
    }

    /// The recipients that are set.
    pub(crate) fn recipients(&self) -> impl Iterator<Item = &MailAddress> {
        self.mail_to.iter().flat_map(|Recipients(addresses)| addresses)
    }

    /// The way that mails take; nothing is sent or made yet.
    pub(crate) fn way(&self, folder: &DataFolder) -> Result<MailTransport> {
        let Some(host) = &self.smtp_host else {
            return Ok(MailTransport::Outbox(Outbox::new(folder.outbox())));
        };
        let security = match self.smtp_security {
            SmtpSecurity::Starttls => Security::StartTls,
            SmtpSecurity::Tls => Security::Tls,
            SmtpSecurity::None => Security::None,
        };
        let port = self.smtp_port.unwrap_or(security.usual_port());
        let settings = SmtpSettings {
            host: host.clone(),
            port,
            security,
            allow_plain: self.smtp_allow_plain,
            login: self.login()?,
            authorities: self.smtp_ca.as_deref().map(read_small).transpose()?,
        };
        let smtp = Smtp::new(settings).context("invalid --smtp-host")?;
        Ok(MailTransport::Smtp { smtp: Box::new(smtp), server: format!("{host}:{port}") })
    }

    /// The mailing to `recipients` by `way`, from `sender` where it is named and not set otherwise.
    pub(crate) async fn mailing(
        &self,
        way: &MailTransport,
        sender: Option<MailAddress>,
        recipients: Vec<MailAddress>,
        public_url: Option<&PublicUrl>,
        store: &dyn KeyValueStore,
    ) -> Result<Mailing> {
        let sender = match (sender.or_else(|| self.mail_from.clone()), way) {
            (Some(sender), _) => sender,
            (None, MailTransport::Outbox(_)) => NO_SENDER.parse()?,
            (None, _) if recipients.is_empty() => NO_SENDER.parse()?,
            (None, MailTransport::Smtp { .. }) => {
                bail!(
                    "missing sender of mail: name it with --mail-from, or in CV_ANALYTICS_MAIL_FROM"
                )
            }
        };
        let key = Some(unsubscribe_key(store).await?);
        let public = public_url.map(ToString::to_string);
        Ok(Mailing::new(sender, recipients, self.mail_schedule.clone(), public, key))
    }

    fn login(&self) -> Result<Option<SmtpLogin>> {
        let Some(user) = &self.smtp_user else { return Ok(None) };
        #[expect(clippy::disallowed_methods, reason = "this is the program's configuration")]
        let set = std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty());
        let password = match (set, &self.smtp_password_file) {
            (Some(password), _) => password,
            (None, Some(file)) => {
                let text = String::from_utf8(read_small(file)?)
                    .with_context(|| format!("invalid text in {}", file.display()))?;
                // An editor ends the line; no password ends so.
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (None, None) => bail!(
                "missing password for --smtp-user: set {PASSWORD_VARIABLE}, or name a file that holds it with --smtp-password-file"
            ),
        };
        Ok(Some(SmtpLogin { user: user.clone(), password }))
    }
}

impl Transport for MailTransport {
    fn limit(&self) -> Duration {
        match self {
            Self::Smtp { smtp, .. } => smtp.limit(),
            // As long as by SMTP: all who send from one ledger have the same.
            Self::Outbox(_) => cv_analytics_mail::transport::smtp::SMTP_TIMEOUT,
        }
    }

    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        match self {
            Self::Smtp { smtp, .. } => smtp.hand_over(message).await,
            Self::Outbox(outbox) => outbox.hand_over(message).await,
        }
    }
}

impl fmt::Display for MailTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp { server, .. } => write!(formatter, "through {server}"),
            Self::Outbox(outbox) => write!(formatter, "as files in {}", outbox.folder().display()),
        }
    }
}

/// The key of the installation's links for unsubscribing, made where there is none.
pub(crate) async fn unsubscribe_key(store: &dyn KeyValueStore) -> Result<UnsubscribeKey> {
    let fresh = || hex::encode(rand::rng().random::<[u8; 32]>());
    Ok(UnsubscribeKey::kept_or_made(store, fresh).await?)
}

/// The addresses in a list with commas between them.
pub(crate) fn read_addresses(list: &str) -> Result<Vec<MailAddress>> {
    addresses(list).map(|address| Ok(address.parse()?)).collect()
}

fn recipients(list: &str) -> Result<Recipients, String> {
    read_addresses(list).map(Recipients).map_err(|error| error.to_string())
}
