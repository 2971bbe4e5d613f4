//! `cv-analytics settings`: what changes figures, kept in the store.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use cv_analytics_insights::model::GapMark;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::parts::SettingsPart;

use crate::clock::now;
use crate::install::Installation;
use crate::install::figure_files::{FigureFiles, read_part};
use crate::install::open_store::Purpose;
use crate::usage_error::usage_error;
use crate::{input, output};

#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// Show the settings
    Show(Show),
    /// Import settings into the store: a document from `export`, a CV list, or aliases
    Import(Import),
    /// Write the settings as one JSON document
    Export(Export),
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Write JSON
    #[arg(long)]
    json: bool,
}

/// What to import.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The document, as `settings export` writes it; - for standard input
    file: Option<PathBuf>,
    #[command(flatten)]
    files: FigureFiles,
    /// Read topics and their phrases from this file: lines like `parking = car park, parking space` or JSON
    /// `{"parking":["car park"]}`
    #[arg(long, value_name = "FILE")]
    topics: Option<PathBuf>,
    /// Remove all settings of one kind (repeatable)
    #[arg(long, value_name = "KIND", value_parser = part_names())]
    clear: Vec<SettingsPart>,
    /// Exclude this session from reports, as the agent sends it or as it is stored (repeatable)
    #[arg(long, value_name = "SESSION", value_parser = NonEmptyStringValueParser::new())]
    exclude_session: Vec<String>,
    /// Assume that the server stores session IDs as the agent sends them (serve --keep-session-ids)
    #[arg(long, env = "CV_ANALYTICS_KEEP_SESSION_IDS", value_parser = clap::builder::BoolishValueParser::new())]
    keep_session_ids: bool,
    /// Exclude this interaction from reports (repeatable)
    #[arg(long, value_name = "REQUEST-ID", value_parser = NonEmptyStringValueParser::new())]
    exclude_request: Vec<String>,
    /// Write the stored settings as JSON
    #[arg(long)]
    json: bool,
}

fn part_names() -> impl TypedValueParser<Value = SettingsPart> {
    PossibleValuesParser::new(SettingsPart::ALL.map(SettingsPart::code)).try_map(|code| {
        SettingsPart::from_code(&code).ok_or_else(|| format!("unknown kind {code:?}"))
    })
}

/// Where to export to.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) async fn run(installation: &Installation, command: Settings) -> Result<()> {
    match command {
        Settings::Show(show) => {
            let settings = FigureSettings::load(&*installation.open(Purpose::Use).await?).await?;
            if show.json {
                output::print(settings.to_json()?)
            } else {
                output::print(describe(&settings))
            }
        }
        Settings::Export(export) => {
            let json =
                FigureSettings::load(&*installation.open(Purpose::Use).await?).await?.to_json()?;
            output::write_to(export.output.as_deref(), json)
        }
        Settings::Import(import) => keep(installation, import).await,
    }
}

async fn keep(installation: &Installation, import: Import) -> Result<()> {
    let nothing = import.files.is_empty()
        && import.topics.is_none()
        && import.clear.is_empty()
        && import.exclude_session.is_empty()
        && import.exclude_request.is_empty();
    if import.file.is_none() && nothing {
        return Err(usage_error(
            "name a document, or one of --cv, --aliases, --topics, --exclude-session, --exclude-request, --clear",
        ));
    }
    let document = match &import.file {
        Some(path) => {
            let text = input::read_whole(path)?;
            let settings = FigureSettings::read(&text)
                .with_context(|| format!("cannot import {}", path.display()))?;
            let fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(text.trim_start_matches('\u{feff}'))?;
            ensure!(
                !fields.is_empty(),
                "missing settings in {}: `cv-analytics settings export` shows the form; --clear KIND removes what is \
                 set",
                path.display()
            );
            Some(settings)
        }
        None => None,
    };
    let mut files = FigureSettings::default();
    import.files.apply(&mut files)?;
    if let Some(path) = &import.topics {
        SettingsPart::Topics.copy(&read_part(SettingsPart::Topics, path)?, &mut files);
    }
    let store = installation.open(Purpose::Fill).await?;
    let privacy = if import.keep_session_ids {
        None
    } else {
        Some(installation.privacy_to_find(&*store, &import.exclude_session).await?)
    };
    let kept = FigureSettings::change_at(&*store, now(), |settings| {
        if let Some(document) = &document {
            *settings = document.clone();
        }
        for kind in &import.clear {
            kind.copy(&FigureSettings::default(), settings);
        }
        if files.cv.is_some() {
            settings.cv.clone_from(&files.cv);
        }
        if !files.aliases.is_empty() {
            settings.aliases.clone_from(&files.aliases);
        }
        if !files.topics.is_empty() {
            settings.topics.clone_from(&files.topics);
        }
        for id in &import.exclude_session {
            let kept = privacy.as_ref().and_then(|privacy| privacy.session(id));
            let kept = kept.map_or_else(|| id.clone(), |kept| kept.as_str().to_owned());
            settings.exclusions.sessions.insert(kept);
        }
        settings.exclusions.request_ids.extend(import.exclude_request.iter().cloned());
    });
    let kept = kept.await?;
    store.close().await?;
    if import.json {
        return output::print(kept.to_json()?);
    }
    output::print(describe(&kept))
}

fn describe(settings: &FigureSettings) -> String {
    let mut text = String::new();
    match &settings.cv {
        Some(cv) => text += &format!("CV list: {} entries: {}\n", cv.len(), cv.join("; ")),
        None => {
            text += "CV list: none (settings import --cv FILE), so a gap cannot tell what is on the CV\n";
        }
    }
    text += &format!("Your own aliases: {}\n", settings.aliases.len());
    for (skill, aliases) in &settings.aliases {
        text += &format!("  {skill}: {}\n", aliases.join(", "));
    }
    text += &format!("Your own topics: {}\n", settings.topics.len());
    for (topic, phrases) in &settings.topics {
        text += &format!("  {topic}: {}\n", phrases.join(", "));
    }
    let marks = settings.gap_marks.values();
    let (held, back): (Vec<_>, Vec<_>) = marks.partition(|marked| marked.mark.is_some());
    let back =
        if back.is_empty() { String::new() } else { format!(", and {} taken back", back.len()) };
    text += &format!("Gap marks: {}{back}\n", held.len());
    for (name, marked) in &settings.gap_marks {
        let mark = marked.mark.map_or("no mark any more", GapMark::code);
        let since = marked.at.map(|at| format!(" since {at}")).unwrap_or_default();
        text += &format!("  {}: {mark}{since}\n", output::plain(name));
    }
    let exclusions = &settings.exclusions;
    text += &format!(
        "Left out of reports: {} sessions, {} interactions\n",
        exclusions.sessions.len(),
        exclusions.request_ids.len()
    );
    for excluded in exclusions.sessions.iter().chain(&exclusions.request_ids) {
        text += &format!("  {}\n", output::plain(excluded));
    }
    text
}
