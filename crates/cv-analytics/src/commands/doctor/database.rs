//! The database: whether it is ours, sound, and as this version writes it.

use std::fs::OpenOptions;
use std::path::Path;

use anyhow::Error;
use cv_analytics_core::store::StoreErrorKind;
use cv_analytics_sqlite::{IntegrityReport, examine};

use super::check::Check;
use super::files;

/// The server's own work keeps the log far below this.
const MAX_LOG_BYTES: u64 = 256 << 20;

/// What the file is, and whether it may be opened.
pub(crate) struct Examined {
    pub(crate) checks: Vec<Check>,
    pub(crate) is_usable: bool,
    pub(crate) is_writable: bool,
    pub(crate) bytes: u64,
}

/// Examines the file at `path` without changing it; where it is not there, `left` of the installation is told.
pub(crate) fn check(path: &Path, left: Option<&Path>) -> Examined {
    const NAME: &str = "database";
    let unusable =
        |check| Examined { checks: vec![check], is_usable: false, is_writable: false, bytes: 0 };
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => {
            let message = format!("missing database {}", path.display());
            return unusable(match left {
                None => {
                    let fix = "start `cv-analytics serve`, which makes it, or name the data folder with --data";
                    Check::fail(NAME, message, fix)
                }
                Some(left) => {
                    let fix = "put it back with its -wal, or restore an archive with `cv-analytics restore`: the next start \
                                of `cv-analytics serve` makes an empty one";
                    Check::fail(NAME, format!("{message}, though {} is there", left.display()), fix)
                }
            });
        }
        Err(error) => {
            let error = Error::from(error).context(format!("cannot read {}", path.display()));
            return unusable(files::unreadable(NAME, &error, "look at the path"));
        }
    }
    match examine(path) {
        Ok(report) => {
            let writable = writable(path);
            let mut examined = judge(path, &report, writable.is_ok());
            examined.checks.push(writable.unwrap_or_else(|check| check));
            examined
        }
        Err(error) => {
            let cause = std::error::Error::source(&error);
            let message =
                cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
            let fix = match error.kind {
                StoreErrorKind::Refused => restore(path),
                StoreErrorKind::Unavailable => format!(
                    "run this as the user that owns {}, or copy it with its -wal into a folder that can be written, and \
                     name the copy with --store sqlite:PATH",
                    path.display()
                ),
            };
            unusable(Check::fail(NAME, message, fix))
        }
    }
}

/// Whether the file and its folder can be written, as a server has to; leaves nothing in either.
fn writable(path: &Path) -> Result<Check, Check> {
    const NAME: &str = "database-writable";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let tried = OpenOptions::new()
        .append(true)
        .open(path)
        .and_then(|_| tempfile::tempfile_in(folder.unwrap_or(Path::new("."))));
    match tried {
        Ok(_) => Ok(Check::ok(NAME, "the file and its folder can be written")),
        Err(error) => Err(Check::fail(
            NAME,
            format!(
                "cannot write {} ({error}): reports and exports work, a server does not",
                path.display()
            ),
            "run this as the user that owns the file and its folder, or copy it with its -wal into a folder that can be \
             written",
        )),
    }
}

/// Judges what was seen; of a file that cannot be written nothing is known of its log.
fn judge(path: &Path, report: &IntegrityReport, is_writable: bool) -> Examined {
    let IntegrityReport { is_ours, schema_version, newest_version, journal_mode, damages, bytes } =
        report;
    let mut checks = Vec::new();
    let opened = format!("{} opens", path.display());
    let foreign = (!is_ours).then(|| {
        let message = format!("{} is another program's database", path.display());
        (
            message,
            "name the data folder with --data, or the file with --store sqlite:PATH".to_owned(),
        )
    });
    checks.push(Check::of("database", opened, foreign));
    if *is_ours {
        checks.push(match schema_version.cmp(newest_version) {
            std::cmp::Ordering::Equal => Check::ok("schema", format!("version {schema_version}")),
            std::cmp::Ordering::Less => Check::warn(
                "schema",
                format!("version {schema_version}, this program writes {newest_version}"),
                "start the server again: it brings the file up to date",
            ),
            std::cmp::Ordering::Greater => Check::fail(
                "schema",
                format!("version {schema_version}, this program knows up to {newest_version}"),
                "use the newer cv-analytics that wrote it",
            ),
        });
        checks.push(Check::of(
            "quick-check",
            "SQLite finds no damage",
            damages.first().map(|damage| (damage.clone(), restore(path))),
        ));
        checks.extend(is_writable.then(|| log(journal_mode, bytes.1)));
    }
    // Opening an older file would bring it up to date, under the server that wrote it.
    let is_usable = *is_ours && schema_version == newest_version && damages.is_empty();
    Examined { checks, is_usable, is_writable, bytes: bytes.0 }
}

fn log(journal_mode: &str, bytes: u64) -> Check {
    const NAME: &str = "write-ahead-log";
    if !journal_mode.eq_ignore_ascii_case("wal") {
        let message = format!("the journal mode is {journal_mode}");
        let fix = "start the server again: it sets `wal`; if it stays, the file lies where SQLite cannot (a network \
                    drive): give it a folder on a disk of this machine";
        return Check::fail(NAME, message, fix);
    }
    let message = format!("on, with {} MB", bytes.div_ceil(1_000_000));
    if bytes > MAX_LOG_BYTES {
        let fix = "a program that reads the file keeps it from being cut: end it; look with `lsof`";
        return Check::warn(NAME, message, fix);
    }
    Check::ok(NAME, message)
}

fn restore(path: &Path) -> String {
    format!(
        "stop the server, put {} aside with its -wal and -shm, and restore a copy: `cv-analytics restore PLACE`; without \
         one, `sqlite3 {0} .recover` saves what can be read",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_or_foreign_file_is_not_opened_and_a_long_log_is_told() {
        let sound = IntegrityReport {
            is_ours: true,
            schema_version: 1,
            newest_version: 1,
            journal_mode: "wal".to_owned(),
            damages: Vec::new(),
            bytes: (1, 0),
        };
        let usable = |report: IntegrityReport| judge(Path::new("x"), &report, true).is_usable;
        assert!(usable(sound.clone()));
        assert!(!usable(IntegrityReport { schema_version: 2, ..sound.clone() }));
        assert!(!usable(IntegrityReport { is_ours: false, ..sound.clone() }));
        assert!(!usable(IntegrityReport { damages: vec!["row 1".to_owned()], ..sound }));
        assert_eq!(log("WAL", 1), Check::ok("write-ahead-log", "on, with 1 MB"));
        assert_ne!(log("wal", MAX_LOG_BYTES + 1), log("wal", MAX_LOG_BYTES));
        assert_ne!(log("delete", 0), log("wal", 0));
    }
}
