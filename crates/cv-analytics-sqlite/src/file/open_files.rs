//! Whether the files that are open still are those that their paths name.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Failure, Result};

/// The database, its log and the log's index, as they were when they were opened.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    database: (PathBuf, FileId),
    log: Vec<(PathBuf, FileId)>,
}

/// Names a file on this machine, whatever its path.
#[cfg(unix)]
type FileId = (u64, u64);
/// Elsewhere a file that is open can be neither moved nor deleted.
#[cfg(not(unix))]
type FileId = ();

impl OpenFiles {
    /// Notes the files of the database at `path`, which a connection has open.
    pub(crate) fn note(path: &Path) -> io::Result<Self> {
        // From the root: the working folder may be moved too.
        let path = std::path::absolute(path)?;
        let log = ["-wal", "-shm"].map(|ending| beside(&path, ending));
        let log = log.into_iter().filter_map(|path| Some((path.clone(), file_id(&path).ok()?)));
        Ok(Self { log: log.collect(), database: (path.clone(), file_id(&path)?) })
    }

    /// Fails where a file was moved, deleted or replaced: what is written now is lost with the process.
    pub(crate) fn check(&self) -> Result<()> {
        let mut files = std::iter::once(&self.database).chain(&self.log);
        match files.find(|file| !is_in_place(file)) {
            None => Ok(()),
            Some((path, _)) => Err(Failure::Later(format!(
                "{} was moved, deleted or replaced while it was open: put it back, or start the server again",
                path.display()
            ))),
        }
    }

    /// Whether the database itself is where it was.
    pub(crate) fn has_database(&self) -> bool {
        is_in_place(&self.database)
    }
}

fn is_in_place((path, id): &(PathBuf, FileId)) -> bool {
    file_id(path).is_ok_and(|now| now == *id)
}

/// The path of the file that SQLite keeps beside the database under `ending`.
pub(crate) fn beside(database: &Path, ending: &str) -> PathBuf {
    // Where the database is a link, they are beside what it leads to.
    let mut path = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    path.push(ending);
    PathBuf::from(path)
}

/// Opens no file: closing it would take SQLite's locks away from this process.
#[cfg(unix)]
fn file_id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> io::Result<FileId> {
    std::fs::metadata(path).map(|_| ())
}
