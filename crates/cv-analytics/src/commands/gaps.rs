//! `cv-analytics gaps`: what people ask for and the agent cannot answer well.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{Gap, GapMark};
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::marking::{MarkedNow, mark_gap};
use cv_analytics_insights::view::phrases::gap_mark_buttons::mark_consequence;
use cv_analytics_insights::view::phrases::gaps::{kind_name, open_for};
use cv_analytics_insights::view::text::{conversations, more};

use crate::clock::{now, read_week};
use crate::install::Installation;
use crate::install::figure_files::FigureFiles;
use crate::install::open_store::Purpose;
use crate::output;

/// Gaps that are listed for a person to read.
const MAX_LISTED_GAPS: usize = 100;

#[derive(Debug, Subcommand)]
pub(crate) enum Gaps {
    /// List the gaps of a week
    List(List),
    /// Mark a gap: from then on reports track it or leave it out
    Mark(Mark),
}

/// What to mark, and how.
#[derive(Debug, Args)]
pub(crate) struct Mark {
    /// The skill or topic as the report names it, or an alias of the skill
    name: String,
    /// The mark
    #[arg(value_enum, value_name = "MARK", required_unless_present = "clear")]
    word: Option<MarkWord>,
    /// Remove the mark, as `none` does
    #[arg(long, conflicts_with = "word")]
    clear: bool,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// What a gap can be to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MarkWord {
    /// It is on the CV now: the report tracks how its questions are answered since
    HaveIt,
    /// You are learning it: tracked, and no action tells you to learn it
    Learning,
    /// It is not your skill: listed last, and no action
    NotMine,
    /// Not worth counting: left out of reports
    Noise,
    /// Remove the mark
    None,
}

impl MarkWord {
    const fn mark(self) -> Option<GapMark> {
        match self {
            Self::HaveIt => Some(GapMark::HaveIt),
            Self::Learning => Some(GapMark::Learning),
            Self::NotMine => Some(GapMark::NotMine),
            Self::Noise => Some(GapMark::Noise),
            Self::None => None,
        }
    }
}

/// The list's options.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// List the gaps of this week, such as 2026-W47, or current [default: the last closed week]
    #[arg(long, value_name = "WEEK", value_parser = read_week)]
    week: Option<IsoWeek>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: FigureFiles,
}

pub(crate) async fn run(installation: &Installation, command: Gaps) -> Result<()> {
    match command {
        Gaps::List(list) => write_list(installation, list).await,
        Gaps::Mark(mark) => put_mark(installation, mark).await,
    }
}

/// Marks the gap, in either store.
async fn put_mark(installation: &Installation, command: Mark) -> Result<()> {
    let store = installation.open(Purpose::Fill).await?;
    let mark = command.word.and_then(MarkWord::mark);
    // The names that reports know: those of the week that the owner reads, and of the one that runs.
    let rules = CountingRules::new(FigureSettings::load(&*store).await?)?;
    let mut reports = Vec::new();
    for week in [IsoWeek::last_closed(now()), IsoWeek::containing(now())] {
        reports.push(build_report(&*store, &rules, week, now()).await?.report);
    }
    let marked = mark_gap(&*store, &reports, &command.name, mark, now()).await?;
    store.close().await?;
    if command.json {
        return output::print_line(serde_json::to_string(&serde_json::json!({
            "name": marked.name, "mark": marked.mark, "before": marked.before,
        }))?);
    }
    output::print_line(describe(&marked))
}

fn describe(marked: &MarkedNow) -> String {
    let name = output::plain(&marked.name);
    let before = marked.before.filter(|before| Some(*before) != marked.mark);
    let before = before.map_or_else(String::new, |before| format!(" (was {})", before.code()));
    match marked.mark {
        Some(mark) => {
            format!("{name} is marked {}{before}: {}.", mark.code(), mark_consequence(mark))
        }
        None if marked.before.is_none() => format!("{name} has no mark."),
        None => format!("{name} has no mark any more{before}."),
    }
}

async fn write_list(installation: &Installation, list: List) -> Result<()> {
    let store = installation.open(Purpose::Use).await?;
    let mut settings = FigureSettings::load(&*store).await?;
    list.files.apply(&mut settings)?;
    let week = list.week.unwrap_or_else(|| IsoWeek::last_closed(now()));
    let rules = CountingRules::new(settings)?;
    let report = build_report(&*store, &rules, week, now()).await?.report;
    if list.json {
        return output::print_line(serde_json::to_string_pretty(&report.gaps)?);
    }
    if report.gaps.is_empty() {
        return output::print_line(format!("No gaps in week {week}."));
    }
    let mut lines = format!("Gaps in week {week}, most asked first:\n\n");
    let (not_mine, others): (Vec<&Gap>, Vec<&Gap>) =
        report.gaps.iter().partition(|gap| gap.mark == Some(GapMark::NotMine));
    lines +=
        &others.into_iter().chain(not_mine).take(MAX_LISTED_GAPS).map(line).collect::<String>();
    if let Some(more) = more(report.gaps.len().saturating_sub(MAX_LISTED_GAPS), ("gap", "gaps")) {
        lines += &format!("{more}: --json lists all of them\n");
    }
    output::print(lines)
}

fn line(gap: &Gap) -> String {
    let open = open_for(gap.weeks_running).map(|open| format!("; {open}")).unwrap_or_default();
    let mut text = format!(
        "{:>5}  {} ({}): {}; {}{open}\n",
        gap.queries,
        output::plain(&gap.name),
        gap.name_type.code(),
        kind_name(gap.kind),
        conversations(gap.conversations),
    );
    if let Some(mark) = gap.mark {
        let again = if gap.reopened { ", and open again" } else { "" };
        text += &format!("       marked {}{again}\n", mark.code());
    }
    let examples = if gap.mark == Some(GapMark::NotMine) { &[] } else { gap.examples.as_slice() };
    for example in examples.iter().take(1) {
        text += &format!("       \u{201c}{}\u{201d}\n", output::plain(example));
    }
    text
}
