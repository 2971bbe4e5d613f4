//! `cv-analytics skills`: the skills that are known, and those that a text names.

use std::io::BufRead as _;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cv_analytics_insights::SkillDictionary;
use cv_analytics_insights::settings::FigureSettings;
use serde::Serialize;

use crate::install::Installation;
use crate::install::figure_files::FigureFiles;
use crate::install::open_store::Purpose;
use crate::output;

/// What is gathered before it is written.
const CHUNK_BYTES: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Skills {
    /// List every skill with its aliases
    List(List),
    /// Read lines from standard input; write `{"text":"…","skills":["Go"]}` for each
    Match(Match),
}

/// The list's options.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Write JSON Lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    files: FigureFiles,
}

/// The matcher's options.
#[derive(Debug, Args)]
pub(crate) struct Match {
    #[command(flatten)]
    files: FigureFiles,
}

#[derive(Serialize)]
struct Line<'t> {
    text: &'t str,
    skills: Vec<&'t str>,
}

#[derive(Serialize)]
struct Known<'t> {
    skill: &'t str,
    aliases: Vec<&'t str>,
}

pub(crate) async fn run(installation: &Installation, command: Skills) -> Result<()> {
    let (Skills::List(List { files, .. }) | Skills::Match(Match { files })) = &command;
    let dictionary = dictionary(installation, files).await?;
    match command {
        Skills::List(list) => show(&dictionary, list.json),
        Skills::Match(_) => find(&dictionary),
    }
}

/// The dictionary under the store's settings, where there is a store, and the files.
async fn dictionary(installation: &Installation, files: &FigureFiles) -> Result<SkillDictionary> {
    let mut settings = if installation.is_on_aws() || installation.database().exists() {
        FigureSettings::load(&*installation.open(Purpose::Use).await?).await?
    } else {
        FigureSettings::default()
    };
    files.apply(&mut settings)?;
    Ok(settings.dictionary(&SkillDictionary::built_in())?)
}

fn show(dictionary: &SkillDictionary, json: bool) -> Result<()> {
    let mut skills: Vec<Known<'_>> = dictionary
        .iter()
        .map(|(id, skill)| Known { skill, aliases: dictionary.aliases(id).collect() })
        .collect();
    skills.sort_by_key(|known| known.skill.to_lowercase());
    let mut text = String::new();
    for known in skills {
        if json {
            text += &serde_json::to_string(&known)?;
        } else {
            text += known.skill;
            if !known.aliases.is_empty() {
                text += &format!(": {}", known.aliases.join(", "));
            }
        }
        text.push('\n');
    }
    output::print(text)
}

fn find(dictionary: &SkillDictionary) -> Result<()> {
    let mut lines = Vec::new();
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).context("cannot read standard input")? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        let mut skills: Vec<&str> = Vec::new();
        for mention in dictionary.find(text) {
            let name = dictionary.name(mention.skill());
            if !skills.contains(&name) {
                skills.push(name);
            }
        }
        serde_json::to_writer(&mut lines, &Line { text, skills })?;
        lines.push(b'\n');
        if lines.len() > CHUNK_BYTES {
            output::print(&lines)?;
            lines.clear();
        }
    }
    output::print(lines)
}
