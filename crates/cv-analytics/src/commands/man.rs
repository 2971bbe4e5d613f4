//! `cv-analytics man`: the program's manual, one page a command.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Command, CommandFactory as _};

use crate::arguments::Arguments;

/// The command's options.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write cv-analytics.1, cv-analytics-serve.1 and so on into this folder, which is created where it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes the pages.
pub(crate) fn run(options: &Man) -> Result<()> {
    let folder = &options.folder;
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(in_full(Arguments::command()), folder))
        .with_context(|| format!("cannot write the manual into {}", folder.display()))
}

/// The command with what only `--help-all` tells of its options: a page leaves out no option, but would leave out
/// what a hidden one is for.
fn in_full(command: Command) -> Command {
    command.mut_args(|argument| argument.hide_short_help(false)).mut_subcommands(in_full)
}
