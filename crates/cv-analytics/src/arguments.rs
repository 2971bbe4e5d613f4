//! The command line: its commands, and the options that all of them share.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    archive, completions, dead_letters, demo, doctor, events, forget, gaps, init, man, report,
    restore, serve, settings, skills,
};
use crate::install::configuration_file::ConfigurationFile;
use crate::install::{Installation, SHARED_OPTIONS};
use crate::output;

/// Analytics for the AI agents that people put in front of the public
#[derive(Debug, Parser)]
#[command(
    name = "cv-analytics",
    version,
    about,
    max_term_width = 100,
    disable_help_flag = true,
    after_help = "Variables (shown beside options) and cv-analytics.toml set options too: those of a command in a table of \
                  its name, those of the mail in [mail], the others at the top. An option wins over a variable, a variable \
                  over the file.\nExit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub(crate) struct Arguments {
    /// Read the options from this file
    #[arg(long, global = true, value_name = "FILE", env = "CV_ANALYTICS_CONFIG", default_value = ConfigurationFile::DEFAULT, help_heading = SHARED_OPTIONS)]
    config: PathBuf,
    #[command(flatten)]
    pub(crate) installation: Installation,
    /// Show this help
    #[arg(long, short, global = true, action = ArgAction::HelpShort, help_heading = SHARED_OPTIONS)]
    help: Option<bool>,
    /// Show the full help, with every option
    #[arg(long, global = true, action = ArgAction::HelpLong, help_heading = SHARED_OPTIONS)]
    help_all: Option<bool>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a program ends whose command line, or configuration, is wrong, as clap has it too.
const USAGE_EXIT_CODE: i32 = 2;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write cv-analytics.toml: the address, the CV list and the weekly mail
    Init(init::Init),
    /// Run the server: receive and store events, serve reports and the dashboard
    Serve(serve::ServeCommand),
    /// Show everything with eight weeks of made-up traffic, in a separate folder
    Demo(demo::Demo),
    /// Write the report of a week
    Report(report::ReportCommand),
    /// Send, import or export events as JSON Lines
    #[command(subcommand)]
    Events(events::Events),
    /// List, show, retry or drop messages that could not be read
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// List what people ask for and the agent cannot answer well, and mark it
    #[command(subcommand)]
    Gaps(gaps::Gaps),
    /// List the known skills, or find skills in text
    #[command(subcommand)]
    Skills(skills::Skills),
    /// Show, import or export the settings that change figures
    #[command(subcommand)]
    Settings(settings::Settings),
    /// Erase a session, an interaction, or everything older than some days
    Forget(forget::Forget),
    /// Archive the whole store in a folder or in S3, with checksums
    Archive(archive::ArchiveCommand),
    /// Restore an archive into a store
    Restore(restore::RestoreCommand),
    /// Estimate what a number of interactions a month costs on AWS, line by line
    #[cfg(feature = "aws")]
    Cost(crate::commands::cost::CostCommand),
    /// Estimate what AWS costs a month; only in a program compiled with AWS
    #[cfg(not(feature = "aws"))]
    Cost {
        #[arg(hide = true, num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<std::ffi::OsString>,
    },
    /// Check an installation end to end, and say how to fix what is wrong
    Doctor(doctor::Doctor),
    /// Write the completions of a shell to standard output
    Completions(completions::Completions),
    /// Write the manual, one page a command, into a folder
    Man(man::Man),
}

impl Arguments {
    /// Ends the program as clap does for a wrong command line: exit code 2.
    pub(crate) fn refuse(error: &anyhow::Error) -> ! {
        end(&Self::command().error(ErrorKind::ValueValidation, error))
    }

    /// Reads the command line, the variables and the configuration file; ends the program with a
    /// help text, or with a sentence and exit code 2.
    pub(crate) fn read() -> Self {
        let mut command = without_empty_variables(Self::command());
        let configured =
            ConfigurationFile::find(std::env::args_os()).and_then(|file| file.apply(&mut command));
        if let Err(error) = configured {
            output::complain(format!("error: {}", output::with_causes(&error).trim_end()));
            std::process::exit(USAGE_EXIT_CODE);
        }
        let matches = command.try_get_matches_from_mut(std::env::args_os());
        let read = matches.and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| end(&error.format(&mut command)))
    }
}

/// Ends the program with a help text, or with what is wrong with the command line; of that, nothing acts on a terminal.
fn end(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    output::complain(error.render().to_string().trim_end());
    std::process::exit(error.exit_code())
}

/// A variable that is empty is as one that is not set: service managers and compose files write those.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    #[expect(clippy::disallowed_methods, reason = "this is the program's configuration")]
    let is_empty = |name: &OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| {
            if argument.get_env().is_some_and(is_empty) {
                argument.env(None::<&'static str>)
            } else {
                argument
            }
        })
        .mut_subcommands(without_empty_variables)
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    const SCREEN_LINES: usize = 40;

    fn check(command: &mut Command) {
        let help = command.render_help().to_string();
        let lines = help.lines().count();
        assert!(lines <= SCREEN_LINES, "{lines} lines:\n{help}");
        assert!(help.contains("--help-all"), "{help}");
        command.get_subcommands_mut().filter(|inner| inner.get_name() != "help").for_each(check);
    }

    #[test]
    fn the_help_of_each_command_fits_a_screen() {
        let mut command = Arguments::command();
        command.build();
        check(&mut command);
    }
}
