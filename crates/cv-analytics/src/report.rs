//! `cv-analytics report`: the report of a week in one of its four forms.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::figure_settings::FigureSettings;
use cv_analytics_insights::report::Report;
use cv_analytics_insights::report_builder::build_report;
use cv_analytics_insights::{report_html, report_text};
use cv_analytics_mail::message::Message;

use crate::arguments::Installation;
use crate::store_location::FigureFiles;
use crate::{now, output};

/// The report command's options.
#[derive(Debug, Args)]
pub(crate) struct ReportCommand {
    /// The week, as 2026-W47 [default: the last week that is over]
    #[arg(long, value_name = "WEEK")]
    week: Option<IsoWeek>,
    /// The form [default: by the output file's ending, else text]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The sender in the eml form
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SENDER_EMAIL",
        default_value = "cv-analytics@localhost.localdomain"
    )]
    from: String,
    /// The recipient in the eml form
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RECIPIENT_EMAIL",
        default_value = "owner@localhost.localdomain"
    )]
    to: String,
    #[command(flatten)]
    files: FigureFiles,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A page for mail clients and browsers
    Html,
    /// Plain text
    Text,
    /// The contract's JSON
    Json,
    /// A mail message (RFC 5322) with both
    Eml,
}

impl Format {
    pub(crate) const ALL: [Self; 4] = [Self::Html, Self::Text, Self::Json, Self::Eml];

    /// The ending of a file in this form.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "txt",
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
        Ok(match self {
            Self::Html => report_html::render(report)?.into_bytes(),
            Self::Text => report_text::render(report).into_bytes(),
            Self::Json => report.to_json()?.into_bytes(),
            Self::Eml => Message::for_report(report, from, to, now())?.to_eml()?,
        })
    }
}

/// Writes the report.
pub(crate) async fn run(installation: &Installation, command: ReportCommand) -> Result<()> {
    let store = installation.open().await?;
    let mut settings = FigureSettings::load(&store).await?;
    command.files.apply(&mut settings)?;
    let week = command.week.unwrap_or_else(|| IsoWeek::last_closed(now()));
    let report = build_report(&store, &SkillDictionary::built_in(), &settings, week, now()).await?;
    let by_ending = command.output.as_deref().and_then(Format::of_file);
    let format = command.format.or(by_ending).unwrap_or(Format::Text);
    let bytes = format
        .render(&report, &command.from, &command.to)
        .context("the report cannot be written")?;
    match &command.output {
        Some(path) => output::write_file(path, &bytes),
        None => output::print(bytes),
    }
}
