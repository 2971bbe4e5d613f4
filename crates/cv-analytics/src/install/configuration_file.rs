//! `cv-analytics.toml`: the defaults of the command line, under the names of its options.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Command;
use toml::{Table, Value};

use crate::input::read_small;

#[derive(Debug, Default)]
pub(crate) struct ConfigurationFile {
    path: PathBuf,
    table: Table,
}

impl ConfigurationFile {
    /// Where it is looked for.
    pub(crate) const DEFAULT: &str = "cv-analytics.toml";

    /// Reads the file that `--config` or its variable names, else the one in the working directory where there is one.
    pub(crate) fn find(mut arguments: impl Iterator<Item = OsString>) -> Result<Self> {
        let mut named = None;
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--") => break,
                Some("--config") => named = arguments.next().map(PathBuf::from),
                Some(text) => named = text.strip_prefix("--config=").map(PathBuf::from).or(named),
                None => {}
            }
        }
        #[expect(clippy::disallowed_methods, reason = "this is the program's configuration")]
        let named = named.or_else(|| {
            std::env::var_os("CV_ANALYTICS_CONFIG")
                .filter(|name| !name.is_empty())
                .map(PathBuf::from)
        });
        Self::read(named.as_deref().unwrap_or(Path::new(Self::DEFAULT)), named.is_some())
    }

    fn read(path: &Path, required: bool) -> Result<Self> {
        let bytes = match read_small(path) {
            Err(error) if !required && is_missing(&error) => return Ok(Self::default()),
            read => read?,
        };
        let text = String::from_utf8(bytes)
            .with_context(|| format!("invalid TOML in {}", path.display()))?;
        let table = text.parse().with_context(|| format!("invalid TOML in {}", path.display()))?;
        Ok(Self { path: path.to_owned(), table })
    }

    /// Makes what the file says the defaults of `command`.
    pub(crate) fn apply(self, command: &mut Command) -> Result<()> {
        let Self { path, table } = self;
        let whole = std::mem::take(command);
        *command =
            defaults(whole, table, "").with_context(|| format!("invalid {}", path.display()))?;
        Ok(())
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The table at the top whose options are those of every command that has them.
const SHARED: &str = "mail";

/// Sets the defaults of one command and, by the tables within, of those under it.
fn defaults(mut command: Command, table: Table, place: &str) -> Result<Command> {
    let mut options = BTreeMap::new();
    for (name, value) in table {
        let shown = format!("{place}{name}");
        if let Value::Table(inner) = value {
            if place.is_empty() && name == SHARED {
                command = shared(command, &inner)?;
                continue;
            }
            if command.find_subcommand(&name).is_none() {
                bail!("unknown command {shown:?}");
            }
            let mut failure = None;
            command = command.mut_subcommand(&name, |subcommand| {
                let fallback = subcommand.clone();
                defaults(subcommand, inner, &format!("{shown}.")).unwrap_or_else(|error| {
                    failure = Some(error);
                    fallback
                })
            });
            if let Some(error) = failure {
                return Err(error);
            }
        } else {
            let known =
                command.get_arguments().find(|argument| argument.get_long() == Some(name.as_str()));
            let Some(id) =
                known.map(|argument| argument.get_id().clone()).filter(|_| is_setting(&name))
            else {
                bail!("unknown option {shown:?}");
            };
            options
                .insert(id, texts(value).with_context(|| format!("invalid value of {shown:?}"))?);
        }
    }
    for (id, values) in options {
        command = command.mut_arg(id, |argument| argument.required(false).default_values(values));
    }
    Ok(command)
}

/// Whether an option says how something is done, and not where this file is or that help is wanted.
fn is_setting(name: &str) -> bool {
    !matches!(name, "config" | "help" | "help-all")
}

/// Sets the defaults of each command under `command` that has the options in `table`.
fn shared(mut command: Command, table: &Table) -> Result<Command> {
    let has = |command: &Command, name: &str| {
        command.get_arguments().any(|argument| {
            let is_mail = argument.get_help_heading().is_some_and(|heading| heading == "Mail");
            is_mail && argument.get_long() == Some(name)
        })
    };
    let names: Vec<String> =
        command.get_subcommands().map(|subcommand| subcommand.get_name().to_owned()).collect();
    for name in table.keys() {
        if !command.get_subcommands().any(|subcommand| has(subcommand, name)) {
            bail!("unknown option \"{SHARED}.{name}\"");
        }
    }
    for name in names {
        let Some(subcommand) = command.find_subcommand(&name) else { continue };
        let own = table.iter().filter(|(option, _)| has(subcommand, option));
        let own: Table = own.map(|(option, value)| (option.clone(), value.clone())).collect();
        let set = defaults(subcommand.clone(), own, &format!("{SHARED}."))?;
        command = command.mut_subcommand(&name, |_| set);
    }
    Ok(command)
}

fn texts(value: Value) -> Result<Vec<String>> {
    Ok(match value {
        Value::String(text) => vec![text],
        Value::Integer(number) => vec![number.to_string()],
        Value::Float(number) => vec![number.to_string()],
        Value::Boolean(truth) => vec![truth.to_string()],
        Value::Array(values) => values.into_iter().map(texts).collect::<Result<Vec<_>>>()?.concat(),
        Value::Datetime(_) | Value::Table(_) => bail!("write a text, a number, true or false"),
    })
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn check(file: &str, expect: Result<&str, &str>) {
        let command = Command::new("x").arg(Arg::new("data").long("data")).subcommand(
            Command::new("serve")
                .arg(Arg::new("listen").long("listen").default_value("a"))
                .arg(Arg::new("host").long("smtp-host").help_heading("Mail")),
        );
        let applied = defaults(command, file.parse().unwrap(), "").map(|command| {
            let matches = command.get_matches_from(["x", "serve"]);
            let (_, serve) = matches.subcommand().unwrap();
            let host = serve.get_one::<String>("host").map_or("", String::as_str);
            format!(
                "{:?} {:?}{host}",
                matches.get_one::<String>("data"),
                serve.get_one::<String>("listen")
            )
        });
        assert_eq!(applied.as_deref().map_err(ToString::to_string), expect.map_err(str::to_owned));
    }

    #[test]
    fn a_file_sets_defaults_and_a_name_that_is_none_is_refused() {
        check("", Ok("None Some(\"a\")"));
        check("data = \"d\"\n[serve]\nlisten = \"b\"", Ok("Some(\"d\") Some(\"b\")"));
        check("[mail]\nsmtp-host = \" h\"", Ok("None Some(\"a\") h"));
        check("[mail]\nlisten = 1", Err("unknown option \"mail.listen\""));
        check("dat = 1", Err("unknown option \"dat\""));
        check("[serve]\nliste = 1", Err("unknown option \"serve.liste\""));
        check("[server]\nlisten = 1", Err("unknown command \"server\""));
    }
}
