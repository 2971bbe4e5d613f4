//! README.md followed from a clean folder: `init` writes `cv-analytics.toml`, each step's lines are filled in there, its
//! command starts the server, and a message that is signed with the secrets of that moment arrives.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use cv_analytics_harness::connection::Connection;
use cv_analytics_harness::readme::{fill_in, section, steps, without_comment};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess};
use cv_analytics_harness::signer::Signer;
use jiff::Timestamp;
use serde_json::{Value, json};

const README: &str = include_str!("../../../../../README.md");
const PROGRAM: &str = env!("CARGO_BIN_EXE_cv-analytics");
/// The default of `--data`.
const DATA: &str = "cv-analytics-data";

/// A shell, or the program, with what is set in a step, and with nothing of this machine's.
fn program(name: &str, folder: &Path, listen: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder).env_clear().env("CV_ANALYTICS_LISTEN", listen);
    command
}

/// Sends a question, signed for the address that the credentials name and sent to where the server listens.
fn send(folder: &Path, listen: &str, id: &str, now: Timestamp) -> u16 {
    let credentials = CredentialsFile::read(&folder.join(DATA)).unwrap();
    let url = credentials.value("AWS_SQS_URL").unwrap();
    let authority = url.split('/').nth(2).expect("a host");
    let event = json!({"eventType": "query", "requestId": id, "query": "Do you know Rust?",
        "timestamp": now.to_string(), "sessionId": "visitor"});
    let message = json!({"QueueUrl": url, "MessageGroupId": id, "MessageDeduplicationId": id,
        "MessageBody": event.to_string()});
    let signer =
        Signer::new(&credentials.access_key().unwrap(), authority, "SendMessage", now).unwrap();
    let request = signer.request(message.to_string().as_bytes()).unwrap();
    Connection::open(listen).unwrap().exchange(&request).unwrap().status
}

/// Types a line into a shell, and a password where it asks for one.
fn typed(line: &str, folder: &Path, listen: &str) {
    let programs = Path::new(PROGRAM).parent().expect("a folder");
    let mut shell = program("sh", folder, listen)
        .args(["-c", line])
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that asks for nothing may have ended before.
    let _ = shell.stdin.take().unwrap().write_all(b"a password\n");
    let done = shell.wait_with_output().unwrap();
    assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "signatures are for the server's own clock")]
fn every_message_of_a_reader_who_follows_the_steps_is_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("my-cv.txt"), "Rust\nTypeScript\n").unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let now = Timestamp::now();
    let mut sent = 0;
    let steps = steps(section(README, "Your own agent").unwrap()).unwrap();
    for (number, blocks) in steps.into_iter().enumerate() {
        let settings = blocks.iter().filter(|(language, _)| *language == "toml");
        for setting in settings.flat_map(|(_, lines)| lines.lines()) {
            let file = folder.join("cv-analytics.toml");
            let filled = fill_in(&fs::read_to_string(&file).unwrap(), setting).unwrap();
            fs::write(file, filled).unwrap();
        }
        let commands = blocks.iter().filter(|(language, _)| *language == "sh");
        let commands = commands.flat_map(|(_, lines)| lines.lines());
        for line in commands {
            let line = without_comment(line);
            // What installs something, goes to Cloudflare or reads from the fixed port is left out.
            if line != "cv-analytics serve" {
                if line.starts_with('(') || line.starts_with("cv-analytics ") {
                    typed(line, folder, &listen);
                }
                continue;
            }
            let mut start = program(PROGRAM, folder, &listen);
            start.arg("serve");
            let server = ServerProcess::start(&mut start, &folder.join("server.log")).unwrap();
            let status = send(folder, &listen, &format!("step-{number}"), now);
            assert_eq!(status, 200, "step {}: {}", number + 1, server.log_tail());
            sent += 1;
            server.stop().unwrap();
        }
    }
    assert!(sent >= 3, "the steps start the server, give it an address, and have it mailed");
    let week = now.strftime("%G-W%V").to_string();
    let report = program(PROGRAM, folder, &listen)
        .args(["report", "--week", &week, "--format", "json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&report.stdout).expect("a report");
    assert_eq!(report["capture"]["queries"], sent);
    assert_eq!(report["skills"][0]["skill"], "Rust");
}
