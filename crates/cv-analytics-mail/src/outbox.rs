//! Mails as files in a folder, where no mail server is set: for a mail program, or for looking at.

use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::hand_over::{HandOver, HandOverError};
use crate::message::Message;
use crate::sent_mark::recipient_digest;

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
        let fresh = self.folder.join(format!(".{name}.{}.new", std::process::id()));
        let written = write_synced(&fresh, &eml).and_then(|()| self.keep(&fresh, &name));
        // The name under which it was written is one more link to the same file, or a failed try.
        let _ = fs::remove_file(&fresh);
        let path = written?;
        sync_folder(&self.folder)?;
        Ok(path)
    }

    /// Gives the file its name, unless that is another's.
    fn keep(&self, fresh: &Path, name: &str) -> io::Result<PathBuf> {
        let mut path = self.folder.join(format!("{name}.eml"));
        for again in 2_u32.. {
            // A link fails where the name is taken; a rename would put one mail in another's place.
            match fs::hard_link(fresh, &path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    path = self.folder.join(format!("{name}-{again}.eml"));
                }
                // A file system without links: the name was free a moment ago.
                Err(_) if !path.exists() => return fs::rename(fresh, &path).map(|()| path),
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("the folder holds too many mails of this week"))
    }
}

impl HandOver for Outbox {
    /// Writes on the caller's thread: one small file a week.
    async fn hand_over(&self, message: &Message) -> Result<(), HandOverError> {
        self.write(message).map(drop).map_err(|error| {
            let folder = self.folder.display();
            HandOverError::caused(
                format!("the mail cannot be written into {folder} ({error}): check its rights and the disk"),
                error,
            )
        })
    }
}

/// Mails name people and questions: the folder is its owner's alone.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The file's name is on disk too, where the system can be asked for it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
