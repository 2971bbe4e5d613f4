//! Writing what a command was asked for, to standard output or a file, and how far it is.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cv_analytics_dashboard::private_file::PrivateFile;
use cv_analytics_insights::view::text::is_invisible;
use indicatif::{ProgressBar, ProgressStyle};

/// Writes to standard output; on a terminal nothing in it acts ([`harmless`]).
pub(crate) fn print(bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if out.is_terminal() {
        out.write_all(harmless(bytes.as_ref()).as_bytes())?;
    } else {
        out.write_all(bytes.as_ref())?;
    }
    out.flush()?;
    Ok(())
}

/// Writes one line to standard error, like [`print()`].
pub(crate) fn complain(line: impl std::fmt::Display) {
    let line = line.to_string();
    let is_terminal = std::io::stderr().is_terminal();
    eprintln!("{}", if is_terminal { harmless(line.as_bytes()) } else { Cow::Borrowed(&*line) });
}

/// Text for a terminal, in which strangers may have written: characters that move the cursor, change colours,
/// turn the direction of what follows or cannot be seen are written as `\u001b`, which means the same in JSON.
/// Lines and tabs stay.
pub(crate) fn harmless(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    let acts = |letter: char| acts_on_a_terminal(letter) && !matches!(letter, '\n' | '\t');
    if !text.contains(acts) {
        return text;
    }
    let mut harmless = String::with_capacity(text.len());
    for letter in text.chars() {
        if acts(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing into a string never fails.
                let _ = write!(harmless, "\\u{unit:04x}");
            }
        } else {
            harmless.push(letter);
        }
    }
    Cow::Owned(harmless)
}

/// Whether a terminal does something at `letter` other than showing it, or shows nothing. The joiners within
/// words and emoji stay.
fn acts_on_a_terminal(letter: char) -> bool {
    letter.is_control() || is_invisible(letter) || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Writes one line to standard output.
pub(crate) fn print_line(line: impl std::fmt::Display) -> Result<()> {
    print(format!("{line}\n"))
}

/// Writes what `--output` names: a file, or standard output.
pub(crate) fn write_to(path: Option<&Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes.as_ref())?;
    output.finish()
}

/// What a command writes its result to.
pub(crate) enum Output {
    /// Standard output, which is also what `-` means.
    Stdout,
    /// A file, as [`PrivateFile`] writes it.
    File(PrivateFile, PathBuf),
}

impl Output {
    /// Begins to write `path`, or standard output where there is none.
    pub(crate) fn create(path: Option<&Path>) -> Result<Self> {
        match path {
            Some(path) if path != Path::new("-") => {
                let file = PrivateFile::create(path).with_context(|| cannot_write(path))?;
                Ok(Self::File(file, path.to_owned()))
            }
            _ => Ok(Self::Stdout),
        }
    }

    /// Whether it goes where other things may be printed too: standard output, or an open descriptor.
    pub(crate) fn is_stream(&self) -> bool {
        match self {
            Self::Stdout => true,
            Self::File(file, _) => file.is_descriptor(),
        }
    }

    pub(crate) fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Stdout => print(bytes),
            Self::File(file, path) => {
                let written = if file.is_terminal() {
                    file.write_all(harmless(bytes).as_bytes())
                } else {
                    file.write_all(bytes)
                };
                written.with_context(|| cannot_write(path))
            }
        }
    }

    /// Ends what was written; a file is on disk afterwards.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(file, path) => file.finish().with_context(|| cannot_write(&path)),
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
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
    let shown = |letter: char| if acts_on_a_terminal(letter) { ' ' } else { letter };
    let mut plain: String = text.chars().map(shown).take(200).collect();
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
    fn on_a_terminal_nothing_acts_and_json_means_the_same() {
        let check = |text: &[u8], expect: &str| assert_eq!(harmless(text), expect);
        check("Go, Rust\n\täöü 日本 🙂\n".as_bytes(), "Go, Rust\n\täöü 日本 🙂\n");
        check(
            b"\x1b]0;title\x07\r\x08\x7f\0",
            "\\u001b]0;title\\u0007\\u000d\\u0008\\u007f\\u0000",
        );
        check("\u{9b}31m\u{85}".as_bytes(), "\\u009b31m\\u0085");
        check("a\u{202e}b\u{2066}c\u{200f}d\u{61c}".as_bytes(), "a\\u202eb\\u2066c\\u200fd\\u061c");
        check(
            "a\u{200b}b\u{2028}\u{e0041}\u{feff}".as_bytes(),
            "a\\u200bb\\u2028\\udb40\\udc41\\ufeff",
        );
        check("a\u{ad}b".as_bytes(), "a\\u00adb");
        check("👩‍💻 می‌خواهم".as_bytes(), "👩‍💻 می‌خواهم");
        check(b"broken \x9b31m \xff", "broken \u{fffd}31m \u{fffd}");
        let hostile = serde_json::json!({"query": "\u{1b}[2J\u{9b}1m\u{7f}\u{202e}\u{e0041}abc"});
        let shown = harmless(hostile.to_string().as_bytes()).into_owned();
        assert!(shown.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), hostile);
    }

    #[test]
    fn a_cause_that_is_told_already_is_not_told_again() {
        let error = anyhow!("no such file").context("x cannot be read: no such file (really)");
        assert_eq!(with_causes(&error), "x cannot be read: no such file (really)");
        let error = anyhow!("no such file").context("x cannot be read").context("nothing is kept");
        assert_eq!(with_causes(&error), "nothing is kept: x cannot be read: no such file");
    }
}
