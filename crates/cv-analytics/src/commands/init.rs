//! `cv-analytics init`: writes the configuration file, from options and from what it asks.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::{self, BufRead, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cv_analytics_insights::settings::parts::SettingsPart;
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_server::configuration::PublicUrl;
use toml::Value;

use crate::install::Installation;
use crate::install::configuration_file::ConfigurationFile;
use crate::install::figure_files::read_part;
use crate::output;

/// The file that the password of the mail server is kept in, where no other is named.
const PASSWORD_FILE: &str = "smtp-password.txt";

const HELP: &str = "Write cv-analytics.toml in the current folder: the address, the CV list and the weekly mail

On a terminal it asks for whatever is not passed as an option; Enter skips a question. Elsewhere it writes only the options. It starts nothing, and never changes an existing file.";

/// What the file is to say.
#[derive(Debug, Default, Args)]
#[command(long_about = HELP)]
pub(crate) struct Init {
    /// The address by which agent and browser reach the server, such as `https://analytics.example.org`
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    public_url: Option<PublicUrl>,
    /// The CV's skills: a text file with one skill a line, or a JSON Resume
    #[arg(long, value_name = "FILE", value_parser = cv_list)]
    cv: Option<String>,
    /// Send the weekly report to this address
    #[arg(long, value_name = "ADDRESS")]
    mail_to: Option<MailAddress>,
    /// Send it from this address [default: the recipient's]
    #[arg(long, requires = "mail_to", value_name = "ADDRESS")]
    mail_from: Option<MailAddress>,
    /// Send it through this mail server; without one, mails become files in the data folder's outbox
    #[arg(long, requires = "mail_to", value_name = "HOST", value_parser = host)]
    smtp_host: Option<String>,
    /// Log in there under this name; `none` for a server that asks for no login [default: the sender's address]
    #[arg(long, requires = "mail_to", value_name = "NAME")]
    smtp_user: Option<String>,
    /// Read the password from this file [default: smtp-password.txt]
    #[arg(long, requires = "mail_to", value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
}

pub(crate) fn run(installation: &Installation, mut wanted: Init) -> Result<()> {
    let path = Path::new(ConfigurationFile::DEFAULT);
    if path.try_exists().is_ok_and(|exists| exists) {
        bail!(
            "refused: {} already exists and was left alone; edit it, or move it away first",
            path.display()
        );
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        wanted.ask(&mut stdin.lock(), &mut io::stderr())?;
    }
    wanted.complete();
    write_new(path, &wanted.file(installation))?;
    output::print(wanted.next_steps(path))
}

/// Writes a file that was not there.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).with_context(cannot)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(cannot)
}

impl Init {
    /// Asks for what no option said.
    fn ask(&mut self, answers: &mut impl BufRead, terminal: &mut impl Write) -> Result<()> {
        let mut ask = Questions { answers, terminal };
        ask.for_missing(
            &mut self.public_url,
            "Public URL of this server, such as https://analytics.example.org (Enter: none yet, only this machine)",
            PublicUrl::parse,
        )?;
        ask.for_missing(
            &mut self.cv,
            "Your CV's skills: a text file with one skill a line, or a JSON Resume (Enter: none yet)",
            cv_list,
        )?;
        ask.for_missing(
            &mut self.mail_to,
            "Mail the weekly report to this address (Enter: no mail)",
            str::parse,
        )?;
        if self.mail_to.is_some() {
            ask.for_missing(
                &mut self.smtp_host,
                "Your mail server, such as smtp.example.org (Enter: write mails to files)",
                host,
            )?;
        }
        if self.smtp_host.is_some() {
            let usual = self.mail_to.as_ref().map(ToString::to_string).unwrap_or_default();
            ask.for_missing(
                &mut self.mail_from,
                &format!("Send from this address (Enter: {usual})"),
                str::parse,
            )?;
            ask.for_missing(
                &mut self.smtp_user,
                "User name at the mail server (Enter: the sender's address; none: no login)",
                |name| Ok::<_, String>(name.to_owned()),
            )?;
        }
        Ok(())
    }

    /// Fills in what follows from the rest.
    fn complete(&mut self) {
        if self.smtp_host.is_some() {
            self.mail_from = self.mail_from.take().or_else(|| self.mail_to.clone());
            let sender = self.mail_from.as_ref().map(|from| from.address().to_owned());
            self.smtp_user = self.smtp_user.take().or(sender).filter(|user| user != "none");
            if self.smtp_user.is_some() {
                self.smtp_password_file.get_or_insert_with(|| PASSWORD_FILE.into());
            }
        }
    }

    /// The configuration file; what is left out stands there as a comment.
    fn file(&self, installation: &Installation) -> String {
        let mut file = String::from(
            "# Options of cv-analytics, by the names that --help-all shows. The command line and variables win over this file.\n",
        );
        let data = installation.data.as_ref().map(|data| data.display());
        setting(&mut file, "data", data, "cv-analytics-data");
        file += "\n[serve]\n";
        setting(&mut file, "cv", self.cv.as_ref(), "my-cv.txt");
        file += "# Where agent and browser reach the server, and the proxy or tunnel on this machine that leads there.\n";
        let public_url = self.public_url.as_ref();
        setting(&mut file, "public-url", public_url, "https://analytics.example.org");
        let mark = if public_url.is_some() { "" } else { "# " };
        let _ = writeln!(file, "{mark}trusted-proxy = [\"127.0.0.1\"]");
        file += "\n[mail]\n";
        setting(&mut file, "mail-to", self.mail_to.as_ref(), "me@example.org");
        setting(&mut file, "mail-from", self.mail_from.as_ref(), "reports@example.org");
        setting(&mut file, "smtp-host", self.smtp_host.as_ref(), "smtp.example.org");
        setting(&mut file, "smtp-user", self.smtp_user.as_ref(), "reports@example.org");
        let password_file = self.smtp_password_file.as_ref().map(|file| file.display());
        setting(&mut file, "smtp-password-file", password_file, PASSWORD_FILE);
        file
    }

    /// What to do now.
    fn next_steps(&self, path: &Path) -> String {
        let mut text = format!("Wrote {}. Next:\n\n", path.display());
        if let Some(file) = self.smtp_password_file.as_ref().filter(|file| !file.exists()) {
            let (file, host) = (file.display(), self.smtp_host.as_deref().unwrap_or_default());
            let _ = writeln!(
                text,
                "  (umask 077 && cat > {file})   # type the password for {host}, Enter, Ctrl-D"
            );
        }
        text +=
            "  cv-analytics serve            # start the server; it prints what your agent needs\n";
        text += "  cv-analytics doctor           # in another terminal: check all of it\n";
        text
    }
}

/// A line of the file; an example in a comment where nothing is set.
fn setting(file: &mut String, name: &str, value: Option<impl fmt::Display>, example: &str) {
    let _ = match value {
        Some(value) => writeln!(file, "{name} = {}", Value::String(value.to_string())),
        None => writeln!(file, "# {name} = \"{example}\""),
    };
}

/// The path of a CV list that can be read.
fn cv_list(path: &str) -> Result<String, String> {
    let read = read_part(SettingsPart::Cv, Path::new(path));
    read.map(|_| path.to_owned()).map_err(|error| format!("{error:#}"))
}

/// The name of a mail server; an address or a URL is told from it.
fn host(text: &str) -> Result<String, &'static str> {
    let is_of_name = |letter: char| letter.is_alphanumeric() || ".-_".contains(letter);
    if !text.is_empty() && text.chars().all(is_of_name) {
        Ok(text.to_owned())
    } else {
        Err(
            "invalid host: expected only a name, such as smtp.example.org; a port is set by smtp-port in the file",
        )
    }
}

/// Asks on a terminal, line by line.
struct Questions<'t, A, T> {
    answers: &'t mut A,
    terminal: &'t mut T,
}

impl<A: BufRead, T: Write> Questions<'_, A, T> {
    /// Asks until the answer can be read; an empty one leaves it out.
    fn for_missing<V, E: fmt::Display>(
        &mut self,
        value: &mut Option<V>,
        question: &str,
        read: impl Fn(&str) -> Result<V, E>,
    ) -> Result<()> {
        while value.is_none() {
            write!(self.terminal, "{question}\n> ")?;
            self.terminal.flush()?;
            let mut answer = String::new();
            match self.answers.read_line(&mut answer) {
                Err(error) if error.kind() == ErrorKind::InvalidData => {
                    writeln!(self.terminal, "invalid text: write it in UTF-8")?;
                    continue;
                }
                asked => asked.context("cannot read the answer")?,
            };
            // Ctrl-D, which is not the same as Enter.
            ensure!(!answer.is_empty(), "stopped: nothing is written");
            let answer = answer.trim();
            if answer.is_empty() {
                break;
            }
            match read(answer) {
                Ok(read) => *value = Some(read),
                Err(error) => {
                    writeln!(
                        self.terminal,
                        "{}",
                        output::harmless(format!("{error:#}").as_bytes())
                    )?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(answers: &str) -> (Init, String) {
        let (mut wanted, mut terminal) = (Init::default(), Vec::new());
        wanted.ask(&mut answers.as_bytes(), &mut terminal).unwrap();
        wanted.complete();
        (wanted, String::from_utf8(terminal).unwrap())
    }

    fn file(wanted: &Init) -> String {
        wanted.file(&Installation { data: None, store: None })
    }

    #[test]
    fn what_is_left_out_is_a_comment() {
        for wanted in [Init::default(), answered("\n\n\n").0] {
            let file = file(&wanted);
            let table: toml::Table = file.parse().unwrap();
            let empty = |name: &str| table.get(name).unwrap().as_table().unwrap().is_empty();
            assert!(empty("serve") && empty("mail"), "{file}");
            assert!(file.contains("# mail-to = \"me@example.org\""), "{file}");
        }
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again() {
        let (wanted, asked) = answered(
            "analytics\nhttps://analytics.example.org\nnowhere.txt\n\nme\nme@example.org\nsmtps://me@example.org\nsmtp.example.org\n\n\n",
        );
        assert_eq!(asked.matches("Public URL").count(), 2, "{asked}");
        assert!(asked.contains("nowhere.txt") && asked.contains("cannot"), "{asked}");
        let table: toml::Table = file(&wanted).parse().unwrap();
        let serve = table.get("serve").unwrap().to_string();
        assert_eq!(
            serve,
            "{ public-url = \"https://analytics.example.org\", trusted-proxy = [\"127.0.0.1\"] }"
        );
        let mail = table.get("mail").unwrap().as_table().unwrap();
        let text = |name: &str| mail.get(name).and_then(Value::as_str);
        assert_eq!(text("mail-from"), Some("me@example.org"));
        assert_eq!(text("smtp-user"), Some("me@example.org"));
        assert_eq!(text("smtp-password-file"), Some(PASSWORD_FILE));
        assert!(
            wanted.next_steps(Path::new("x")).contains("type the password for smtp.example.org")
        );
    }

    #[test]
    fn a_mail_server_without_login_needs_no_password() {
        let (wanted, _) = answered("\n\nme@example.org\nlocalhost\n\nnone\n");
        assert!(file(&wanted).contains("\n# smtp-user") && wanted.smtp_password_file.is_none());
    }

    #[test]
    fn a_value_stays_a_value() {
        let data = PathBuf::from("a\"b\n[serve]\nlisten = 1");
        let written = Init::default().file(&Installation { data: Some(data.clone()), store: None });
        let table: toml::Table = written.parse().unwrap();
        assert_eq!(table.get("data").and_then(Value::as_str), data.to_str());
    }
}
