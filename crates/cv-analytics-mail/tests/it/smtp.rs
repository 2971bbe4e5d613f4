//! Conversations with a mail server: encrypted, refused, put off and cut off.

#![cfg(feature = "smtp")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod mail_server;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::unsubscribe::Unsubscribe;
use cv_analytics_mail::transport::smtp::{Security, Smtp, SmtpLogin, SmtpSettings};
use cv_analytics_mail::transport::{Transport, TransportError};
use mail_parser::MessageParser;
use tokio::net::TcpListener;

use crate::smtp::mail_server::{Break, MailServer, Manners, Tls};

/// `\0me\0secret` in base64.
const LOGIN: &str = "AG1lAHNlY3JldA==";

fn message(to: &str) -> Message {
    let from: cv_analytics_mail::message::address::MailAddress =
        "CV Analytics <reports@example.com>".parse().unwrap();
    Message {
        week: "2026-W47".parse().unwrap(),
        subject: "A report".to_owned(),
        to: to.parse().unwrap(),
        html: "<p>A report</p>".to_owned(),
        text: ".a line that begins with a dot\n.\nMüller\n".to_owned(),
        unsubscribe: Unsubscribe::Mail(from.clone()),
        from,
        date: Timestamp::from_millis(1_795_424_400_000),
        faults: Vec::new(),
    }
}

fn settings(server: &MailServer, security: Security) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port: server.port,
        security,
        allow_plain: false,
        login: None,
        authorities: Some(server.authority.clone().into_bytes()),
    }
}

async fn send(settings: SmtpSettings, to: &str) -> Result<(), TransportError> {
    Smtp::new(settings).unwrap().hand_over(&message(to)).await
}

/// Sends one mail that is refused, and returns the sentence and whether it lasts.
async fn refusal(settings: SmtpSettings) -> (String, bool) {
    let error = send(settings, "owner@example.org").await.unwrap_err();
    let said = error.to_string();
    assert!(!said.contains("owner@") && !said.contains("secret"), "{said}");
    (said, error.is_permanent())
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_made_and_encrypted() {
    for (tls, security) in [(Tls::Offered, Security::StartTls), (Tls::FromTheStart, Security::Tls)]
    {
        let server =
            MailServer::start(Manners { tls, login: Some(LOGIN), ..Manners::default() }).await;
        let login = SmtpLogin { user: "me".to_owned(), password: "secret".to_owned() };
        let settings = SmtpSettings { login: Some(login), ..settings(&server, security) };
        send(settings, "owner@example.org").await.unwrap();
        let taken = server.taken();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].0, "RCPT TO:<owner@example.org>");
        let read = MessageParser::default().parse(&taken[0].1).unwrap();
        let text = read.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(text, message("owner@example.org").text);
        for command in ["AUTH", "MAIL", "RCPT", "DATA"] {
            let said = server.commands();
            assert!(said.contains(&format!("TLS:{command}")), "{said:?}");
            assert!(!said.contains(&command.to_owned()), "{said:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hides_or_refuses_starttls_gets_nothing() {
    for (tls, sentence) in [
        (Tls::None, "does not offer STARTTLS, or it is stripped on the way"),
        (Tls::Refused, "takes no mail from here (454"),
    ] {
        let login = SmtpLogin { user: "me".to_owned(), password: "secret".to_owned() };
        let server =
            MailServer::start(Manners { tls, login: Some(LOGIN), ..Manners::default() }).await;
        let settings = SmtpSettings { login: Some(login), ..settings(&server, Security::StartTls) };
        let (said, is_permanent) = refusal(settings).await;
        assert!(said.contains(sentence), "{said}");
        assert!(!is_permanent);
        let commands = server.commands();
        assert!(
            !commands.iter().any(|command| ["AUTH", "MAIL", "DATA"].contains(&command.as_str()))
        );
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_is_refused_with_what_to_do() {
    let manners = || Manners { tls: Tls::Offered, ..Manners::default() };
    let server = MailServer::start(manners()).await;
    let stranger = SmtpSettings { authorities: None, ..settings(&server, Security::StartTls) };
    let (said, _) = refusal(stranger).await;
    assert!(said.contains("an authority that this machine does not trust"), "{said}");
    assert!(said.contains("--smtp-ca"), "{said}");

    let other =
        MailServer::start(Manners { certificate_for: Some("mail.example.net"), ..manners() }).await;
    let (said, _) = refusal(settings(&other, Security::StartTls)).await;
    assert!(said.contains("is for another name than localhost"), "{said}");
    assert_eq!(other.taken(), []);
}

#[tokio::test]
async fn a_port_that_speaks_the_other_way_is_named() {
    let plain = MailServer::start(Manners::default()).await;
    let (said, _) = refusal(settings(&plain, Security::Tls)).await;
    assert!(said.contains("does not begin with TLS: port 587 usually wants"), "{said}");
}

#[tokio::test]
async fn a_login_that_is_refused_lasts_and_is_not_repeated_in_words() {
    let manners =
        Manners { tls: Tls::Offered, login: Some("c29tZWJvZHkgZWxzZQ=="), ..Manners::default() };
    let server = MailServer::start(manners).await;
    let login = SmtpLogin { user: "me".to_owned(), password: "secret".to_owned() };
    let settings = SmtpSettings { login: Some(login), ..settings(&server, Security::StartTls) };
    assert!(!format!("{settings:?}").contains("secret"));
    let (said, is_permanent) = refusal(settings).await;
    assert!(said.contains("refuses the login (535)"), "{said}");
    assert!(said.contains("app password") && !said.contains(LOGIN), "{said}");
    assert!(is_permanent);
}

#[tokio::test]
async fn a_server_that_offers_no_login_is_not_given_one() {
    let server = MailServer::start(Manners { tls: Tls::Offered, ..Manners::default() }).await;
    let login = SmtpLogin { user: "me".to_owned(), password: "secret".to_owned() };
    let (said, is_permanent) =
        refusal(SmtpSettings { login: Some(login), ..settings(&server, Security::StartTls) }).await;
    assert!(said.contains("offers no way to log in"), "{said}");
    assert!(is_permanent);
}

#[tokio::test]
async fn of_two_recipients_one_may_be_refused_for_good_and_the_other_put_off() {
    let recipients = vec![
        ("gone@example.org", "550 5.1.1 no such user gone@example.org"),
        ("grey@example.org", "451 4.7.1 greylisted, come again"),
    ];
    let server = MailServer::start(Manners { recipients, ..Manners::default() }).await;
    let plain = || settings(&server, Security::None);
    let gone = send(plain(), "gone@example.org").await.unwrap_err();
    assert!(gone.is_permanent());
    assert!(
        gone.to_string().contains("refuses the mail (550 5.1.1 no such user [email])"),
        "{gone}"
    );
    let grey = send(plain(), "grey@example.org").await.unwrap_err();
    assert!(!grey.is_permanent());
    assert!(grey.to_string().contains("does not take the mail yet (451"), "{grey}");
    send(plain(), "owner@example.org").await.unwrap();
    send(plain(), "grey@example.org").await.unwrap();
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test]
async fn half_a_conversation_is_a_failure_that_passes() {
    for (breaks, taken) in [(Break::AmidTheMessage, 0), (Break::BeforeTheAnswer, 1)] {
        let server =
            MailServer::start(Manners { breaks: Some(breaks), ..Manners::default() }).await;
        let (said, is_permanent) = refusal(settings(&server, Security::None)).await;
        assert!(said.contains("broke before it had said that it has the mail"), "{said}");
        assert!(!is_permanent);
        assert_eq!(server.taken().len(), taken);
        send(settings(&server, Security::None), "owner@example.org").await.unwrap();
        assert_eq!(server.taken().len(), taken + 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_what_to_check() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let nowhere = SmtpSettings {
        host: "localhost".to_owned(),
        port,
        security: Security::None,
        allow_plain: false,
        login: None,
        authorities: None,
    };
    let (said, is_permanent) = refusal(nowhere.clone()).await;
    assert!(said.contains("refuses the connection: check host and port"), "{said}");
    assert!(!is_permanent);
    let nameless = SmtpSettings { host: "no-such-host.invalid".to_owned(), ..nowhere };
    let nameless = SmtpSettings { security: Security::Tls, ..nameless };
    let (said, _) = refusal(nameless).await;
    assert!(said.contains("cannot reach"), "{said}");
}

#[test]
fn unencrypted_mail_stays_on_this_machine_unless_it_is_allowed() {
    let to = |host: &str, allow_plain| {
        Smtp::new(SmtpSettings {
            host: host.to_owned(),
            port: 25,
            security: Security::None,
            allow_plain,
            login: None,
            authorities: None,
        })
    };
    for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
        assert!(to(host, false).is_ok(), "{host}");
    }
    for host in ["mail.example.org", "192.0.2.1", "localhost.example.org", "10.0.0.1"] {
        assert!(to(host, false).unwrap_err().to_string().contains("unencrypted"), "{host}");
        assert!(to(host, true).is_ok(), "{host}");
    }
}

#[test]
fn a_file_without_certificates_is_refused() {
    let refused = Smtp::new(SmtpSettings {
        host: "localhost".to_owned(),
        port: 587,
        security: Security::StartTls,
        allow_plain: false,
        login: None,
        authorities: Some(b"-----BEGIN CERTIFICATE-----\nnonsense\n".to_vec()),
    });
    assert!(refused.is_err());
}
