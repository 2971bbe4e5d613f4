//! A mail server on this machine that does what a test tells it, in the clear, with STARTTLS or in TLS.

use std::sync::{Arc, Mutex};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What the server does; by default it offers no TLS, asks for no login and takes every mail.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    pub(crate) tls: Tls,
    /// The name in its certificate; `localhost` where none is given.
    pub(crate) certificate_for: Option<&'static str>,
    /// What it asks of those who log in, as `AUTH PLAIN` sends it.
    pub(crate) login: Option<&'static str>,
    /// Answers to `RCPT TO` for an address, instead of 250: the first is used up first.
    pub(crate) recipients: Vec<(&'static str, &'static str)>,
    /// What goes wrong with the message itself, once.
    pub(crate) breaks: Option<Break>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tls {
    #[default]
    None,
    Offered,
    /// It is offered, and then refused.
    Refused,
    FromTheStart,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The connection is cut after the first line of the message.
    AmidTheMessage,
    /// The connection is cut after the message was taken, before the answer.
    BeforeTheAnswer,
}

/// A server that listens; it ends with the test's runtime.
pub(crate) struct MailServer {
    pub(crate) port: u16,
    /// The certificate of the authority that made its own, as PEM.
    pub(crate) authority: String,
    state: Arc<State>,
}

struct State {
    manners: Mutex<Manners>,
    acceptor: TlsAcceptor,
    taken: Mutex<Vec<(String, String)>>,
    commands: Mutex<Vec<String>>,
}

impl MailServer {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (acceptor, authority) = certificate(manners.certificate_for.unwrap_or("localhost"));
        let state = Arc::new(State {
            manners: Mutex::new(manners),
            acceptor,
            taken: Mutex::default(),
            commands: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move { converse(stream, &state).await });
            }
        });
        Self { port, authority, state }
    }

    /// Recipients and messages that were taken, in their order.
    pub(crate) fn taken(&self) -> Vec<(String, String)> {
        self.state.taken.lock().unwrap().clone()
    }

    /// The first words of all commands that came; after `TLS:` they came encrypted.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.commands.lock().unwrap().clone()
    }
}

fn certificate(name: &str) -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let own = own.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

/// How a conversation over one kind of stream ended.
#[derive(PartialEq, Eq)]
enum End {
    Over,
    GoesOnInTls,
}

async fn converse(mut stream: TcpStream, state: &State) {
    let tls = state.manners.lock().unwrap().tls;
    if tls == Tls::FromTheStart {
        if let Ok(mut stream) = state.acceptor.accept(stream).await {
            speak(&mut stream, state, true, true).await;
        }
    } else if speak(&mut stream, state, true, false).await == End::GoesOnInTls
        && let Ok(mut stream) = state.acceptor.accept(stream).await
    {
        speak(&mut stream, state, false, true).await;
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    state: &State,
    greets: bool,
    is_encrypted: bool,
) -> End {
    let mut stream = BufReader::new(stream);
    if greets {
        say(&mut stream, "220 mail.example ready").await;
    }
    let mut recipient = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return End::Over;
        }
        let command = line.trim_end().to_owned();
        let word = command.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let noted = if is_encrypted { format!("TLS:{word}") } else { word.clone() };
        state.commands.lock().unwrap().push(noted);
        let manners = state.manners.lock().unwrap().clone();
        match word.as_str() {
            "EHLO" => say(&mut stream, &abilities(&manners, is_encrypted)).await,
            "STARTTLS" if manners.tls == Tls::Offered => {
                say(&mut stream, "220 go ahead").await;
                return End::GoesOnInTls;
            }
            "STARTTLS" => say(&mut stream, "454 4.7.0 TLS is not to be had now").await,
            "AUTH" => {
                let given = command.rsplit(' ').next().unwrap_or_default();
                let is_right = manners.login == Some(given);
                let refusal = format!("535 5.7.8 no such login: {given}");
                say(&mut stream, if is_right { "235 welcome" } else { &refusal }).await;
            }
            "RCPT" => {
                command.clone_into(&mut recipient);
                let answer = answer_for(state, &recipient);
                say(&mut stream, answer).await;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await;
                if take(&mut stream, state, &recipient).await.is_none() {
                    return End::Over;
                }
            }
            "QUIT" => {
                say(&mut stream, "221 bye").await;
                return End::Over;
            }
            _ => say(&mut stream, "250 fine").await,
        }
    }
}

fn abilities(manners: &Manners, is_encrypted: bool) -> String {
    let mut said = "250-mail.example\r\n".to_owned();
    if !is_encrypted && matches!(manners.tls, Tls::Offered | Tls::Refused) {
        said += "250-STARTTLS\r\n";
    }
    if manners.login.is_some() {
        said += "250-AUTH PLAIN\r\n";
    }
    said + "250 8BITMIME"
}

fn answer_for(state: &State, recipient: &str) -> &'static str {
    let recipients = &mut state.manners.lock().unwrap().recipients;
    let place = recipients.iter().position(|(address, _)| recipient.contains(address));
    match place {
        Some(place) if recipients[place].1.starts_with('4') => recipients.remove(place).1,
        Some(place) => recipients[place].1,
        None => "250 fine",
    }
}

/// Reads a message and keeps it; `None` where the connection is cut.
async fn take<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<&mut S>,
    state: &State,
    recipient: &str,
) -> Option<()> {
    let breaks = state.manners.lock().unwrap().breaks.take();
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        if breaks == Some(Break::AmidTheMessage) {
            return None;
        }
        if line == ".\r\n" {
            break;
        }
        message += line.strip_prefix('.').unwrap_or(&line);
    }
    state.taken.lock().unwrap().push((recipient.to_owned(), message));
    if breaks.is_some() {
        return None;
    }
    say(stream, "250 queued").await;
    Some(())
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, line: &str) {
    let stream = stream.get_mut();
    let _ = stream.write_all(format!("{line}\r\n").as_bytes()).await;
    let _ = stream.flush().await;
}
