//! `cv-analytics serve`: the self-hosted server.

pub(crate) mod options;
mod ready_server;
pub(crate) mod unsubscribe_page;
pub(crate) mod weekly_mailer;

use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::Result;
use clap::Args;

#[cfg(feature = "aws")]
use crate::commands::dashboard::on_aws;
use crate::commands::serve::options::{Serve, shown};
use crate::install::Installation;
use crate::install::mail_form::MailForm;
use crate::install::mail_options::{MORE_OF_THE_MAIL, MailOptions};
use crate::output;
use crate::stop_signal::stop_signal;
use crate::usage_error::usage_error;

/// The serve command's options.
#[derive(Debug, Args)]
#[command(after_help = MORE_OF_THE_MAIL)]
pub(crate) struct ServeCommand {
    #[command(flatten)]
    serve: Serve,
    #[command(flatten)]
    form: MailForm,
    #[command(flatten)]
    mail: MailOptions,
}

/// Runs the server until it is told to stop.
pub(crate) async fn run(installation: &Installation, command: ServeCommand) -> Result<()> {
    let ServeCommand { serve: options, form, mail } = command;
    #[cfg(feature = "aws")]
    if installation.is_on_aws() {
        let of_mail = [mail.set_here(), form.set_here()].concat();
        return on_aws::run(installation, options, &of_mail).await;
    }
    options.begin()?;
    let folder = installation.folder();
    // Before anything is made: what is wrong with it is told at once.
    let way = mail.way(&folder).map_err(|error| usage_error(format!("{error:#}")))?;
    let database = installation.database();
    let left_of_another = folder.left_without(&database);
    let server = options.prepare(installation, &folder, (&mail, &form), way).await?;
    if let Some(left) = left_of_another {
        let warning = format!(
            "{} was not there, though {} is: an empty database was made. Where there was one before, stop the server and \
             put it back with its -wal, or restore an archive with `cv-analytics restore`.",
            shown(&database),
            shown(&left)
        );
        tracing::warn!("{warning}");
        output::print_line(format!("Warning: {warning}\n"))?;
    }
    output::print(server.greeting(&folder))?;
    output::print(server.cv_sentence())?;
    output::print(server.mail_sentence())?;
    output::print(how_to_stay())?;
    let stop = stop_signal();
    output::print_line(server.ready_line())?;
    server.run(stop).await
}

/// On a terminal, how the server goes on without it, where systemd runs (`sd_booted(3)` looks for the same folder).
fn how_to_stay() -> &'static str {
    if io::stdout().is_terminal() && Path::new("/run/systemd/system").is_dir() {
        "It stops with this terminal. To keep it running, install it as a systemd service: docs/operate/installing.md.\n"
    } else {
        ""
    }
}
