//! Mails as files in a folder, where no mail server is set: for a mail program, or for looking at.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::message::Message;
use crate::transport::{Transport, TransportError};
use crate::weekly_mail::delivery_lease::recipient_digest;

/// A folder that takes mails.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    /// The folder at `path`, made with the first mail.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { folder: path.into() }
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes `message` whole or not at all, beside what is there: a mail that is written again
    /// gets a number.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn write(&self, message: &Message) -> io::Result<PathBuf> {
        let eml = message.to_eml().map_err(io::Error::other)?;
        make_folder(&self.folder)?;
        let digest = recipient_digest(&message.to);
        let name = format!("{}-{}", message.week, digest.get(..12).unwrap_or(&digest));
        // A file that was not there: what is there, a link too, is left as it is.
        let mut fresh = NamedTempFile::new_in(&self.folder)?;
        fresh.write_all(&eml)?;
        fresh.as_file().sync_all()?;
        let path = self.keep(fresh, &name)?;
        sync_folder(&self.folder)?;
        Ok(path)
    }

    /// Gives the file its name, unless that is another's.
    fn keep(&self, mut fresh: NamedTempFile, name: &str) -> io::Result<PathBuf> {
        let mut path = self.folder.join(format!("{name}.eml"));
        for again in 2_u32.. {
            match fresh.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {
                    fresh = taken.file;
                    path = self.folder.join(format!("{name}-{again}.eml"));
                }
                Err(failed) => return Err(failed.error),
            }
        }
        Err(io::Error::other("the folder holds too many mails of this week"))
    }
}

impl Transport for Outbox {
    /// Writes on the caller's thread: one small file a week.
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        self.write(message).map(drop).map_err(|error| {
            let folder = self.folder.display();
            TransportError::caused(
                format!("cannot write the mail into {folder} ({error}): check its permissions and the disk"),
                error,
            )
        })
    }
}

/// Mails name people and questions: the folder is private to its owner, and no symlink.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_symlink() {
        return Err(io::Error::other("it is a link: delete it, and a folder is made"));
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The file's name is on disk too, where the system can be asked for it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn message() -> Message {
        let report = include_str!("../../../../fixtures/reports/empty-week.json");
        let report = serde_json::from_str(report).unwrap();
        let now = cv_analytics_core::timestamp::Timestamp::from_millis(1_795_424_400_000);
        Message::for_report(&report, "a@example.org", "b@example.org", now).unwrap()
    }

    #[test]
    fn nothing_is_written_behind_a_link() {
        let data = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(data.path().join("outbox"));
        let first = outbox.write(&message()).unwrap();
        assert_eq!(fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_file(&first).unwrap();
        let target = elsewhere.path().join("target");
        symlink(&target, &first).unwrap();
        let second = outbox.write(&message()).unwrap();
        assert_ne!(first, second);
        assert!(!target.exists() && first.is_symlink() && !second.is_symlink());

        fs::remove_dir_all(outbox.folder()).unwrap();
        symlink(elsewhere.path(), outbox.folder()).unwrap();
        let refusal = outbox.write(&message()).unwrap_err().to_string();
        assert_eq!(refusal, "it is a link: delete it, and a folder is made");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}
