//! Secrets that can be guessed, who guessed, links that were planted, damage, and text that would act on a terminal.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::*;

const DATA: &str = "cv-analytics-data";

#[test]
fn a_secret_that_can_be_guessed_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    check_refusal(
        folder.path(),
        &[&serve[..], &["--token", "hunter2"]].concat(),
        2,
        "at least 16 characters",
    );
    let output =
        program(folder.path()).args(serve).env("CV_ANALYTICS_TOKEN", "hunter2").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("openssl rand") && !said.contains("hunter2"), "{said}");
    assert!(!folder.path().join(DATA).exists());

    drop(Serving::start(folder.path(), &[]));
    let file = folder.path().join(DATA).join("credentials.env");
    let kept = fs::read_to_string(&file).unwrap();
    let token = token(&folder.path().join(DATA));
    fs::write(&file, kept.replace(&token, "hunter2")).unwrap();
    check_refusal(folder.path(), &serve, 1, "CV_ANALYTICS_TOKEN: it has 7 characters");
}

/// Sends a wrong login with another client's address in the proxy's header.
fn guess(serving: &Serving, forwarded_for: &str) -> String {
    let mut stream = TcpStream::connect(&serving.process.authority).unwrap();
    let request = format!(
        "POST /login HTTP/1.1\r\nhost: {}\r\nx-forwarded-for: {forwarded_for}\r\nconnection: close\r\n\
         content-length: 11\r\n\r\ntoken=guess",
        serving.process.authority
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn refused_logins_are_one_line_with_the_address_that_a_trusted_proxy_names() {
    for (options, address) in
        [(&["--trusted-proxy", "::1,127.0.0.1"][..], "203.0.113.9"), (&[][..], "127.0.0.1")]
    {
        let folder = tempfile::tempdir().unwrap();
        let serving = Serving::start(folder.path(), options);
        for _ in 0..5 {
            let answer = guess(&serving, "198.51.100.1, 203.0.113.9");
            assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        }
        let log = fs::read_to_string(folder.path().join("server.log")).unwrap();
        let lines: Vec<&str> =
            log.lines().filter(|line| line.contains("refused a wrong")).collect();
        assert_eq!(lines.len(), 1, "{log}");
        assert!(lines[0].contains(&format!("client_address={address} failures=1")), "{log}");
        assert!(!log.contains("198.51.100.1") && !log.contains("guess"), "{log}");
    }
}

#[cfg(unix)]
#[test]
fn where_few_files_may_be_open_a_crowd_gives_way_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    let script = "ulimit -n 100 && exec \"$0\" serve --listen 127.0.0.1:0";
    command.args(["-c", script, env!("CARGO_BIN_EXE_cv-analytics")]).current_dir(folder.path());
    let process =
        ServerProcess::start(command.env_clear(), &folder.path().join("server.log")).unwrap();
    let url = format!("http://{}", process.authority);
    let serving = Serving { process, url };
    let crowd: Vec<_> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(&serving.process.authority).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
            stream
        })
        .collect();
    let token = token(&folder.path().join(DATA));
    assert_eq!(serving.get("/v1/reports/2026-W47", &token).0, 200);
    assert_eq!(serving.get("/healthz", "").0, 200);
    drop(crowd);
    let log = serving.process.log_tail();
    assert!(
        log.contains("more connections than are served") && !log.contains("failed to accept"),
        "{log}"
    );
}

#[cfg(unix)]
#[test]
fn a_lock_that_is_a_link_or_a_pipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(DATA)).unwrap();
    let target = folder.path().join("target");
    std::os::unix::fs::symlink(&target, folder.path().join(DATA).join("serve.lock")).unwrap();
    let lock = folder.path().join(DATA).join("serve.lock");
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    check_refusal(folder.path(), &serve, 1, "serve.lock");
    assert!(!target.exists());
    // A pipe without a reader would be waited for.
    fs::remove_file(&lock).unwrap();
    assert!(Command::new("mkfifo").arg(&lock).status().unwrap().success());
    check_refusal(folder.path(), &serve, 1, "serve.lock");
}

#[test]
fn damage_that_a_page_meets_with_is_told_by_healthz() {
    let lines: Vec<String> = (0..500)
        .map(|number| {
            QUERY.replace("\"r1\"", &format!("\"r{number}\"")).replace("k8s", &"k8s ".repeat(200))
        })
        .collect();
    let folder = folder_with(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let serving = Serving::start(folder.path(), &[]);
    let token = token(&folder.path().join(DATA));
    assert_eq!(serving.get("/healthz", "").0, 200);
    let file = folder.path().join(DATA).join("cv-analytics.db");
    let length = fs::metadata(&file).unwrap().len();
    let mut file = fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(length / 2)).unwrap();
    file.write_all(&vec![0xa5; usize::try_from(length / 2).unwrap()]).unwrap();
    let _ = serving.get("/v1/reports/2026-W47", &token);
    let until = Instant::now() + Duration::from_secs(30);
    while serving.get("/healthz", "").0 == 200 {
        assert!(Instant::now() < until, "{}", serving.process.log_tail());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(serving.get("/healthz", "").1.contains("the store is damaged"));
    assert_eq!(
        serving.process.log_tail().matches("ERROR").count(),
        2,
        "the report and the damage, once each"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn what_strangers_wrote_does_not_act_on_a_terminal_and_is_as_it_came_elsewhere() {
    let letter = "no json: \u{1b}]0;title\u{7} \u{9b}31m \u{202e}abc";
    let question = "Go?\u{202e}\u{9b}31m\u{7f}";
    let query = QUERY.replace("Do you know k8s?", question);
    let folder = folder_with(&[&query, letter]);
    let acts = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{7f}'];
    let listed = text(&run(folder.path(), &["dead-letters", "list", "--json"]).stdout);
    let id = serde_json::from_str::<Value>(&listed).unwrap()["id"].to_string();
    let show = format!("dead-letters show {id}");
    let show_json = format!("{show} --json");
    for (arguments, written) in
        [("events export", question), (&*show, letter), (&*show_json, "no json: ")]
    {
        let piped = text(&run(folder.path(), &arguments.split(' ').collect::<Vec<_>>()).stdout);
        assert!(piped.contains(written), "{piped}");
        let shown = on_a_terminal(folder.path(), arguments);
        assert!(shown.contains("\\u202e") && !shown.contains(acts), "{arguments}: {shown:?}");
    }
    // Text pasted into a command line.
    let pasted = "'\u{1b}]0;title\u{7}\u{202e}'";
    for command in ["report --week", "report --", "gaps mark Go", "--store", "", "serve --listen"] {
        let shown = on_a_terminal(folder.path(), &format!("{command} {pasted}"));
        assert!(shown.contains("\\u202e") && !shown.contains(acts), "{command}: {shown:?}");
    }
}

/// What a command writes to a terminal.
#[cfg(target_os = "linux")]
fn on_a_terminal(folder: &Path, arguments: &str) -> String {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_cv-analytics"));
    let shown = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(folder)
        .env_remove("CV_ANALYTICS_DATA")
        .stdin(Stdio::null())
        .output();
    text(&shown.unwrap().stdout)
}
