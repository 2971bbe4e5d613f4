//! The database is moved, deleted or replaced under the server.

use std::time::{Duration, Instant};

use super::*;

fn post(serving: &Serving, token: &str, id: &str) -> u16 {
    let event = json!({"eventType": "query", "requestId": id, "timestamp": 1_763_000_000_000_i64, "query": "Go?"});
    let request = http::client().post(format!("{}/v1/events", serving.url)).bearer_auth(token);
    http::answer(request.body(event.to_string())).0
}

/// Waits until `/healthz` answers so.
fn wait_for_health(serving: &Serving, status: u16) {
    let began = Instant::now();
    while serving.get("/healthz", "").0 != status {
        assert!(began.elapsed() < Duration::from_secs(30), "never {status}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn check(what: &str, is_noticed_by_a_message: bool, spoil: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let data = folder.path().join("cv-analytics-data");
    let token = token(&data);
    assert_eq!(post(&serving, &token, "before"), 200, "{what}");
    spoil(&data);
    if !is_noticed_by_a_message {
        wait_for_health(&serving, 503);
    }
    assert_eq!(post(&serving, &token, "after"), 503, "{what}");
    assert_eq!(serving.get("/healthz", "").0, 503, "{what}");
}

#[test]
fn what_would_be_lost_at_the_next_start_is_not_acknowledged() {
    let database = |data: &Path| data.join("cv-analytics.db");
    for noticed_by_a_message in [true, false] {
        check("deleted", noticed_by_a_message, |data| fs::remove_file(database(data)).unwrap());
        check("moved", noticed_by_a_message, |data| {
            fs::rename(database(data), data.join("elsewhere.db")).unwrap();
        });
        check("replaced by a copy", noticed_by_a_message, |data| {
            fs::copy(database(data), data.join("copy.db")).unwrap();
            fs::rename(data.join("copy.db"), database(data)).unwrap();
        });
        check("the folder renamed", noticed_by_a_message, |data| {
            fs::rename(data, data.with_file_name("renamed")).unwrap();
        });
        check("the log deleted", noticed_by_a_message, |data| {
            fs::remove_file(data.join("cv-analytics.db-wal")).unwrap();
        });
    }
}

/// Serves in `folder` until it is ready, does `meanwhile`, and stops the server as a service manager does; what it
/// printed and logged.
#[cfg(unix)]
fn served(folder: &Path, meanwhile: impl FnOnce()) -> (String, String) {
    let log = folder.join("server.log");
    let before = fs::read_to_string(&log).unwrap_or_default();
    let serving = Serving::start(folder, &[]);
    meanwhile();
    let printed = serving.process.printed.clone();
    serving.process.stop().unwrap();
    (printed, fs::read_to_string(&log).unwrap().split_off(before.len()))
}

#[cfg(unix)]
#[test]
fn a_database_that_is_lost_is_told_at_the_stop_and_at_the_next_start() {
    const WARNING: &str = "though cv-analytics-data/credentials.env is: an empty database was made";
    let all_kept = "everything that was acknowledged is on disk";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("cv-analytics-data");
    let (printed, logged) = served(folder.path(), || {});
    assert!(!printed.contains(WARNING) && !logged.contains(WARNING), "{printed}{logged}");
    assert!(logged.contains(all_kept), "{logged}");
    let (_, logged) =
        served(folder.path(), || fs::remove_file(data.join("cv-analytics.db")).unwrap());
    assert!(logged.contains("may be lost") && !logged.contains(all_kept), "{logged}");
    let doctor = text(&run(folder.path(), &["doctor", "--no-canary"]).stdout);
    assert!(doctor.contains("though cv-analytics-data/credentials.env is there"), "{doctor}");
    let (printed, logged) = served(folder.path(), || {});
    assert!(printed.contains(WARNING) && logged.contains(WARNING), "{printed}{logged}");
    let (printed, logged) = served(folder.path(), || {});
    assert!(!printed.contains(WARNING) && !logged.contains(WARNING), "{printed}{logged}");
}

#[test]
fn a_database_that_is_put_back_is_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let data = folder.path().join("cv-analytics-data");
    let token = token(&data);
    fs::rename(&data, folder.path().join("renamed")).unwrap();
    assert_eq!(post(&serving, &token, "r1"), 503);
    fs::rename(folder.path().join("renamed"), &data).unwrap();
    wait_for_health(&serving, 200);
    assert_eq!(post(&serving, &token, "r1"), 200);
    drop(serving);
    let exported = text(&run(folder.path(), &["events", "export"]).stdout);
    assert!(exported.contains("\"r1\""), "{exported}");
}
