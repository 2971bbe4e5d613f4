//! One server a folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use cv_analytics_core::store::StoreError;

/// Held as long as a server runs on a folder; the system takes it back when the process ends, however it ends.
#[derive(Debug)]
pub struct ServingLock {
    _file: File,
}

/// Locks `folder` for one server. Commands that only read or write the store need no lock.
///
/// # Errors
/// Refuses where another server holds it, and where `serve.lock` is a link or a pipe.
pub fn lock_for_serving(folder: &Path) -> Result<ServingLock, StoreError> {
    let path = folder.join("serve.lock");
    let failed = |error: std::io::Error| {
        StoreError::unavailable(format!("cannot lock {}", path.display()), error)
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // A link could lead to any file of the owner's, and a pipe has no end.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(&path).map_err(|error| {
        StoreError::unavailable(format!("cannot open {}", path.display()), error)
    })?;
    match file.try_lock() {
        Ok(()) => Ok(ServingLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::refused(format!(
            "another server runs on {}: stop it, or give this one another folder with --data",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
