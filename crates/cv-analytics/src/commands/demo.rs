//! `cv-analytics demo`: the server in its own folder, with eight weeks of made-up traffic that
//! went through the real intake.

pub(crate) mod traffic;

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{DeliveryCounts, Report};
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::marking::mark_gap;
use cv_analytics_insights::view::limits::Limits;
use cv_analytics_insights::view::links::Links;
use cv_analytics_insights::view::text::counted;
use cv_analytics_insights::view::week::WeekView;
use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::now;
use crate::commands::demo::traffic::WEEKS;
use crate::commands::report::{Format, NO_RECIPIENT};
use crate::commands::serve::options::{Serve, shown};
use crate::install::Installation;
use crate::install::data_folder::{DataFolder, StoredCredentials, queue_url};
use crate::install::mail_form::MailForm;
use crate::install::mail_options::{MailOptions, NO_SENDER};
use crate::output;
use crate::queue_client::{Message, QueueClient, send_all};
use crate::stop_signal::stop_signal;
use crate::usage_error::usage_error;

/// Marks a folder as the demo's own, which each run may make anew.
const MARKER: &str = "this-is-a-demo.txt";

/// The demo's options.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Generate the traffic from this seed: the same seed gives the same traffic
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Exit after the report instead of continuing to serve
    #[arg(long)]
    exit: bool,
    #[command(flatten)]
    serve: Serve,
}

pub(crate) async fn run(installation: &Installation, mut demo: Demo) -> Result<()> {
    if installation.store.is_some() {
        return Err(usage_error(
            "the demo keeps a database of its own: leave --store out, choose the folder with --data",
        ));
    }
    demo.serve.begin()?;
    let path = installation.data.as_deref().unwrap_or(Path::new("cv-analytics-demo"));
    let installation = Installation { data: Some(path.to_owned()), store: None };
    let folder = DataFolder::new(path);
    start_afresh(&folder)?;
    output::print_line(format!(
        "The demo runs a server in {} and sends it eight weeks of made-up questions; a few seconds later there is a report{}.",
        shown(path),
        if demo.exit { "" } else { ", and a dashboard to look at" }
    ))?;

    demo.serve.leave_a_busy_default().await?;
    // Made-up traffic is no news to anybody.
    let mail = MailOptions::without_mail()?;
    let way = mail.way(&folder)?;
    let server =
        demo.serve.prepare(&installation, &folder, (&mail, &MailForm::default()), way).await?;
    let store = server.store.clone();
    if demo.serve.files.is_empty() {
        let cv = traffic::cv()?;
        FigureSettings::change_at(&store, now(), |settings| settings.cv = Some(cv.clone())).await?;
    }
    let week = IsoWeek::last_closed(now());
    let first = week.earlier(WEEKS - 1);
    let messages = traffic::messages(demo.seed, week)?;
    output::print_line(format!(
        "Sending {} signed messages of the weeks {first} to {week} to {} …",
        messages.len(),
        server.url
    ))?;
    let credentials =
        StoredCredentials { queue_url: queue_url(&server.local_url), ..server.credentials.clone() };
    let greeting = server.ready_line();
    let token = demo.serve.token.clone().unwrap_or_else(|| server.credentials.token.clone());
    let dashboard = format!("{}/weeks/{week}", server.url);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(server.run(async move { drop(stopped.await) }));

    let sending = async {
        let bar = ProgressBar::new(messages.len() as u64);
        bar.set_style(ProgressStyle::with_template("{bar:40} {pos}/{len} messages, {per_sec}")?);
        let client = QueueClient::new(credentials)?;
        let send = async |message: &Message| client.send(message).await;
        send_all(send, &messages, |_, _| bar.inc(1)).await?;
        bar.finish_and_clear();
        Ok::<_, anyhow::Error>(())
    };
    let interrupted = stop_signal();
    tokio::pin!(interrupted);
    tokio::select! {
        sent = sending => sent.context("cannot send the demo's traffic")?,
        () = &mut interrupted => {
            drop(stop);
            running.await??;
            bail!("stopped before the demo's traffic was sent");
        }
    }

    let rules = CountingRules::new(FigureSettings::load(&store).await?)?;
    let unmarked = [build_report(&store, &rules, week, now()).await?.report];
    for said in traffic::marks()? {
        mark_gap(&store, &unmarked, &said.name, Some(said.mark), said.at(week)).await?;
    }
    let rules = CountingRules::new(FigureSettings::load(&store).await?)?;
    let report = build_report(&store, &rules, week, now()).await?.report;
    // What came twice or could not be read counts in the week of its arrival: today's.
    let today = build_report(&store, &rules, IsoWeek::containing(now()), now()).await?.report;
    output::print(write_reports(&folder, &report, &today.capture.deliveries)?)?;
    if demo.exit {
        drop(stop);
        running.await??;
        let html = folder.path().join(format!("report-{week}.html"));
        return output::print_line(format!("\nLook at this first: {}", shown(&html)));
    }
    output::print_line(format!(
        "\n{greeting}\nCtrl-C ends it.\n\nLook at this first, and sign in with the token below it:\n\n  {dashboard}\n  {token}"
    ))?;
    interrupted.await;
    drop(stop);
    running.await?
}

/// Empties the demo's folder of an earlier run; refuses a folder that is not the demo's.
fn start_afresh(folder: &DataFolder) -> Result<()> {
    let path = folder.path();
    let marker = path.join(MARKER);
    let filled = path.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if filled && !marker.exists() {
        bail!(
            "refused: {} is not empty and not a demo's folder; choose another with --data DIR",
            path.display()
        );
    }
    folder.create()?;
    output::write_to(
        Some(&marker),
        b"Made by `cv-analytics demo`, which empties this folder at its next start.\n",
    )?;
    // While another demo serves from here, its database stays.
    let _lock = cv_analytics_sqlite::lock_for_serving(path)?;
    for name in ["cv-analytics.db", "cv-analytics.db-wal", "cv-analytics.db-shm"] {
        match std::fs::remove_file(path.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error)
                    .with_context(|| format!("cannot delete {}", path.join(name).display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Writes the report in each of its forms, and says where and what is in it.
fn write_reports(folder: &DataFolder, report: &Report, arrived: &DeliveryCounts) -> Result<String> {
    let mut text = format!("\nThe report of week {} is written:\n", report.week);
    for format in Format::ALL {
        let path = folder.path().join(format!("report-{}.{}", report.week, format.extension()));
        let bytes = format.render(report, NO_SENDER, NO_RECIPIENT)?;
        output::write_to(Some(&path), bytes)?;
        text += &format!("  {}\n", shown(&path));
    }
    text += &format!(
        "The Worker's secrets and your token are in {}.\n\n",
        shown(&folder.credentials_file())
    );
    text += &format!(
        "  {} questions asked, {} answered, {} unanswered; {} interactions of bots, canaries and your own left out\n",
        report.capture.queries,
        report.capture.joined,
        report.capture.unanswered,
        report.provenance.excluded
    );
    text += &format!(
        "  covered: {} full, {} partial, {} not at all; conversations: {}\n",
        report.matches.this_week.full,
        report.matches.this_week.partial,
        report.matches.this_week.none,
        report.conversations
    );
    let DeliveryCounts { duplicates, dead_letters, .. } = arrived;
    text += &format!(
        "  {}, {} (cv-analytics dead-letters list --data {})\n",
        counted(duplicates.unwrap_or_default(), "duplicate", "duplicates"),
        counted(*dead_letters, "unreadable message", "unreadable messages"),
        shown(folder.path()),
    );
    for trend in &report.trending {
        let way = serde_json::to_string(&trend.trend)?;
        text += &format!(
            "  {}: {} ({} → {} conversations)\n",
            trend.name,
            way.trim_matches('"'),
            trend.previous,
            trend.conversations
        );
    }
    let view = WeekView::of(report, &Links::None, Limits::PAGE);
    for gap in view.counts.iter().flat_map(|counts| &counts.followed.shown) {
        text += &format!("  {}, {}: {}\n", gap.name, gap.state, gap.text);
    }
    if let Some(action) = report.actions.first() {
        text += &format!("  first thing to do: {}: {}\n", action.name, action.why);
    }
    Ok(text)
}
