//! The self-hosted installation: a real server on a real folder.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::server_process::ServerProcess;
use serde_json::Value;
use tempfile::TempDir;

use crate::doctor::diagnosis::Diagnosis;

/// A folder with a server on it, which is killed when it goes.
struct Installation {
    folder: TempDir,
    /// Where it listens.
    address: String,
    server: Option<ServerProcess>,
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cv-analytics"));
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

impl Installation {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut installation = Self { folder, address: String::new(), server: None };
        installation.serve(options);
        installation
    }

    fn serve(&mut self, options: &[&str]) {
        let free_port = ["--listen", "127.0.0.1:0"];
        let listen = if options.contains(&"--listen") { &[][..] } else { &free_port };
        let mut command = program(self.folder.path());
        command.arg("serve").args(listen).args(options);
        let server = ServerProcess::start(&mut command, Path::new("/dev/null")).unwrap();
        server.authority.clone_into(&mut self.address);
        self.server = Some(server);
    }

    fn stop(&mut self) {
        self.server = None;
    }

    fn data(&self, file: &str) -> PathBuf {
        self.folder.path().join("cv-analytics-data").join(file)
    }

    fn edit_credentials(&self, edit: impl Fn(&str) -> String) {
        let file = self.data("credentials.env");
        let lines = fs::read_to_string(&file).unwrap();
        fs::write(file, lines.lines().map(edit).collect::<Vec<_>>().join("\n")).unwrap();
    }

    fn doctor(&self, options: &[&str]) -> Diagnosis {
        Diagnosis::of(program(self.folder.path()).arg("doctor").args(options))
    }

    /// Runs a command that has to succeed, and gives what it wrote.
    fn run(&self, arguments: &[&str]) -> String {
        let output = program(self.folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "a server counts by the clock")]
fn now_millis() -> i64 {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since_1970.as_millis()).unwrap()
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn all_is_well_in_a_new_installation_and_the_canary_leaves_no_trace_in_any_report() {
    let installation = Installation::start();
    let event = r#"{"eventType":"query","requestId":"r","timestamp":1763000000000,"query":"Do you know k8s?"}"#;
    fs::write(installation.folder.path().join("events.jsonl"), format!("{event}\n{{\n")).unwrap();
    installation.run(&["events", "send", "events.jsonl"]);
    // This week's has a dead letter that counts, and may be another week's in a moment.
    let week = installation.run(&["report", "--format", "json"]);
    let last: Value = serde_json::from_str(&week).unwrap();
    let last: cv_analytics_core::week::IsoWeek = last["week"].as_str().unwrap().parse().unwrap();
    let weeks = [last, last.later(1), last.later(2), "2025-W46".parse().unwrap()];
    let reports = || {
        weeks.map(|week| {
            installation.run(&["report", "--format", "json", "--week", &week.to_string()])
        })
    };
    let before = reports();
    assert!(before.iter().any(|report| report.contains(r#""deadLetters": 1"#)), "{before:?}");
    let diagnosis = installation.doctor(&[]);
    diagnosis.passed();
    for name in ["canary", "canary-pair", "canary-unreadable", "canary-removed"] {
        assert_eq!(diagnosis.check(name)["outcome"], "ok");
    }
    assert_eq!(reports(), before);
    assert_eq!(installation.run(&["dead-letters", "list", "--json"]).lines().count(), 1);
    assert_eq!(installation.run(&["events", "export"]).lines().count(), 1);
}

#[test]
fn people_read_a_line_for_each_check_and_the_mend_below() {
    let installation = Installation::start();
    let said = installation.run(&["doctor", "--no-canary"]);
    assert!(said.contains("ok       credentials: "), "{said}");
    assert!(said.contains("skipped  canary: --no-canary\n"), "{said}");
    assert!(said.contains("\nall is well: "), "{said}");
    fs::remove_file(installation.data("credentials.env")).unwrap();
    let output = program(installation.folder.path()).arg("doctor").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = "FAIL     credentials: missing cv-analytics-data/credentials.env\n         fix: start the server once";
    assert!(said.contains(lines), "{said}");
    assert_eq!(output.stderr, b"error: 1 check failed\n");
}

#[cfg(unix)]
#[test]
fn files_that_others_can_read_are_named_with_the_command_that_closes_them() {
    let installation = Installation::start();
    set_mode(&installation.data("credentials.env"), 0o644);
    installation.doctor(&[]).fails_alone(
        "credentials-mode",
        "has mode 0644: others on this machine can read the secrets",
        "chmod 600 cv-analytics-data/credentials.env",
    );
    set_mode(&installation.data("credentials.env"), 0o600);
    set_mode(&installation.data("cv-analytics.db"), 0o640);
    let fix = "chmod 600 cv-analytics-data/cv-analytics.db";
    installation.doctor(&[]).fails_alone("database-mode", "has mode 0640", fix);
    for file in ["cv-analytics.db", "cv-analytics.db-wal", "cv-analytics.db-shm"] {
        if installation.data(file).exists() {
            set_mode(&installation.data(file), 0o600);
        }
    }
    set_mode(&installation.data(""), 0o755);
    let diagnosis = installation.doctor(&[]);
    diagnosis.passed();
    assert_eq!(diagnosis.that_are("warn"), ["data-folder"]);
    diagnosis.says("data-folder", "0755", "chmod 700 cv-analytics-data");
}

#[test]
fn a_line_that_is_missing_from_the_credentials_is_named() {
    let installation = Installation::start();
    installation.edit_credentials(|line| line.replace("AWS_REGION=", "REGION="));
    let diagnosis = installation.doctor(&[]);
    diagnosis.fails_alone("credentials", "missing AWS_REGION", "fix the line");
    let skipped = ["server", "clock", "signature", "token", "canary"];
    assert_eq!(diagnosis.that_are("skipped"), skipped);
}

#[test]
fn another_key_and_another_token_than_the_servers_are_told_apart() {
    let installation = Installation::start();
    installation.edit_credentials(|line| match line.split_once('=') {
        Some(("CV_ANALYTICS_TOKEN", _)) => {
            "CV_ANALYTICS_TOKEN=another-token-than-the-servers".to_owned()
        }
        _ => line.to_owned(),
    });
    let diagnosis = installation.doctor(&[]);
    diagnosis.fails_alone("token", "/metrics answers 401", "was started with another token");
    assert_eq!(diagnosis.check("canary-removed")["outcome"], "ok");

    let other = Installation::start();
    other.edit_credentials(|line| match line.split_once('=') {
        Some(("AWS_SECRET_ACCESS_KEY", _)) => {
            "AWS_SECRET_ACCESS_KEY=another-secret-than-the-servers".to_owned()
        }
        _ => line.to_owned(),
    });
    let diagnosis = other.doctor(&[]);
    diagnosis.fails_alone(
        "signature",
        "InvalidSignatureException",
        "start it again, so that it reads",
    );
    assert_eq!(diagnosis.that_are("skipped"), ["canary"]);
}

#[test]
fn a_stopped_server_is_told_with_how_to_start_it() {
    let mut installation = Installation::start();
    installation.stop();
    let diagnosis = installation.doctor(&[]);
    diagnosis.fails_alone(
        "server",
        "/healthz does not answer",
        "start it with `cv-analytics serve`",
    );
    assert_eq!(diagnosis.that_are("skipped"), ["clock", "signature", "token", "canary"]);
    // It may be looked at from elsewhere too.
    installation.serve(&[]);
    let diagnosis = installation.doctor(&["--public-url", "http://127.0.0.1:1"]);
    diagnosis.fails_alone("public-url", "http://127.0.0.1:1/healthz does not answer", "the tunnel");
}

#[test]
fn a_damaged_database_is_told_and_nothing_is_sent() {
    let mut installation = Installation::start();
    installation.stop();
    let database = installation.data("cv-analytics.db");
    // What is still in the log goes into the file.
    installation.run(&["dead-letters", "drop", "--all"]);
    let mut bytes = fs::read(&database).unwrap();
    // A page of what is kept: the first ones say what the file is, and what its tables are.
    let kept = b"cv-analytics:session-key";
    let damaged =
        bytes.chunks_mut(4096).filter(|page| page.windows(kept.len()).any(|bytes| bytes == kept));
    assert_eq!(damaged.map(|page| page.fill(0x5a)).count(), 1);
    fs::write(&database, bytes).unwrap();
    let diagnosis = installation.doctor(&["--no-canary"]);
    assert_eq!(diagnosis.that_are("fail"), ["quick-check", "server"]);
    diagnosis.says("quick-check", "", "cv-analytics restore PLACE");

    fs::write(&database, b"this is no database at all, and longer than a header of one hundred bytes, which is read first").unwrap();
    let diagnosis = installation.doctor(&[]);
    diagnosis.says("database", "not an SQLite file", "put cv-analytics-data/cv-analytics.db aside");
}

#[test]
fn a_database_of_a_newer_version_is_told() {
    let mut installation = Installation::start();
    installation.stop();
    installation.run(&["events", "export"]);
    let database = installation.data("cv-analytics.db");
    let mut bytes = fs::read(&database).unwrap();
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    fs::write(&database, bytes).unwrap();
    for leftover in ["cv-analytics.db-wal", "cv-analytics.db-shm"] {
        let _ = fs::remove_file(installation.data(leftover));
    }
    let diagnosis = installation.doctor(&[]);
    diagnosis.says(
        "schema",
        "version 9999, this program knows up to",
        "use the newer cv-analytics",
    );
}

#[test]
fn a_health_check_asks_the_server_alone() {
    let mut installation = Installation::start();
    let listen = installation.address.clone();
    let options = ["--server-only", "--listen", &listen, "--data", "no-such-folder"];
    installation.doctor(&options).passed();
    fs::rename(installation.data("cv-analytics.db"), installation.data("moved.db")).unwrap();
    let began = Instant::now();
    while installation.doctor(&options).check("server")["outcome"] == "ok" {
        assert!(began.elapsed() < Duration::from_mins(1), "it does not see what was moved");
    }
    let diagnosis = installation.doctor(&options);
    assert_eq!(diagnosis.checks.len(), 1);
    diagnosis.fails_alone("server", "cannot write its store", "look at the server's log");
    installation.stop();
    installation.doctor(&options).fails_alone("server", "does not answer", "cv-analytics serve");
}

#[test]
fn a_server_that_keeps_its_data_elsewhere_is_told() {
    let installation = Installation::start();
    let elsewhere = "sqlite:elsewhere.db";
    installation.run(&["--store", elsewhere, "settings", "import", "--exclude-request", "x"]);
    let diagnosis = installation.doctor(&["--store", elsewhere, "--wait", "1"]);
    assert_eq!(diagnosis.that_are("fail"), ["canary-pair", "canary-unreadable"]);
    diagnosis.says(
        "canary-pair",
        "neither half came in time",
        "keeps what it receives in another file",
    );
}

#[test]
fn a_clock_that_is_wrong_is_told_by_what_a_server_says() {
    let installation = Installation::start();
    let fake = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = fake.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        // Health, signature, token: each on its own connection.
        for stream in fake.incoming().take(3) {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 8192]);
            let answer = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\
                          Connection: close\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    installation.edit_credentials(|line| match line.split_once('=') {
        Some(("AWS_SQS_URL", _)) => format!("AWS_SQS_URL=http://{address}/000000000000/q.fifo"),
        _ => line.to_owned(),
    });
    let diagnosis = installation.doctor(&["--no-canary"]);
    answering.join().unwrap();
    diagnosis.fails_alone("clock", "signatures are refused", "timedatectl set-ntp true");
}

/// Asks until the check has come to this end: the server stores what it refused every few seconds.
fn wait_for(installation: &Installation, check: &str, outcome: &str) -> Diagnosis {
    let began = Instant::now();
    loop {
        let diagnosis = installation.doctor(&["--no-canary"]);
        if diagnosis.check(check)["outcome"] == outcome {
            return diagnosis;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{:#?}", diagnosis.checks);
    }
}

/// A message that an agent sends with a line of its secrets changed.
fn send_with(installation: &Installation, name: &str, value: &str) {
    let file = installation.data("credentials.env");
    let right = fs::read_to_string(&file).unwrap();
    installation.edit_credentials(|line| match line.split_once('=') {
        Some((there, _)) if there == name => format!("{name}={value}"),
        _ => line.to_owned(),
    });
    let event = r#"{"eventType":"query","requestId":"r","timestamp":1763000000000,"query":"Go?"}"#;
    fs::write(installation.folder.path().join("one.jsonl"), event).unwrap();
    let mut sending = program(installation.folder.path());
    let sent = sending.args(["events", "send", "one.jsonl"]).output().unwrap();
    assert!(!sent.status.success(), "{name}");
    fs::write(file, right).unwrap();
}

#[test]
fn refused_messages_are_told_with_who_has_to_change_what() {
    let installation = Installation::start();
    installation.doctor(&["--no-canary"]).passed();
    send_with(&installation, "AWS_SECRET_ACCESS_KEY", "another-secret-than-the-servers");
    send_with(&installation, "AWS_ACCESS_KEY_ID", "AKIAOTHER");
    send_with(&installation, "AWS_ACCESS_KEY_ID", "AKIAOTHER");
    send_with(&installation, "AWS_REGION", "us-east-1");
    let began = Instant::now();
    let all = "2 messages with an unknown access key were refused";
    let diagnosis = loop {
        let diagnosis = wait_for(&installation, "refused-messages", "fail");
        let said = diagnosis.check("refused-messages")["message"].to_string();
        if said.contains(all) && said.contains("region") && said.contains("wrong or missing") {
            break diagnosis;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "{said}");
    };
    diagnosis.fails_alone("refused-messages", all, "Give your agent the four secrets");
    let name = "refused-messages";
    diagnosis.says(
        name,
        "1 message with a wrong or missing signature was refused",
        "another sender",
    );
    diagnosis.says(name, "1 message signed for another region", "AWS_REGION of credentials.env");

    // The week's report counts them, above its numbers, and so does the page.
    let week = IsoWeek::containing(Timestamp::from_millis(now_millis())).to_string();
    let report: Value =
        serde_json::from_str(&installation.run(&["report", "--week", &week, "--format", "json"]))
            .unwrap();
    assert_eq!(report["capture"]["deliveries"]["refused"], 4);
    let text = installation.run(&["report", "--week", &week, "--format", "text"]);
    assert!(text.contains("4 messages were refused at the door"), "{text}");
}

#[test]
fn a_database_that_was_moved_under_the_server_is_told() {
    let installation = Installation::start();
    fs::rename(installation.data("cv-analytics.db"), installation.data("moved.db")).unwrap();
    let diagnosis = wait_for(&installation, "server", "fail");
    diagnosis.says("database", "missing database", "put it back with its -wal");
    diagnosis.says("server", "cannot write its store", "moved or deleted under the server");
    // One in its place is another one.
    fs::copy(installation.data("moved.db"), installation.data("cv-analytics.db")).unwrap();
    let diagnosis = installation.doctor(&["--no-canary"]);
    diagnosis.fails_alone("server", "cannot write its store", "start the server again");
}

#[test]
fn a_server_on_this_machine_is_never_asked_through_a_proxy() {
    let installation = Installation::start();
    for proxy in
        ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
    {
        let mut doctor = program(installation.folder.path());
        Diagnosis::of(doctor.env(proxy, "http://127.0.0.1:1").arg("doctor")).passed();
    }
}

#[test]
fn a_remembered_public_url_is_checked_too() {
    let public_url = "http://127.0.0.1:1";
    let mut installation = Installation::start_with(&["--public-url", public_url]);
    // The server is up: what is wrong is on the way to it, and the rest is checked where it listens.
    let diagnosis = installation.doctor(&["--listen", &installation.address]);
    let said = "http://127.0.0.1:1/healthz does not answer";
    diagnosis.fails_alone("public-url", said, "has an address (DNS)");
    for name in ["server", "clock", "signature", "token", "canary", "canary-pair"] {
        assert_eq!(diagnosis.check(name)["outcome"], "ok", "{name}");
    }
    installation.stop();
    let diagnosis = installation.doctor(&["--listen", "127.0.0.1:2"]);
    assert_eq!(diagnosis.that_are("fail"), ["server", "public-url"]);
    diagnosis.says("server", "http://127.0.0.1:2/healthz does not answer", "start it");

    // A server that listens elsewhere is found by its public URL.
    let address = installation.address.clone();
    let (public_url, listen) = (format!("http://{address}"), ["--listen", &address]);
    installation.serve(&[&["--public-url", &public_url], &listen[..]].concat());
    installation.doctor(&["--listen", "127.0.0.1:2"]).passed();
    installation.stop();
    for damaged in ["", "nonsense\n"] {
        fs::write(installation.data("public-url"), damaged).unwrap();
        let diagnosis = installation.doctor(&[]);
        assert_eq!(diagnosis.that_are("fail"), ["public-url", "server"]);
        diagnosis.says("public-url", "invalid cv-analytics-data/public-url", "delete the file");
    }
    installation.serve(&["--public-url", "none"]);
    installation.doctor(&[]).passed();
}

#[test]
fn a_comment_in_the_credentials_is_no_part_of_a_value() {
    let mut installation = Installation::start();
    installation.edit_credentials(|line| format!("{line} # as the server made it"));
    installation.doctor(&[]).passed();
    installation.stop();
    installation.serve(&[]);
    installation.doctor(&[]).passed();
}

#[test]
fn an_empty_folder_says_what_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let diagnosis = Diagnosis::of(program(folder.path()).arg("doctor"));
    assert_eq!(diagnosis.that_are("fail"), ["data-folder", "credentials", "database"]);
    diagnosis.says("database", "missing database", "start `cv-analytics serve`");
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "a check made files");
}
