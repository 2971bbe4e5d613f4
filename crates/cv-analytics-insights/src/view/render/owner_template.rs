//! The owner's own form of the weekly mail: a template for the HTML, one for the text, or both.
//!
//! Templates are [minijinja](https://docs.rs/minijinja)'s; their variables are those of the built-in
//! ones, described in `docs/use/mail-template.md`. What is wrong with one is said when it is read, with
//! file and line. A mail is never missed for one: where a template fails on a week or yields more
//! than a mail can carry, the built-in form goes out, with a warning.
//!
//! Fuel bounds what nearly every template takes, and says where it ran out. It does not count what one step
//! does to a list of lists, whose length doubles with each, so the program fills templates in through a
//! [`TemplateRunner`].

use std::borrow::Cow;

use cv_analytics_core::timestamp::Timestamp;
use minijinja::ErrorKind;
use serde::{Deserialize, Serialize};

use crate::model::Report;
use crate::view::limits::Limits;
use crate::view::links::Links;
use crate::view::phrases;
use crate::view::render::{Form, RenderError, fill, render};
use crate::view::week::WeekView;

/// Bytes of the largest mail: Gmail cuts off what is longer than 102 KB.
pub const MAX_MAIL_BYTES: usize = 100_000;

/// The largest template, in bytes: twice the largest mail.
const MAX_TEMPLATE_BYTES: usize = 2 * MAX_MAIL_BYTES;

/// What a template may take to fill in, in minijinja's fuel: some ten times what the built-in one takes for
/// the fullest week, and 64 MB of memory at most.
const MAX_FUEL: u64 = 1_000_000;

/// Weeks on which a template is tried when it is read: a full one, and one with nothing in it.
const SAMPLES: [&str; 2] = [
    include_str!("../../../../../fixtures/reports/rich-week.json"),
    include_str!("../../../../../fixtures/reports/empty-week.json"),
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
    (".kinds", ".rows"),
];

/// Runs [`run_job`] where its time and memory are bounded, and returns its output; the error says what is wrong
/// with a template that gave none.
pub type TemplateRunner = fn(job: &str) -> Result<String, String>;

/// What a mail knows besides its report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailContext {
    /// Where the numbers lead.
    pub links: Links,
    /// When the next report is due.
    pub next_report: Option<Timestamp>,
    /// The recipient's unsubscribe link, an `https:` or `mailto:` address.
    pub unsubscribe: Option<String>,
    /// Whether it shows what the agent answered, beside a gap's questions.
    pub answers: bool,
}

impl MailContext {
    /// The report as this mail shows it.
    pub fn view(&self, report: &Report) -> WeekView {
        let answer_columns = if self.answers { Limits::MAIL.question_columns } else { 0 };
        let limits = Limits { answer_columns, ..Limits::MAIL };
        WeekView {
            next_report: self.next_report.and_then(phrases::next_report),
            unsubscribe: self.unsubscribe.clone(),
            ..WeekView::of(report, &self.links, limits)
        }
    }
}

/// A template's file, by the name that errors use, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    runner: Option<TemplateRunner>,
    old_names: Vec<MailTemplateError>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
    /// The week's news in a few words, for the subject line.
    pub news: Option<String>,
    /// Why a form is the built-in one, although the owner has a template.
    pub warnings: Vec<MailTemplateError>,
}

/// A template that is to be filled in for some weeks, each once.
#[derive(Serialize, Deserialize)]
struct Job<'a> {
    form: Form,
    file: Cow<'a, TemplateFile>,
    weeks: Vec<(Cow<'a, Report>, MailContext)>,
}

impl Job<'_> {
    fn run(&self) -> Result<Vec<String>, MailTemplateError> {
        let fill = |(report, context): &(Cow<'_, Report>, MailContext)| {
            self.file.fill(self.form, &context.view(report))
        };
        self.weeks.iter().map(fill).collect()
    }

    fn run_by(&self, runner: TemplateRunner) -> Result<Vec<String>, MailTemplateError> {
        let job = serde_json::to_string(self).map_err(|error| error.to_string());
        let answer = job.and_then(|job| runner(&job));
        let read = answer.and_then(|answer| {
            serde_json::from_str(&answer).map_err(|error| format!("cannot be filled in: {error}"))
        });
        read.unwrap_or_else(|problem| Err(self.file.error(None, problem)))
    }
}

/// Does the job that a [`TemplateRunner`] was given.
///
/// # Errors
/// Where it is none.
pub fn run_job(job: &str) -> serde_json::Result<String> {
    let job: Job<'_> = serde_json::from_str(job)?;
    serde_json::to_string(&job.run())
}

impl MailTemplate {
    /// Takes the owner's templates, each tried on a full week and an empty one, with and without a
    /// dashboard. They are filled in by `runner` or, without one, by this process.
    ///
    /// # Errors
    /// [`MailTemplateError`] for the first fault.
    pub fn read(
        html: Option<TemplateFile>,
        text: Option<TemplateFile>,
        runner: Option<TemplateRunner>,
    ) -> Result<Self, MailTemplateError> {
        let mut template = Self { html, text, runner, old_names: Vec::new() };
        let files = [(&mut template.html, Form::Html), (&mut template.text, Form::Text)];
        for (file, form) in files {
            let Some(file) = file else { continue };
            if file.source.len() > MAX_TEMPLATE_BYTES {
                let problem =
                    format!("too large: a template has {MAX_TEMPLATE_BYTES} bytes at most");
                return Err(file.error(None, problem));
            }
            template.old_names.extend(file.rename());
            let mut weeks = Vec::new();
            for sample in SAMPLES {
                let report: Report = serde_json::from_str(sample).map_err(|error| {
                    file.error(None, format!("the sample is not a report: {error}"))
                })?;
                let report: Cow<'_, Report> = Cow::Owned(report);
                weeks.push((report.clone(), MailContext::default()));
                weeks.push((report, sample_context()));
            }
            file.fill_all(form, weeks, runner)?;
        }
        Ok(template)
    }

    /// Names of the version before that the templates use, to warn of: the next version does not know them.
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
            let filled = file.as_ref().map(|file| {
                let weeks = vec![(Cow::Borrowed(report), context.clone())];
                file.fill_all(form, weeks, self.runner)
            });
            let filled = filled.transpose().map_err(|error| warnings.push(error));
            match filled.ok().flatten().and_then(|mut filled| filled.pop()) {
                Some(filled) => Ok(filled),
                None => render(form, &view),
            }
        };
        let html = written(&self.html, Form::Html)?;
        let text = written(&self.text, Form::Text)?;
        Ok(MailBody { html, text, news: view.news, warnings })
    }
}

impl TemplateFile {
    fn fill_all(
        &self,
        form: Form,
        weeks: Vec<(Cow<'_, Report>, MailContext)>,
        runner: Option<TemplateRunner>,
    ) -> Result<Vec<String>, MailTemplateError> {
        let job = Job { form, file: Cow::Borrowed(self), weeks };
        runner.map_or_else(|| job.run(), |runner| job.run_by(runner))
    }

    fn fill(&self, form: Form, view: &WeekView) -> Result<String, MailTemplateError> {
        let filled =
            fill(form, &self.name, &self.source, view, Some(MAX_FUEL)).map_err(|error| {
                if error.kind() == ErrorKind::OutOfFuel {
                    let problem =
                        "too long: it takes more steps, or writes more, than any mail needs";
                    return self.error(error.line(), problem.to_owned());
                }
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
        let mut found: Vec<(usize, &str, &str)> = Vec::new();
        let renamed = in_expressions(&self.source, |line, name| {
            let (old, new) = OLD_NAMES.iter().copied().find(|(old, _)| *old == name)?;
            if !found.iter().any(|(_, known, _)| *known == old) {
                found.push((line, old, new));
            }
            // The groups are there under their old name.
            Some(if new == ".rows" { old } else { new })
        });
        self.source = renamed;
        let warning = |(line, old, new): (usize, &str, &str)| {
            let [old, new] = [old, new].map(|name| name.trim_start_matches('.'));
            self.error(Some(line), format!("the next version does not know “{old}”: write “{new}”"))
        };
        found.into_iter().map(warning).collect()
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
        answers: true,
        unsubscribe: Some("mailto:reports@example.org?subject=unsubscribe".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(source: &str) -> TemplateFile {
        TemplateFile { name: "mine.html".to_owned(), source: source.to_owned() }
    }

    fn sample() -> Report {
        serde_json::from_str(SAMPLES[0]).unwrap()
    }

    fn built_in(form: Form) -> String {
        render(form, &MailContext::default().view(&sample())).unwrap()
    }

    #[test]
    fn the_built_in_template_is_one_that_an_owner_could_have_written() {
        let source = include_str!("../../../templates/report.html.j2");
        let template = MailTemplate::read(Some(file(source)), None, None).unwrap();
        let body = template.render(&sample(), &MailContext::default()).unwrap();
        assert_eq!(body.html, built_in(Form::Html));
        assert_eq!(body.warnings, []);
        assert_eq!(template.old_names(), []);
    }

    #[test]
    fn a_template_of_the_version_before_works_with_a_warning() {
        let source = include_str!("../../../tests/data/mail-template-of-version-1.html");
        let template = MailTemplate::read(Some(file(source)), None, None).unwrap();
        let body = template.render(&sample(), &sample_context()).unwrap();
        assert_eq!(body.warnings, []);
        for written in ["Kubernetes", "Not on your CV", "https://analytics.example.org/questions"] {
            assert!(body.html.contains(written), "{written}");
        }
        let warnings: Vec<_> = template.old_names().iter().map(ToString::to_string).collect();
        for warning in [
            "the next version does not know “headline_pieces”: write “headline”",
            "the next version does not know “skill”: write “name”",
            "the next version does not know “kinds”: write “rows”",
        ] {
            let found = warnings.iter().filter(|found| found.ends_with(warning)).count();
            assert_eq!(found, 1, "{warning}: {warnings:#?}");
        }
        assert!(
            warnings[0].starts_with("invalid mail template mine.html, line "),
            "{}",
            warnings[0]
        );
    }

    #[test]
    fn only_names_within_expressions_are_renamed() {
        let mut names = Vec::new();
        let source = "a.skill {{ row.skill ~ skill }}\n{% for x in y.note_pieces %}";
        let renamed = in_expressions(source, |line, name| {
            names.push((line, name.to_owned()));
            (name == ".skill").then_some(".name")
        });
        assert_eq!(renamed, "a.skill {{ row.name ~ skill }}\n{% for x in y.note_pieces %}");
        assert!(names.contains(&(2, "note_pieces".to_owned())), "{names:?}");
    }

    #[test]
    fn the_example_of_the_documents_is_taken() {
        let page = include_str!("../../../../../docs/use/mail-template.md");
        for (form, html) in [("html", true), ("text", false)] {
            let fence = format!("```jinja-{form}\n");
            let source = page.split(&fence).nth(1).unwrap().split("```").next().unwrap();
            let (html, text) =
                if html { (Some(file(source)), None) } else { (None, Some(file(source))) };
            let template = MailTemplate::read(html, text, None).unwrap();
            assert_eq!(template.old_names(), []);
        }
    }

    #[test]
    fn a_fault_names_file_and_line() {
        for (source, line, problem) in [
            ("<p>\n{{ weak }}</p>", Some(2), "undefined"),
            ("<p>\n\n{% if week %}", Some(3), "syntax error"),
            ("{% if false %}x{% endif %}", None, "empty mail"),
        ] {
            let error = MailTemplate::read(Some(file(source)), None, None).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            let said = error.to_string();
            assert!(said.contains("mine.html") && said.contains(problem), "{said}");
        }
    }

    #[test]
    fn a_template_without_an_end_is_refused_when_it_is_read() {
        let nested =
            "{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}x";
        let doubled =
            "{% set x = 'much' %}".to_owned() + &"{% set x = x ~ x %}".repeat(40) + "{{ x }}";
        for source in [
            nested,
            &doubled,
            "{{ 'much' * 1000000000 }}",
            "{% for a in range(9000) %}{{ 'much' * 100000 }}{% endfor %}",
            "{% macro again() %}{{ again() }}{{ again() }}{% endmacro %}{{ again() }}",
        ] {
            let error = MailTemplate::read(Some(file(source)), None, None).unwrap_err().to_string();
            let is_told = error.contains("too long: it takes more steps")
                || error.contains("recursion limit exceeded");
            assert!(is_told, "{source:.60}: {error}");
        }
    }

    #[test]
    fn another_process_fills_a_template_in_as_this_one_does_and_its_failure_is_told() {
        let there: TemplateRunner = |job| run_job(job).map_err(|error| error.to_string());
        let source = "{% if week == '2027-W01' %}{{ nothing }}{% endif %}{{ headline }}{% if week_link %} {{ week_link }}{% endif %}";
        let here = MailTemplate::read(Some(file(source)), Some(file(source)), None).unwrap();
        let elsewhere =
            MailTemplate::read(Some(file(source)), Some(file(source)), Some(there)).unwrap();
        let mut report = sample();
        for week in ["2026-W47", "2027-W01"] {
            week.clone_into(&mut report.week);
            let [here, elsewhere] = [&here, &elsewhere]
                .map(|template| template.render(&report, &sample_context()).unwrap());
            assert_eq!(here, elsewhere);
            assert_eq!(here.warnings.len(), if week == "2027-W01" { 2 } else { 0 });
        }
        let nowhere: TemplateRunner = |_| Err("too long".to_owned());
        let error = MailTemplate::read(None, Some(file(source)), Some(nowhere)).unwrap_err();
        assert_eq!(error.to_string(), "invalid mail template mine.html: too long");
    }

    #[test]
    fn the_built_in_template_leaves_nine_tenths_of_the_fuel() {
        for form in [Form::Html, Form::Text] {
            let source = match form {
                Form::Html => include_str!("../../../templates/report.html.j2"),
                _ => include_str!("../../../templates/report.txt.j2"),
            };
            let view = sample_context().view(&sample());
            fill(form, "built-in", source, &view, Some(MAX_FUEL / 10)).unwrap();
        }
    }

    #[test]
    fn every_text_is_escaped_in_html_and_as_it_is_in_text() {
        let mut report = sample();
        report.gaps[0].examples[0] = "<b>&".to_owned();
        let source = "{% if counts %}{% for gap in counts.gaps.rows %}{{ gap.examples }}{% endfor %}{% else %}-{% endif %}";
        let template = MailTemplate::read(Some(file(source)), Some(file(source)), None).unwrap();
        let body = template.render(&report, &MailContext::default()).unwrap();
        assert!(!body.html.contains("<b>") && body.text.contains("<b>&"));
    }

    #[test]
    fn what_fails_on_a_week_or_grows_too_large_gives_way_to_the_built_in_form() {
        let source = "{{ week }}{% if week == '2027-W01' %}{% for _ in range(9000) %}far too long{% endfor %}{% elif week == '2027-W02' %}{{ nothing.here }}{% endif %}";
        let template = MailTemplate::read(Some(file(source)), Some(file(source)), None).unwrap();
        for week in ["2027-W01", "2027-W02"] {
            let mut report = sample();
            week.clone_into(&mut report.week);
            let view = MailContext::default().view(&report);
            let body = template.render(&report, &MailContext::default()).unwrap();
            assert_eq!(body.html, render(Form::Html, &view).unwrap());
            assert_eq!(body.text, render(Form::Text, &view).unwrap());
            assert_eq!(body.warnings.len(), 2);
        }
    }
}
