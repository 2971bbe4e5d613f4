//! A database that can be read and not written: on a read-only disk, or as another user.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

use super::*;

/// A copy of an installation's data that its reader cannot write.
struct ReadOnly {
    folder: TempDir,
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

impl ReadOnly {
    /// Copies the files of which the name ends so: without its log, a database is whole.
    fn of(original: &Path, endings: &[&str], file_mode: u32, folder_mode: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        set_mode(folder.path(), 0o755);
        let data = folder.path().join("cv-analytics-data");
        fs::create_dir(&data).unwrap();
        for ending in endings {
            let file = format!("cv-analytics.db{ending}");
            let bytes = fs::read(original.join("cv-analytics-data").join(&file));
            // A log that is not there is an empty one.
            fs::write(data.join(&file), bytes.unwrap_or_default()).unwrap();
            set_mode(&data.join(file), file_mode);
        }
        set_mode(&data, folder_mode);
        Self { folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program(self.folder.path());
        // Modes do not bind root.
        if fs::metadata(self.folder.path()).unwrap().uid() == 0 {
            command.uid(65_534).gid(65_534);
        }
        command.args(arguments).output().unwrap()
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        set_mode(&self.folder.path().join("cv-analytics-data"), 0o755);
    }
}

fn check(original: &Path, endings: &[&str], file_mode: u32, folder_mode: u32) {
    let what = format!("{endings:?} {file_mode:o} in {folder_mode:o}");
    let copy = ReadOnly::of(original, endings, file_mode, folder_mode);
    for reading in [
        &["report", "--week", "2026-W47", "--format", "json"][..],
        &["report", "--week", "2026-W47", "--format", "text"],
        &["events", "export"],
        &["gaps", "list", "--week", "2026-W47"],
        &["dead-letters", "list"],
        &["settings", "export"],
        &["skills", "list"],
    ] {
        let read = copy.run(reading);
        assert!(read.status.success(), "{what} {reading:?}: {}", text(&read.stderr));
        let of_original = run(original, reading);
        assert_eq!(text(&read.stdout), text(&of_original.stdout), "{what} {reading:?}");
    }
    for writing in
        [&["settings", "import", "--exclude-request", "r9"][..], &["forget", "--request", "r1"]]
    {
        let refused = copy.run(writing);
        assert_eq!(refused.status.code(), Some(1), "{what} {writing:?}");
        let said = text(&refused.stderr);
        assert!(said.contains("written"), "{what} {writing:?}: {said}");
    }
    let doctor = text(&copy.run(&["doctor", "--no-canary"]).stdout);
    assert!(doctor.contains("ok       quick-check"), "{what}: {doctor}");
    assert!(doctor.contains("FAIL     database-writable"), "{what}: {doctor}");
    assert!(!doctor.contains(".recover"), "{what}: {doctor}");
}

#[test]
fn a_sound_database_that_cannot_be_written_is_reported_on() {
    let original = folder_with(&[QUERY, RESPONSE, "{"]);
    // Whether the last command left these depends on its threads.
    if original.path().join("cv-analytics-data/cv-analytics.db-shm").exists() {
        check(original.path(), &["", "-wal", "-shm"], 0o444, 0o555);
    }
    check(original.path(), &["", "-wal"], 0o444, 0o555);
    check(original.path(), &[""], 0o444, 0o555);
    check(original.path(), &[""], 0o666, 0o555);
    check(original.path(), &[""], 0o444, 0o777);
}

#[test]
fn a_copy_with_the_log_of_a_running_server_is_read_with_its_log() {
    let original = folder_with(&[QUERY, RESPONSE, "{"]);
    let serving = Serving::start(original.path(), &[]);
    let data = original.path().join("cv-analytics-data");
    let late = QUERY.replace("r1", "late");
    let post = http::client().post(format!("{}/v1/events", serving.url)).bearer_auth(token(&data));
    assert_eq!(http::answer(post.body(late)).0, 200);
    assert!(fs::metadata(data.join("cv-analytics.db-wal")).unwrap().len() > 0);
    assert!(text(&run(original.path(), &["events", "export"]).stdout).contains("late"));
    check(original.path(), &["", "-wal"], 0o444, 0o555);
    // Behind a link too: the log is beside what it leads to.
    let copy = ReadOnly::of(original.path(), &["", "-wal"], 0o444, 0o555);
    let linked = copy.folder.path().join("linked");
    fs::create_dir(&linked).unwrap();
    let target = copy.folder.path().join("cv-analytics-data/cv-analytics.db");
    std::os::unix::fs::symlink(target, linked.join("cv-analytics.db")).unwrap();
    let export = copy.run(&["events", "export", "--data", "linked"]);
    assert!(text(&export.stdout).contains("late"), "{}", text(&export.stderr));
}

#[test]
fn a_database_that_cannot_be_read_is_not_called_damaged() {
    let original = folder_with(&[QUERY, RESPONSE]);
    let copy = ReadOnly::of(original.path(), &[""], 0o000, 0o555);
    let refused = copy.run(&["report"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(said.contains("permission denied; run it as the user of the server"), "{said}");
    let doctor = text(&copy.run(&["doctor", "--no-canary"]).stdout);
    assert!(doctor.contains("FAIL     database:"), "{doctor}");
    assert!(doctor.contains("run this as the user that owns"), "{doctor}");
    assert!(!doctor.contains(".recover"), "{doctor}");
}

#[test]
fn a_folder_that_may_not_be_read_is_told_check_by_check() {
    let original = folder_with(&[QUERY]);
    let copy = ReadOnly::of(original.path(), &[""], 0o600, 0o755);
    set_mode(&copy.folder.path().join("cv-analytics-data"), 0o000);
    let said = text(&copy.run(&["report"]).stderr);
    assert!(said.contains("cv-analytics.db: permission denied; run it as the user"), "{said}");
    let doctor = text(&copy.run(&["doctor", "--no-canary"]).stdout);
    for name in ["data-folder", "public-url", "credentials", "database"] {
        let (_, from) = doctor.split_once(&format!("FAIL     {name}: ")).expect(&doctor);
        let lines: Vec<&str> = from.lines().take(2).collect();
        assert!(lines[0].to_lowercase().contains("permission denied"), "{doctor}");
        assert_eq!(lines[1].trim(), "fix: run this as the user of the server");
    }
    assert!(doctor.contains("skipped  server: "), "{doctor}");
}
