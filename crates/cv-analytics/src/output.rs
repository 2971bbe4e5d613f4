//! Writing what a command was asked for, to standard output or a file, and how far it is.

use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes to standard output.
pub(crate) fn print(bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes.as_ref())?;
    out.flush()?;
    Ok(())
}

/// Writes one line to standard output.
pub(crate) fn print_line(line: impl std::fmt::Display) -> Result<()> {
    print(format!("{line}\n"))
}

/// Writes a file, whole or not at all.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(bytes)?;
        fresh.as_file().sync_all()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fresh.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        fresh.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}

/// An error with its causes, without those that the text before has said already.
pub(crate) fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// A bar on a terminal that shows how many were done.
pub(crate) fn progress(what: &str) -> Result<ProgressBar> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template(&format!(
        "{{spinner}} {{pos}} {what}, {{per_sec}} {{msg}}"
    ))?);
    Ok(bar)
}

/// Whether the reader of our output went away, as `head` does: no failure.
pub(crate) fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let cause = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    let written = error.chain().find_map(|cause| cause.downcast_ref::<serde_json::Error>());
    cause.map(std::io::Error::kind).or_else(|| written?.io_error_kind())
        == Some(ErrorKind::BrokenPipe)
}

/// `text` for a terminal: control and direction characters cannot act, long texts are cut.
pub(crate) fn plain(text: &str) -> String {
    let acts = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain: String =
        text.chars().map(|letter| if acts(letter) { ' ' } else { letter }).take(200).collect();
    if text.chars().nth(200).is_some() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_that_is_told_already_is_not_told_again() {
        let error = anyhow!("no such file").context("x cannot be read: no such file (really)");
        assert_eq!(with_causes(&error), "x cannot be read: no such file (really)");
        let error = anyhow!("no such file").context("x cannot be read").context("nothing is kept");
        assert_eq!(with_causes(&error), "nothing is kept: x cannot be read: no such file");
    }
}
