//! `cv-analytics gaps`: what people ask for and the agent cannot answer well.

use anyhow::Result;
use clap::{Args, Subcommand};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::figure_settings::FigureSettings;
use cv_analytics_insights::report::{Gap, GapKind, GapType};
use cv_analytics_insights::report_builder::build_report;

use crate::arguments::Installation;
use crate::store_location::FigureFiles;
use crate::{now, output};

#[derive(Debug, Subcommand)]
pub(crate) enum Gaps {
    /// List the gaps of a week
    List(List),
}

/// The list's options.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// The week, as 2026-W47 [default: the last week that is over]
    #[arg(long, value_name = "WEEK")]
    week: Option<IsoWeek>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: FigureFiles,
}

/// Runs the command.
pub(crate) async fn run(installation: &Installation, command: Gaps) -> Result<()> {
    let Gaps::List(list) = command;
    let store = installation.open().await?;
    let mut settings = FigureSettings::load(&store).await?;
    list.files.apply(&mut settings)?;
    let week = list.week.unwrap_or_else(|| IsoWeek::last_closed(now()));
    let report = build_report(&store, &SkillDictionary::built_in(), &settings, week, now()).await?;
    if list.json {
        return output::print_line(serde_json::to_string_pretty(&report.gaps)?);
    }
    if report.gaps.is_empty() {
        return output::print_line(format!("No gaps in week {week}."));
    }
    let mut lines = format!("Gaps in week {week}, most asked first:\n\n");
    lines += &report.gaps.iter().map(line).collect::<String>();
    output::print(lines)
}

fn line(gap: &Gap) -> String {
    let kind = match gap.kind {
        GapKind::Fault => "the agent failed",
        GapKind::Blocked => "refused by a filter or outside hours",
        GapKind::NotOnCv => "not on the CV",
        GapKind::NotRetrieved => "on the CV, but not found",
        GapKind::Unmatched => "nothing matched",
    };
    let about = match gap.gap_type {
        GapType::Skill => "skill",
        GapType::Topic => "topic",
    };
    let sessions = gap
        .sessions
        .map_or_else(|| "sessions not collected".to_owned(), |count| format!("{count} sessions"));
    let mut text = format!(
        "{:>5}  {} ({about}): {kind}; {sessions}; {} of 8 weeks running\n",
        gap.queries,
        output::plain(&gap.name),
        gap.weeks_running
    );
    for example in gap.examples.iter().take(1) {
        text += &format!("       \u{201c}{}\u{201d}\n", output::plain(example));
    }
    text
}
