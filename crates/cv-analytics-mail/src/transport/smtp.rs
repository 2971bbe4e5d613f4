//! SMTP: one conversation with the mail server for each message (RFC 5321), through lettre.

mod failure;

use std::fmt;
use std::time::Duration;

use cv_analytics_core::loopback::is_loopback;
use lettre::Address;
use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;

use crate::message::Message;
use crate::message::address::MailAddress;
use crate::transport::{Transport, TransportError};

use self::failure::{Stage, failure};

/// How long one conversation may take: half of what RFC 5321 (4.5.3.2) gives a server that looks
/// into every message, since one that is cut off at its end may have taken the mail.
pub const SMTP_TIMEOUT: Duration = Duration::from_mins(5);
/// How long one address of the server may take to be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How the conversation is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins unencrypted and goes on in TLS (`STARTTLS`), or not at all.
    StartTls,
    /// In TLS from its first byte.
    Tls,
    /// Not at all.
    None,
}

impl Security {
    /// The port that is usual: 587, 465 (RFC 8314), 25.
    pub const fn usual_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Who the mail server lets in.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpLogin {
    /// The user's name.
    pub user: String,
    /// The password, which is never printed.
    pub password: String,
}

impl fmt::Debug for SmtpLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[login]")
    }
}

/// The mail server, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Its host name, which its certificate has to bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the conversation is kept from others.
    pub security: Security,
    /// Allows [`Security::None`] to another machine.
    pub allow_plain: bool,
    /// Who sends, where the server asks.
    pub login: Option<SmtpLogin>,
    /// Certificates of authorities (PEM) that are trusted beside those of this machine.
    pub authorities: Option<Vec<u8>>,
}

/// Why a mail server cannot be used as it is set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpSettingsError {
    /// The conversation would be open to everybody between.
    #[error(
        "refused: mail to {0} would be sent unencrypted; choose starttls or tls, or allow it where the network is secured by other means"
    )]
    Plain(String),
    /// The authorities' file holds no certificate, or the machine's own cannot be read.
    #[error("invalid certificates to trust ({0})")]
    Authorities(String),
}

/// Sends through one mail server.
#[derive(Clone)]
pub struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
}

impl Smtp {
    /// The server that `settings` name; nothing is sent yet.
    ///
    /// # Errors
    /// [`SmtpSettingsError`].
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpSettingsError> {
        let tls = match settings.security {
            Security::None if settings.allow_plain || is_loopback(&settings.host) => None,
            Security::None => return Err(SmtpSettingsError::Plain(settings.host)),
            Security::StartTls | Security::Tls => Some(tls_parameters(&settings)?),
        };
        Ok(Self { settings, tls })
    }

    async fn send(&self, message: &Message) -> Result<(), TransportError> {
        let eml = message.to_eml().map_err(|error| {
            TransportError::caused("cannot write the mail as a message", error).permanent()
        })?;
        let envelope = envelope(message)?;
        let mut connection = self.connect(message.from.domain()).await?;
        let sent = connection.send(&envelope, &eml).await;
        // A server that took the message has it, whatever becomes of the goodbye.
        connection.abort().await;
        sent.map(drop).map_err(|error| failure(Stage::Message, &error, &self.settings))
    }

    /// A connection that is encrypted and logged in, as far as the settings say.
    async fn connect(&self, own_name: &str) -> Result<AsyncSmtpConnection, TransportError> {
        let SmtpSettings { host, port, security, login, .. } = &self.settings;
        let failed = |stage| move |error| failure(stage, &error, &self.settings);
        let name = ClientId::Domain(own_name.to_owned());
        let at_once = self.tls.clone().filter(|_| *security == Security::Tls);
        let server = (host.as_str(), *port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(CONNECT_TIMEOUT),
            &name,
            at_once,
            None,
        )
        .await
        .map_err(failed(Stage::Connect))?;
        if let (Security::StartTls, Some(tls)) = (security, &self.tls) {
            if !connection.can_starttls() {
                connection.abort().await;
                return Err(TransportError::new(format!(
                    "the mail server at {host}:{port} does not offer STARTTLS, or it is stripped on the way: nothing was sent; where the server takes TLS from the start, set the security to tls (usually port 465)"
                )));
            }
            connection.starttls(tls.clone(), &name).await.map_err(failed(Stage::StartTls))?;
        }
        if let Some(SmtpLogin { user, password }) = login {
            let credentials = Credentials::new(user.clone(), password.clone());
            let authenticated = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            if let Err(error) = authenticated {
                connection.abort().await;
                return Err(failure(Stage::Login, &error, &self.settings));
            }
        }
        Ok(connection)
    }
}

impl Transport for Smtp {
    fn limit(&self) -> Duration {
        SMTP_TIMEOUT
    }

    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        self.send(message).await
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.settings, formatter)
    }
}

fn envelope(message: &Message) -> Result<Envelope, TransportError> {
    let address = |address: &MailAddress, whose: &str| {
        address.address().parse::<Address>().map_err(|error| {
            let sentence = format!("invalid {whose}'s address for SMTP");
            TransportError::caused(sentence, error).permanent()
        })
    };
    let from = address(&message.from, "sender")?;
    let to = address(&message.to, "recipient")?;
    Envelope::new(Some(from), vec![to])
        .map_err(|error| TransportError::caused("missing recipient of the mail", error).permanent())
}

fn tls_parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpSettingsError> {
    let refused =
        |error: lettre::transport::smtp::Error| SmtpSettingsError::Authorities(error.to_string());
    let mut tls =
        TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::Default);
    if let Some(pem) = &settings.authorities {
        tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(refused)?);
    }
    tls.build_rustls().map_err(refused)
}
