//! `report --send` on a self-hosted installation, as its user meets it: through a mail server on this
//! machine, into the outbox, and to a recipient who unsubscribed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use mail_parser::MessageParser;
use tempfile::TempDir;

const QUESTION: &str = r#"{"eventType":"query","requestId":"r1","timestamp":"2026-11-17T10:00:00Z","query":"Do you know k8s?"}"#;
const TRIAL: [&str; 5] = ["report", "--week", "2026-W47", "--send", "--to"];

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

fn trial(folder: &Path, to: &str, options: &[&str]) -> Output {
    program(folder).args(TRIAL).arg(to).args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut import = program(folder.path())
        .args(["events", "import"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    import.stdin.take().unwrap().write_all(QUESTION.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    folder
}

/// A mail server without TLS, as a relay on this machine is one; it refuses `gone@example.org`.
fn relay() -> (u16, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, taken) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            thread::spawn(move || {
                if let Some(mail) = converse(&stream) {
                    let _ = sender.send(mail);
                }
            });
        }
    });
    (port, taken)
}

/// Returns the recipient and the message, where one was taken.
fn converse(stream: &TcpStream) -> Option<(String, String)> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut say = |line: &str| writer.write_all(format!("{line}\r\n").as_bytes());
    say("220 relay").ok()?;
    let (mut recipient, mut taken) = (String::new(), None);
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 0 {
        match line.split_whitespace().next().unwrap_or_default() {
            "RCPT" if line.contains("gone@") => say("550 5.1.1 no such user").ok()?,
            "RCPT" => {
                line.trim().clone_into(&mut recipient);
                say("250 fine").ok()?;
            }
            "DATA" => {
                say("354 go on").ok()?;
                let mut message = Vec::new();
                while !message.ends_with(b"\r\n.\r\n") {
                    let mut byte = [0];
                    reader.read_exact(&mut byte).ok()?;
                    message.push(byte[0]);
                }
                taken = Some((recipient.clone(), String::from_utf8(message).ok()?));
                say("250 queued").ok()?;
            }
            "QUIT" => {
                say("221 bye").ok()?;
                return taken;
            }
            _ => say("250 fine").ok()?,
        }
        line.clear();
    }
    taken
}

fn mails_in(outbox: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(outbox).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_trial_goes_through_the_mail_server_once_and_says_what_it_did() {
    let folder = folder();
    let (port, taken) = relay();
    let config = format!(
        "[mail]\nsmtp-host = \"localhost\"\nsmtp-port = {port}\nsmtp-security = \"none\"\nmail-from = \"Reports <reports@example.com>\"\n"
    );
    fs::write(folder.path().join("cv-analytics.toml"), config).unwrap();
    let options = ["--public-url", "https://cv.example.org"];
    let sent = trial(folder.path(), "me@example.org", &options);
    let expect = format!("sent to me@example.org through localhost:{port}\n");
    assert_eq!(text(&sent.stdout), expect, "{}", text(&sent.stderr));
    let (to, message) = taken.recv().unwrap();
    assert_eq!(to, "RCPT TO:<me@example.org>");
    let read = MessageParser::default().parse(&message).unwrap();
    let subject = read.subject().unwrap();
    assert!(subject.starts_with("CV Analytics Weekly Report - Week [2026-W47]: "), "{subject}");
    assert_eq!(read.from().unwrap().first().unwrap().address().unwrap(), "reports@example.com");
    let header = |name: &str| {
        let (_, rest) = message.split_once(&format!("\r\n{name}: ")).unwrap();
        rest.split("\r\n").next().unwrap().trim().to_owned()
    };
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(message.contains("<https://cv.example.org/unsubscribe/"), "{message}");

    let before = trial(folder.path(), "me@example.org", &options);
    assert!(text(&before.stdout).starts_with("sent to me@example.org before: --again"));
    let both = trial(folder.path(), "gone@example.org, you@example.org", &options);
    assert_eq!(both.status.code(), Some(1));
    let said = text(&both.stderr);
    assert!(said.contains("not sent to gone@example.org: the mail server at localhost"), "{said}");
    assert!(said.contains("refuses the mail (550"), "{said}");
    assert!(said.contains("sent to you@example.org through"), "{said}");
    assert_eq!(taken.recv().unwrap().0, "RCPT TO:<you@example.org>");
}

#[test]
fn without_a_mail_server_mails_are_files_and_none_takes_anothers_place() {
    let folder = folder();
    let outbox = folder.path().join("cv-analytics-data/outbox");
    for again in [&[][..], &["--again"], &["--again"]] {
        let sent = trial(folder.path(), "me@example.org", again);
        assert!(text(&sent.stdout).contains(" as files in "), "{}", text(&sent.stderr));
    }
    let mails = mails_in(&outbox);
    assert_eq!(mails.len(), 3, "{mails:?}");
    for mail in &mails {
        let name = mail.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with("2026-W47-") && mail.extension().is_some_and(|ending| ending == "eml"),
            "{name}"
        );
        assert!(MessageParser::default().parse(&fs::read(mail).unwrap()).is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(mail).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}

#[test]
fn who_unsubscribed_is_named_and_taken_back_on_demand() {
    let folder = folder();
    let options = ["--public-url", "https://cv.example.org"];
    assert!(trial(folder.path(), "me@example.org", &options).status.success());
    let mail = fs::read_to_string(&mails_in(&folder.path().join("cv-analytics-data/outbox"))[0]);
    let mail = mail.unwrap();
    let (_, rest) = mail.split_once("https://cv.example.org/unsubscribe/").unwrap();
    let token = rest.get(..64).unwrap().to_owned();

    let mut server = program(folder.path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines
        .by_ref()
        .take_while(|line| !line.starts_with("cv-analytics is ready: "))
        .chain(std::iter::empty())
        .collect();
    assert!(said.iter().any(|line| line.starts_with("No weekly mail is sent")), "{said:?}");
    drop(lines);
    // The port is in the data folder's credentials.
    let credentials =
        fs::read_to_string(folder.path().join("cv-analytics-data/credentials.env")).unwrap();
    let (_, address) = credentials.split_once("AWS_SQS_URL=http://").unwrap();
    let authority = address.split('/').next().unwrap();
    let body = "List-Unsubscribe=One-Click";
    let mut stream = TcpStream::connect(authority).unwrap();
    let request = format!(
        "POST /unsubscribe/{token} HTTP/1.1\r\nHost: cv.example.org\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let refused = trial(folder.path(), "me@example.org", &["--again"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("not sent to me@example.org: they unsubscribed at "), "{said}");
    let back = trial(folder.path(), "me@example.org", &["--again", "--resubscribe"]);
    assert!(text(&back.stdout).starts_with("me@example.org is back in the list\nsent to "));
    assert!(trial(folder.path(), "me@example.org", &["--again"]).status.success());
}

#[test]
fn settings_that_cannot_work_are_told_before_anything_is_sent() {
    let folder = folder();
    let refused = |options: &[&str], sentence: &str| {
        let output = program(folder.path()).args(options).output().unwrap();
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{options:?}");
        assert!(said.contains(sentence), "{options:?} said {said}");
    };
    refused(
        &["serve", "--smtp-host", "mail.example.org", "--smtp-security", "none"],
        "would be sent unencrypted",
    );
    refused(
        &["serve", "--smtp-host", "localhost", "--smtp-user", "me"],
        "CV_ANALYTICS_SMTP_PASSWORD",
    );
    refused(&["serve", "--mail-schedule", "cron(0 9 ? * MONDAY *)"], "the field day-of-week");
    refused(&["serve", "--mail-to", "me"], "invalid mail address");
    refused(&["serve", "--smtp-host", "localhost", "--mail-to", "a@example.org"], "--mail-from");
    refused(&["serve", "--smtp-password", "x"], "unexpected argument");
    refused(&["report", "--send"], "name the recipient with --to or --mail-to");
}
