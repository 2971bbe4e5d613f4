//! The owner's own form of the weekly mail: a template for the HTML, one for the text, or both.
//!
//! Templates are [minijinja](https://docs.rs/minijinja)'s; their variables are those of the built-in
//! ones, described in `docs/mail-template.md`. What is wrong with one is said when it is read, with
//! file and line. A mail is never missed for one: where a template fails on a week or yields more
//! than a mail can carry, the built-in form goes out, with a warning.

use cv_analytics_core::timestamp::Timestamp;

use super::limits::Limits;
use super::links::Links;
use super::phrases;
use super::render::{Form, RenderError, fill, render};
use super::week::WeekView;
use crate::model::Report;

/// Bytes of the largest mail: Gmail cuts off what is longer than 102 KB.
pub const MAX_MAIL_BYTES: usize = 100_000;

/// Weeks on which a template is tried when it is read: a full one, and one with nothing in it.
const SAMPLES: [&str; 2] = [
    include_str!("../../../../fixtures/reports/rich-week.json"),
    include_str!("../../../../fixtures/reports/empty-week.json"),
];

/// Variables of the version before and what they are called now; they still work in this version.
const OLD_NAMES: [(&str, &str); 10] = [
    ("headline_pieces", "headline"),
    ("text_pieces", "text"),
    ("evidence_pieces", "evidence"),
    ("note_pieces", "note"),
    ("coverage_pieces", "coverage"),
    ("coverage_note_pieces", "coverage_note"),
    ("asked_pieces", "asked"),
    ("provenance_pieces", "provenance"),
    (".skill", ".name"),
    (".kinds", ".kinds"),
];

/// What a mail knows besides its report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailContext {
    /// Where the numbers lead.
    pub links: Links,
    /// When the next report is due.
    pub next_report: Option<Timestamp>,
    /// The recipient's unsubscribe link, an `https:` or `mailto:` address.
    pub unsubscribe: Option<String>,
}

impl MailContext {
    /// The report as this mail shows it.
    pub fn view(&self, report: &Report) -> WeekView {
        WeekView {
            next_report: self.next_report.and_then(phrases::next_report),
            unsubscribe: self.unsubscribe.clone(),
            ..WeekView::of(report, &self.links, Limits::MAIL)
        }
    }
}

/// A template's file, by the name that errors use, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub source: String,
}

/// The owner's templates; a form without one is the built-in one.
#[derive(Clone, Debug, Default)]
pub struct MailTemplate {
    html: Option<TemplateFile>,
    text: Option<TemplateFile>,
    old_names: Vec<MailTemplateError>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid mail template {file}{}: {problem}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct MailTemplateError {
    /// The file.
    pub file: String,
    /// The line in it, where one is at fault.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

/// A report in the two forms of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailBody {
    /// The report as HTML.
    pub html: String,
    /// The report as plain text.
    pub text: String,
    /// Why a form is the built-in one, although the owner has a template.
    pub warnings: Vec<MailTemplateError>,
}

impl MailTemplate {
    /// Takes the owner's templates, each tried on a full week and an empty one, with and without a
    /// dashboard.
    ///
    /// # Errors
    /// [`MailTemplateError`] for the first fault.
    pub fn read(
        html: Option<TemplateFile>,
        text: Option<TemplateFile>,
    ) -> Result<Self, MailTemplateError> {
        let mut template = Self { html, text, old_names: Vec::new() };
        let files = [(&mut template.html, Form::Html), (&mut template.text, Form::Text)];
        for (file, form) in files {
            let Some(file) = file else { continue };
            template.old_names.extend(file.rename());
            for sample in SAMPLES {
                let report: Report = serde_json::from_str(sample).map_err(|error| {
                    file.error(None, format!("the sample is not a report: {error}"))
                })?;
                for context in [MailContext::default(), sample_context()] {
                    file.fill(form, &context.view(&report))?;
                }
            }
        }
        Ok(template)
    }

    /// Names of the version before that the templates use, to warn of: the next version does not know
    /// them.
    pub fn old_names(&self) -> &[MailTemplateError] {
        &self.old_names
    }

    /// The report in both forms.
    ///
    /// # Errors
    /// None with the templates of this crate.
    pub fn render(&self, report: &Report, context: &MailContext) -> Result<MailBody, RenderError> {
        let view = context.view(report);
        let mut warnings = Vec::new();
        let mut written = |file: &Option<TemplateFile>, form| {
            let filled = file.as_ref().map(|file| file.fill(form, &view)).transpose();
            match filled.map_err(|error| warnings.push(error)) {
                Ok(Some(filled)) => Ok(filled),
                Ok(None) | Err(()) => render(form, &view),
            }
        };
        let html = written(&self.html, Form::Html)?;
        let text = written(&self.text, Form::Text)?;
        Ok(MailBody { html, text, warnings })
    }
}

impl TemplateFile {
    fn fill(&self, form: Form, view: &WeekView) -> Result<String, MailTemplateError> {
        let filled = fill(form, &self.name, &self.source, view).map_err(|error| {
            let detail = error.detail().map(|detail| format!(": {detail}"));
            let problem = format!("{}{}", error.kind(), detail.unwrap_or_default());
            self.error(error.line(), problem)
        })?;
        if filled.trim().is_empty() {
            return Err(self.error(None, "it gives an empty mail".to_owned()));
        }
        if filled.len() > MAX_MAIL_BYTES {
            let bytes = filled.len();
            return Err(self.error(
                None,
                format!(
                    "too large: {bytes} bytes, and mail programs cut off what is over {MAX_MAIL_BYTES}"
                ),
            ));
        }
        Ok(filled)
    }

    /// Writes today's names for those of the version before, and says which there were.
    fn rename(&mut self) -> Vec<MailTemplateError> {
        let mut found = Vec::new();
        let renamed = in_expressions(&self.source, |line, name| {
            let (old, new) = OLD_NAMES.iter().find(|(old, _)| *old == name)?;
            found.push((line, *old, *new));
            Some(*new)
        });
        self.source = renamed;
        let said = found.into_iter().map(|(line, old, new)| {
            let now = match old {
                ".kinds" => "\u{201c}counts.gaps.rows\u{201d}, one row a name".to_owned(),
                _ => format!("\u{201c}{}\u{201d}", new.trim_start_matches('.')),
            };
            let old = old.trim_start_matches('.');
            self.error(Some(line), format!("the next version knows no “{old}”: write {now}"))
        });
        said.collect()
    }

    fn error(&self, line: Option<usize>, problem: String) -> MailTemplateError {
        MailTemplateError { file: self.name.clone(), line, problem }
    }
}

/// The template with other names within `{{ … }}` and `{% … %}`: `name` is asked for each, with its
/// line, and a name behind a dot is asked for with the dot first.
fn in_expressions<'n>(
    source: &str,
    mut name: impl FnMut(usize, &str) -> Option<&'n str>,
) -> String {
    let mut renamed = String::with_capacity(source.len());
    let mut rest = source;
    let mut line = 1;
    while let Some((text, inside)) = split_at_any(rest, &["{{", "{%"]) {
        let end =
            split_at_any(inside, &["}}", "%}"]).map_or(inside.len(), |(inside, _)| inside.len());
        let (expression, after) = inside.split_at(end);
        renamed.push_str(text);
        line += text.matches('\n').count();
        for (word, is_name) in words(expression) {
            let dotted = if renamed.ends_with('.') { Some(format!(".{word}")) } else { None };
            let new = if is_name {
                let behind_dot = dotted.and_then(|dotted| name(line, &dotted));
                behind_dot.map(|new| new.trim_start_matches('.')).or_else(|| name(line, word))
            } else {
                None
            };
            renamed.push_str(new.unwrap_or(word));
            line += word.matches('\n').count();
        }
        rest = after;
    }
    renamed + rest
}

/// The text before the first of the marks, and that from it on; the mark stays with the second.
fn split_at_any<'t>(text: &'t str, marks: &[&str]) -> Option<(&'t str, &'t str)> {
    let place = marks.iter().filter_map(|mark| text.find(mark)).min()?;
    Some(text.split_at(place))
}

/// The text as names and what is between them, in turn.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_name = rest.starts_with(is_of_name);
        let end = rest.find(|letter| is_of_name(letter) != is_name).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some((word, is_name))
    })
}

fn sample_context() -> MailContext {
    MailContext {
        links: Links::from("https://analytics.example.org".parse().ok()),
        next_report: None,
        unsubscribe: Some("mailto:reports@example.org?subject=unsubscribe".to_owned()),
    }
}
