//! `cv-analytics completions`: what a shell loads to complete the program's commands and options.

use anyhow::Result;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::output;

const WHERE_HELP: &str = "Where they go:

  bash        cv-analytics completions bash > ~/.local/share/bash-completion/completions/cv-analytics
  elvish      in rc.elv: eval (cv-analytics completions elvish | slurp)
  fish        cv-analytics completions fish > ~/.config/fish/completions/cv-analytics.fish
  powershell  in $PROFILE: cv-analytics completions powershell | Out-String | Invoke-Expression
  zsh         into a folder of $fpath: cv-analytics completions zsh > ~/.zfunc/_cv-analytics";

/// The command's options.
#[derive(Debug, Args)]
#[command(after_long_help = WHERE_HELP)]
pub(crate) struct Completions {
    /// For this shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the completions.
pub(crate) fn run(options: &Completions) -> Result<()> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, &name, &mut script);
    // Bash would complete nothing behind a subcommand of a program with a hyphen in its name, which is written in two
    // ways: https://github.com/clap-rs/clap/issues/6421
    let [wrong, right] = ["__subcmd__", "__"].map(|hyphen| name.replace('-', hyphen));
    output::print(String::from_utf8(script)?.replace(&wrong, &right))
}
