//! `cv-analytics report`: the report of a week in one of its forms.

pub(crate) mod mail;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use cv_analytics_core::store::Store;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::view::links::Links;
use cv_analytics_insights::view::render::owner_template::{MailContext, MailTemplate};
use cv_analytics_insights::view::render::{Form, render};
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::message::{Message, Surroundings};

use crate::clock::{now, read_week};
use crate::commands::report::mail::Insisting;
use crate::install::Installation;
use crate::install::data_folder::PublicUrlOption;
use crate::install::figure_files::FigureFiles;
use crate::install::mail_form::MailForm;
use crate::install::mail_options::{MORE_OF_THE_MAIL, MailOptions, NO_SENDER, read_addresses};
use crate::install::open_store::Purpose;
use crate::output;
use crate::usage_error::usage_error;

/// Stands in for the recipient in a message that is only written.
pub(crate) const NO_RECIPIENT: &str = "owner@localhost.localdomain";

/// The report command's options.
#[derive(Debug, Args)]
#[command(after_help = MORE_OF_THE_MAIL)]
pub(crate) struct ReportCommand {
    /// Report this week, such as 2026-W47, or current [default: the last closed week]
    #[arg(long, value_name = "WEEK", value_parser = read_week)]
    week: Option<IsoWeek>,
    /// Write this format [default: from the output file's extension, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Send it by mail, once to each recipient: as the server would, or through SES with --store dynamodb
    #[arg(long)]
    send: bool,
    /// Also send it to recipients who already got this week's mail
    #[arg(long, requires = "send")]
    again: bool,
    /// Also send it to recipients who unsubscribed, and subscribe them again
    #[arg(long, requires = "send")]
    resubscribe: bool,
    /// The sender of the mail, or of the eml format
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SENDER_EMAIL",
        default_value = NO_SENDER
    )]
    from: String,
    /// The recipient of the mail, or of the eml format; --send takes several, separated by commas
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RECIPIENT_EMAIL",
        default_value = NO_RECIPIENT
    )]
    to: String,
    /// Start the mail's links with the server's public address [default: that of `serve`]
    #[arg(long, value_name = "URL", env = "CV_ANALYTICS_PUBLIC_URL", value_parser = PublicUrlOption::parse)]
    public_url: Option<PublicUrlOption>,
    #[command(flatten)]
    files: FigureFiles,
    #[command(flatten)]
    form: MailForm,
    #[command(flatten)]
    mail: MailOptions,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A page for mail clients and browsers
    Html,
    /// Plain text
    Text,
    /// Markdown for notes and chats
    Markdown,
    /// JSON, the documented contract
    Json,
    /// A mail message (RFC 5322) with HTML and text
    Eml,
}

impl Format {
    pub(crate) const ALL: [Self; 5] =
        [Self::Html, Self::Text, Self::Markdown, Self::Json, Self::Eml];

    /// The ending of a file in this form.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Json => "json",
            Self::Eml => "eml",
        }
    }

    fn of_file(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// `report` in this form.
    pub(crate) fn render(self, report: &Report, from: &str, to: &str) -> Result<Vec<u8>> {
        let written = |form| render(form, &MailContext::default().view(report));
        Ok(match self {
            Self::Html => written(Form::Html)?.into_bytes(),
            Self::Text => written(Form::Text)?.into_bytes(),
            Self::Markdown => written(Form::Markdown)?.into_bytes(),
            Self::Json => report.to_json()?.into_bytes(),
            Self::Eml => Message::for_report(report, from, to, now())?.to_eml()?,
        })
    }
}

/// Writes the report.
pub(crate) async fn run(installation: &Installation, command: ReportCommand) -> Result<()> {
    if command.send {
        command.check_mailing(installation)?;
    }
    let store = installation.open(Purpose::Use).await?;
    let mut settings = FigureSettings::load(&*store).await?;
    command.files.apply(&mut settings)?;
    let week = command.week.unwrap_or_else(|| IsoWeek::last_closed(now()));
    let rules = CountingRules::new(settings)?;
    let report = build_report(&*store, &rules, week, now()).await?.report;
    let template = command.form.template()?;
    let current = IsoWeek::containing(now());
    if report.is_empty() && command.week.is_none() && store.weeks(current).await?.contains(&current)
    {
        eprintln!("note: what has come so far is of this week: --week current reports it");
    }
    if command.send {
        let said = command.send_report(installation, &*store, &report).await?;
        // Beside a report that was asked for, the words are not part of it.
        if command.output.is_none() && command.format.is_none() {
            return output::print(said);
        }
        eprint!("{said}");
    }
    let by_ending = command.output.as_deref().and_then(Format::of_file);
    let format = command.format.or(by_ending).unwrap_or(Format::Text);
    let bytes = command.form_of(format, &report, &template).context("cannot write the report")?;
    output::write_to(command.output.as_deref(), bytes)
}

impl ReportCommand {
    /// `report` in the form, as the owner's mail looks. Without the options for that the bytes are
    /// those of either install.
    fn form_of(&self, format: Format, report: &Report, template: &MailTemplate) -> Result<Vec<u8>> {
        let dashboard = self.form.dashboard_url.as_ref();
        if format == Format::Json {
            return format.render(report, &self.from, &self.to);
        }
        let answers = self.form.mail_answers;
        let links = Links::from(dashboard.cloned());
        let context = MailContext { links, answers, ..MailContext::default() };
        if format == Format::Markdown {
            return Ok(render(Form::Markdown, &context.view(report))?.into_bytes());
        }
        let body = template.render(report, &context)?;
        for warning in &body.warnings {
            eprintln!("warning: {warning}; the built-in form stands in");
        }
        if format == Format::Eml {
            let template = Some(template);
            let surroundings =
                Surroundings { dashboard, template, answers, ..Surroundings::default() };
            let message = Message::in_context(report, &self.from, &self.to, now(), &surroundings)?;
            return Ok(message.to_eml()?);
        }
        Ok(if format == Format::Html { body.html } else { body.text }.into_bytes())
    }

    /// Refuses a command line with which `--send` cannot work.
    fn check_mailing(&self, installation: &Installation) -> Result<()> {
        let has_recipient = self.to != NO_RECIPIENT;
        let problem = if !installation.is_on_aws() {
            (!has_recipient && !self.mail.has_recipients())
                .then_some("name the recipient with --to or --mail-to")
        } else if self.resubscribe {
            return Err(usage_error(
                "--resubscribe: on AWS recipients unsubscribe by a mail to the sender, and are in no list here",
            ));
        } else if self.from == NO_SENDER {
            Some("missing sender: name it with --from, or in SENDER_EMAIL")
        } else {
            (!has_recipient).then_some("name the recipient with --to, or in RECIPIENT_EMAIL")
        };
        problem.map_or(Ok(()), |problem| Err(usage_error(format!("--send: {problem}"))))
    }

    /// Sends the report by the way of the installation, and says what became of each mail.
    async fn send_report(
        &self,
        installation: &Installation,
        store: &dyn Store,
        report: &Report,
    ) -> Result<String> {
        let no_mail = "cannot write the report as a mail";
        let sender = (self.from != NO_SENDER).then(|| self.from.parse::<MailAddress>());
        let sender = sender.transpose().context(no_mail)?;
        let named = (self.to != NO_RECIPIENT).then(|| read_addresses(&self.to));
        let named = named.transpose().context(no_mail)?;
        let recipients = named.unwrap_or_else(|| self.mail.recipients().cloned().collect());
        if recipients.is_empty() {
            bail!("missing recipient: name one with --to");
        }
        let insisting = Insisting { again: self.again, resubscribe: self.resubscribe };
        #[cfg(feature = "aws")]
        if installation.is_on_aws() {
            let Some(sender) = sender else { bail!("missing sender: name it with --from") };
            let template = self.form.template()?;
            let surroundings = Surroundings {
                dashboard: self.form.dashboard_url.as_ref(),
                template: Some(&template),
                answers: self.form.mail_answers,
                ..Surroundings::default()
            };
            let mail = (report, &sender, &surroundings);
            return mail::ses::send_by_ses(store, mail, &recipients, self.again).await;
        }
        let way = self.mail.way(&installation.folder())?;
        let public_url = installation.folder().public_url(self.public_url.as_ref())?;
        let public_url = public_url.as_ref();
        let mailing = self.mail.mailing(&way, sender, recipients, public_url, store).await?;
        let mailing = self.form.applied_to(mailing)?;
        mail::send_by(&way, store, report, &mailing, insisting).await
    }
}
