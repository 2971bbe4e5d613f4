//! How files are written: whole or not at all, and for their owner only, since they hold people's
//! questions and secrets.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The most links that are followed from one name.
const MAX_LINKS: usize = 40;

/// A file that is being written. Links are followed. A new file has mode 0600, one that is there keeps
/// its own and is replaced once all is written; what is not a plain file is written to, and an open
/// descriptor (`/dev/stderr`, `/dev/fd/3`) is added to, whatever is behind it.
#[derive(Debug)]
pub struct PrivateFile {
    path: PathBuf,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// Takes the place of what is there at the end.
    Replacement(NamedTempFile),
    /// A descriptor, a device, a pipe, a file with several names, or one in a folder that cannot be written.
    InPlace(File),
}

impl PrivateFile {
    /// Begins to write `path`.
    ///
    /// # Errors
    /// It cannot be written; then what is there is as it was.
    pub fn create(path: &Path) -> io::Result<Self> {
        let path = behind_links(path)?;
        if is_descriptor(&path) {
            let target = Target::InPlace(open_descriptor(&path)?);
            return Ok(Self { path, target });
        }
        let found = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let overwritten =
            || OpenOptions::new().write(true).truncate(true).open(&path).map(Target::InPlace);
        let target = match &found {
            Some(found) if !found.is_file() => {
                Target::InPlace(OpenOptions::new().append(true).open(&path)?)
            }
            Some(found) if has_other_names(found) => overwritten()?,
            found => match NamedTempFile::new_in(folder_of(&path)) {
                Ok(fresh) if found.as_ref().is_none_or(|found| keep_owner(&fresh, found)) => {
                    if let Some(found) = found {
                        fresh.as_file().set_permissions(found.permissions())?;
                    }
                    Target::Replacement(fresh)
                }
                Ok(_) => overwritten()?,
                Err(_) if found.is_some() => overwritten()?,
                Err(error) => return Err(error),
            },
        };
        Ok(Self { path, target })
    }

    /// Whether it is an open descriptor, behind which another program may read.
    pub fn is_descriptor(&self) -> bool {
        is_descriptor(&self.path)
    }

    /// Whether it is a terminal.
    pub fn is_terminal(&self) -> bool {
        matches!(&self.target, Target::InPlace(file) if file.is_terminal())
    }

    /// Ends the file; afterwards it is on disk under its name.
    ///
    /// # Errors
    /// It is not, and what was there before is as it was.
    pub fn finish(self) -> io::Result<()> {
        let fresh = match self.target {
            Target::InPlace(mut file) => {
                file.flush()?;
                // A device or a pipe has nothing to bring to disk.
                return if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) };
            }
            Target::Replacement(fresh) => fresh,
        };
        fresh.as_file().sync_all()?;
        match fresh.persist(&self.path) {
            Ok(_) => sync_folder(folder_of(&self.path)),
            // A file that was mounted cannot be replaced, and can be written.
            Err(error) if error.error.kind() == ErrorKind::ResourceBusy => {
                fs::copy(error.file.path(), &self.path).map(drop)
            }
            Err(error) => Err(error.error),
        }
    }
}

impl Write for PrivateFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Replacement(fresh) => fresh.write(bytes),
            Target::InPlace(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Replacement(fresh) => fresh.flush(),
            Target::InPlace(file) => file.flush(),
        }
    }
}

/// Writes `bytes` into `file`, as [`PrivateFile`] does.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = PrivateFile::create(file)?;
    file.write_all(bytes)?;
    file.finish()
}

/// Makes a folder where it is missing, with those above it, for their owner only.
///
/// # Errors
/// It cannot be made.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Where the links that begin at `path` lead, also to what is not there yet. The link that stands for an
/// open descriptor is not followed: it may show a pipe, or a file that was deleted.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if is_descriptor(&path) {
            return Ok(path);
        }
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            // It is not a link, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("the links lead in a circle"))
}

/// Whether `path` names an open descriptor of a process, as `/dev/fd/3` and `/proc/self/fd/3` do.
fn is_descriptor(path: &Path) -> bool {
    fs::canonicalize(folder_of(path)).is_ok_and(|folder| {
        folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
    })
}

/// Opens the descriptor at `path` for adding to it. The program's own output streams are taken as they are:
/// where they are a socket or another user's terminal, they cannot be opened anew.
#[cfg(unix)]
fn open_descriptor(path: &Path) -> io::Result<File> {
    use std::os::fd::AsFd;
    let is_own = fs::canonicalize(folder_of(path))? == fs::canonicalize("/dev/fd")?;
    let number = path.file_name().and_then(std::ffi::OsStr::to_str).filter(|_| is_own);
    match number {
        Some("1") => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        Some("2") => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        _ => OpenOptions::new().append(true).open(path),
    }
}

#[cfg(not(unix))]
fn open_descriptor(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn has_other_names(found: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(found) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Gives the new file the owner of the one that it replaces; `false` where that is not allowed.
#[cfg(unix)]
fn keep_owner(fresh: &NamedTempFile, found: &Metadata) -> bool {
    use std::os::unix::fs::{MetadataExt, fchown};
    let owner = |metadata: &Metadata| (metadata.uid(), metadata.gid());
    fresh.as_file().metadata().is_ok_and(|made| owner(&made) == owner(found))
        || fchown(fresh.as_file(), Some(found.uid()), Some(found.gid())).is_ok()
}

#[cfg(not(unix))]
fn keep_owner(_: &NamedTempFile, _: &Metadata) -> bool {
    true
}

/// The file's name is on disk too, where the system can be asked for it.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets.env");
        write_private(&file, b"one").unwrap();
        write_private(&file, b"two").unwrap();
        let mut begun = PrivateFile::create(&file).unwrap();
        begun.write_all(b"thr").unwrap();
        drop(begun);
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(write_private(&folder.path().join("taken"), b"three").is_err());
        assert!(write_private(&folder.path().join("missing/file"), b"three").is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }

    #[cfg(unix)]
    mod on_unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn a_new_file_and_folder_are_their_owners_and_a_mode_that_is_there_stays() {
            let folder = tempfile::tempdir().unwrap();
            let inner = folder.path().join("a/b");
            make_private_folder(&inner).unwrap();
            assert_eq!((mode(&inner), mode(&folder.path().join("a"))), (0o700, 0o700));
            let file = inner.join("report.json");
            write_private(&file, b"one").unwrap();
            assert_eq!(mode(&file), 0o600);
            for kept in [0o644, 0o640, 0o400] {
                fs::set_permissions(&file, fs::Permissions::from_mode(kept)).unwrap();
                write_private(&file, b"two").unwrap();
                assert_eq!(mode(&file), kept);
            }
        }

        #[test]
        fn links_are_followed_and_stay() {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            fs::create_dir(at("there")).unwrap();
            symlink("there/file", at("first")).unwrap();
            symlink(at("first"), at("second")).unwrap();
            for text in ["one", "two"] {
                write_private(&at("second"), text.as_bytes()).unwrap();
                assert_eq!(fs::read_to_string(at("there/file")).unwrap(), text);
                assert!(at("first").is_symlink() && at("second").is_symlink());
            }
            fs::hard_link(at("there/file"), at("other")).unwrap();
            write_private(&at("other"), b"three").unwrap();
            assert_eq!(fs::read(at("there/file")).unwrap(), b"three");
            symlink("round", at("round")).unwrap();
            assert!(write_private(&at("round"), b"").is_err());
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn a_descriptor_is_added_to_whatever_is_behind_it() {
            use std::os::fd::AsRawFd;
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("log");
            fs::write(&log, "before ").unwrap();
            let held = OpenOptions::new().append(true).open(&log).unwrap();
            let number = held.as_raw_fd();
            let link = folder.path().join("link");
            symlink(format!("/dev/fd/{number}"), &link).unwrap();
            let names = [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")];
            for name in names.iter().map(Path::new).chain([link.as_path()]) {
                write_private(name, b"more ").unwrap();
            }
            assert_eq!(fs::read_to_string(&log).unwrap(), "before more more more ");
            assert!(PrivateFile::create(&link).unwrap().is_descriptor() && link.is_symlink());
            assert!(!PrivateFile::create(&log).unwrap().is_descriptor());
            fs::remove_file(&log).unwrap();
            write_private(&link, b"unseen").unwrap();
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "only the link");
            assert_eq!(held.metadata().unwrap().len(), 28);

            let (mut reader, writer) = io::pipe().unwrap();
            write_private(Path::new(&format!("/dev/fd/{}", writer.as_raw_fd())), b"through")
                .unwrap();
            drop(writer);
            assert_eq!(io::read_to_string(&mut reader).unwrap(), "through");
        }

        #[test]
        fn a_device_and_a_pipe_are_written_to() {
            use std::os::unix::fs::FileTypeExt;
            write_private(Path::new("/dev/null"), b"gone").unwrap();
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
            assert!(made.success());
            let reader = std::thread::spawn({
                let pipe = pipe.clone();
                move || fs::read_to_string(pipe).unwrap()
            });
            write_private(&pipe, b"through").unwrap();
            assert_eq!(reader.join().unwrap(), "through");
            assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        }
    }
}
