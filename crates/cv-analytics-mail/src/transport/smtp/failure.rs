//! What a failed conversation means, in a sentence that names no address and no secret.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;

use crate::transport::smtp::{Security, SmtpSettings};
use crate::transport::{TransportError, without_addresses};

/// How far the conversation came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// To the server's greeting.
    Connect,
    /// To the change to TLS.
    StartTls,
    /// To the login.
    Login,
    /// To sender, recipient and the message itself.
    Message,
}

/// The most of a server's own words that is kept.
const MAX_REPLY_CHARS: usize = 200;

/// What `error` means that came at `stage`.
pub(crate) fn failure(stage: Stage, error: &Error, settings: &SmtpSettings) -> TransportError {
    let server = format!("the mail server at {}:{}", settings.host, settings.port);
    if let Some(code) = error.status() {
        let refusal = answered(stage, &code.to_string(), error, &server);
        return if error.is_permanent() { refusal.permanent() } else { refusal };
    }
    let sentence = match cause::<rustls::Error>(error) {
        Some(tls) => handshake(tls, &server, settings),
        None => broken(stage, error, &server, settings),
    };
    let no_way_to_log_in = stage == Stage::Login && error.is_client();
    let failure = TransportError::new(sentence);
    if no_way_to_log_in { failure.permanent() } else { failure }
}

fn answered(stage: Stage, code: &str, error: &Error, server: &str) -> TransportError {
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    let words: String = without_addresses(&words).chars().take(MAX_REPLY_CHARS).collect();
    TransportError::new(match stage {
        // What is said about a login may repeat it.
        Stage::Login if error.is_permanent() => format!(
            "{server} refuses the login ({code}): check user and password; many providers want a password made for this program (an app password)"
        ),
        Stage::Login => format!("{server} cannot check the login for now ({code})"),
        Stage::Connect | Stage::StartTls => {
            format!("{server} takes no mail from here ({code} {words})")
        }
        Stage::Message if error.is_permanent() => {
            format!("{server} refuses the mail ({code} {words})")
        }
        Stage::Message => format!("{server} does not take the mail yet ({code} {words})"),
    })
}

/// The change to TLS failed.
fn handshake(tls: &rustls::Error, server: &str, settings: &SmtpSettings) -> String {
    use rustls::CertificateError as Certificate;
    let host = &settings.host;
    match tls {
        rustls::Error::InvalidCertificate(problem) => match problem {
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => format!(
                "the certificate of {server} is for another name than {host}: set the host to the name that the provider gives, so that nobody between can read along; nothing was sent"
            ),
            Certificate::Expired | Certificate::ExpiredContext { .. } => format!(
                "the certificate of {server} has expired: its owner has to renew it (or this machine's clock is wrong); nothing was sent"
            ),
            Certificate::UnknownIssuer => format!(
                "the certificate of {server} comes from an authority that this machine does not trust: where the server is your own, name its authority's certificate with --smtp-ca; nothing was sent"
            ),
            other => {
                format!("the certificate of {server} cannot be trusted ({other}); nothing was sent")
            }
        },
        rustls::Error::InvalidMessage(_) if settings.security == Security::Tls => format!(
            "{server} does not begin with TLS: port 587 usually wants the security starttls, port 465 tls"
        ),
        other => format!("{server} and this program agree on no TLS ({other}); nothing was sent"),
    }
}

/// The connection failed, or the server said what is not SMTP.
fn broken(stage: Stage, error: &Error, server: &str, settings: &SmtpSettings) -> String {
    let kind = cause::<io::Error>(error).map(io::Error::kind);
    match (stage, kind) {
        (Stage::Connect, Some(io::ErrorKind::ConnectionRefused)) => {
            format!("{server} refuses the connection: check host and port, and that it runs")
        }
        (Stage::Connect, Some(io::ErrorKind::TimedOut)) => {
            format!("{server} does not answer: check host and port, and the firewall between")
        }
        (Stage::Connect, Some(kind)) if !was_cut(kind) => format!(
            "cannot reach {server} ({}): check the host name and this machine's network",
            cause::<io::Error>(error).map(ToString::to_string).unwrap_or_default()
        ),
        (Stage::Connect, _) if settings.security == Security::Tls => format!(
            "{server} ended the conversation before it began: check that its port takes TLS from the start (usually 465; 587 wants starttls)"
        ),
        (Stage::Login, None) if error.is_client() => format!(
            "{server} offers no way to log in that this program knows (PLAIN, LOGIN): check port and security, or leave user and password out"
        ),
        (Stage::Message, _) => format!(
            "the conversation with {server} broke before it had said that it has the mail: it is sent again"
        ),
        _ => format!("the conversation with {server} broke before the mail was sent"),
    }
}

/// Whether the other side ended the connection.
fn was_cut(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// The error of a type among the causes of `error`; one within an `io::Error` too.
fn cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        next = cause.source();
    }
    None
}
