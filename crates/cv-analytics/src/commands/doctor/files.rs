//! The data folder: what is in it, who may read it, and how much room there is.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::check::Check;
use crate::install::data_folder::{DataFolder, StoredCredentials};
use crate::output::with_causes;

/// Below this the next events may find no room.
const MIN_FREE_BYTES: u64 = 64 << 20;
/// What to do where a file may not be read.
const AS_THE_SERVER: &str = "run this as the user of the server";

/// Looks at the folder and the files in it, and gives the credentials if they can be used.
pub(crate) fn check(
    folder: &DataFolder,
    database: &Path,
) -> (Vec<Check>, Option<StoredCredentials>) {
    let mut checks = vec![data_folder(folder.path())];
    let file = folder.credentials_file();
    let credentials = match folder.credentials() {
        Ok(Some(credentials)) => {
            checks.push(Check::ok("credentials", format!("{} has all five", file.display())));
            checks.push(private_file("credentials-mode", "the secrets", &[file]));
            Some(credentials)
        }
        Ok(None) => {
            let message = format!("missing {}", file.display());
            let fix = "start the server once: `cv-analytics serve` makes them; name its folder with --data";
            checks.push(Check::fail("credentials", message, fix));
            None
        }
        Err(error) => {
            let fix = "fix the line, or delete the file and start `cv-analytics serve`, which makes new ones (the Worker \
                        needs them then)";
            checks.push(unreadable("credentials", &error, fix));
            None
        }
    };
    if database.exists() {
        let beside = |end: &str| {
            // Where the database is a link, they are beside what it leads to.
            let real = database.canonicalize().unwrap_or_else(|_| database.to_owned());
            let mut path = real.into_os_string();
            path.push(end);
            PathBuf::from(path)
        };
        let files = [database.to_owned(), beside("-wal"), beside("-shm")];
        checks.push(private_file("database-mode", "people's questions", &files));
    }
    (checks, credentials)
}

/// The check of what could not be read or used; `mend` is for what it holds.
pub(crate) fn unreadable(name: &str, error: &anyhow::Error, fix: &str) -> Check {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    let is_denied = cause.is_some_and(|cause| cause.kind() == ErrorKind::PermissionDenied);
    Check::fail(name, with_causes(error), if is_denied { AS_THE_SERVER } else { fix })
}

fn data_folder(path: &Path) -> Check {
    const NAME: &str = "data-folder";
    if let Err(error) = path.read_dir()
        && error.kind() == ErrorKind::PermissionDenied
    {
        return Check::fail(
            NAME,
            format!("cannot read {}: {error}", path.display()),
            AS_THE_SERVER,
        );
    }
    if !path.is_dir() {
        let message = format!("missing folder {}", path.display());
        return Check::fail(
            NAME,
            message,
            "name it with --data DIR; `cv-analytics serve` makes one",
        );
    }
    match open_to_others(path) {
        Some(mode) => Check::warn(
            NAME,
            format!("{} has mode {mode:04o}: others may look into it", path.display()),
            format!("chmod 700 {}", path.display()),
        ),
        None => Check::ok(NAME, path.display().to_string()),
    }
}

/// Whether files are readable only by their owner; missing ones do no harm.
fn private_file(name: &str, what: &str, files: &[PathBuf]) -> Check {
    let open: Vec<(&PathBuf, u32)> =
        files.iter().filter_map(|file| Some((file, open_to_others(file)?))).collect();
    let Some((file, mode)) = open.first() else {
        return Check::ok(name, "readable only by its owner");
    };
    let message =
        format!("{} has mode {mode:04o}: others on this machine can read {what}", file.display());
    let open: Vec<String> = open.iter().map(|(file, _)| file.display().to_string()).collect();
    Check::fail(name, message, format!("chmod 600 {}", open.join(" ")))
}

/// The mode of what others than its owner may read or write.
#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Folders of a user are private elsewhere, unless they are shared.
#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<u32> {
    None
}

/// Whether there is room on the disk for a database of `database_bytes`.
pub(crate) fn disk(folder: &Path, database_bytes: u64) -> Check {
    match fs4::available_space(folder) {
        Ok(free) => room("disk", free, database_bytes),
        Err(error) => Check::inconclusive(
            "disk",
            format!("the free space of {} cannot be told ({error})", folder.display()),
            "look with `df`",
        ),
    }
}

fn room(name: &str, free: u64, database_bytes: u64) -> Check {
    let message =
        format!("{} free, the database has {}", megabytes(free), megabytes(database_bytes));
    if free < MIN_FREE_BYTES {
        Check::fail(name, message, "make room on the disk: without it events are refused with 503")
    } else if free < database_bytes.saturating_add(MIN_FREE_BYTES) {
        let fix =
            "make room: `cv-analytics forget` writes the file anew, and needs as much as it has";
        Check::warn(name, message, fix)
    } else {
        Check::ok(name, message)
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_room_for_events_and_for_writing_the_file_anew() {
        let outcome = |free, database| room("disk", free, database);
        assert_eq!(
            outcome(1 << 30, 1000),
            Check::ok("disk", "1074 MB free, the database has 1 MB")
        );
        let warned = "1074 MB free, the database has 1074 MB";
        let anew =
            "make room: `cv-analytics forget` writes the file anew, and needs as much as it has";
        assert_eq!(outcome(1 << 30, 1 << 30), Check::warn("disk", warned, anew));
        let full = "make room on the disk: without it events are refused with 503";
        let message = "2 MB free, the database has 1 MB";
        assert_eq!(outcome(1 << 20, 1000), Check::fail("disk", message, full));
    }
}
