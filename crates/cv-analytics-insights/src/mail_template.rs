//! The owner's own form of the weekly mail: a template for the HTML, one for the text, or both.
//!
//! Templates are [minijinja](https://docs.rs/minijinja)'s; their variables are those of the built-in
//! one, described in `docs/mail-template.md`. What is wrong with one is said when it is read, with
//! file and line. A mail is never missed for one: where a template fails on a week or yields more
//! than a mail can carry, the built-in form goes out, with a warning.

use minijinja::value::Serde;

use crate::mail_context::{DashboardAddress, MailContext};
use crate::model::Report;
use crate::report_html::{self, HtmlError, LARGEST};
use crate::report_text;
use crate::report_view::{Lengths, ReportView};

/// Weeks on which a template is tried when it is read: a full one, and one with nothing in it.
const SAMPLES: [&str; 2] = [
    include_str!("../../../fixtures/reports/rich-week.json"),
    include_str!("../../../fixtures/reports/empty-week.json"),
];

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
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail template {file}{} cannot be used: {problem}", .line.map(|line| format!(", line {line},")).unwrap_or_default())]
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
        for (file, is_html) in
            html.iter().map(|file| (file, true)).chain(text.iter().map(|file| (file, false)))
        {
            for sample in SAMPLES {
                let report: Report = serde_json::from_str(sample).map_err(|error| {
                    file.error(None, format!("the sample is no report: {error}"))
                })?;
                for context in [MailContext::default(), sample_context()] {
                    file.fill(&report, &context, is_html)?;
                }
            }
        }
        Ok(Self { html, text })
    }

    /// The report in both forms.
    ///
    /// # Errors
    /// None with the templates of this crate.
    pub fn render(&self, report: &Report, context: &MailContext) -> Result<MailBody, HtmlError> {
        let mut warnings = Vec::new();
        let mut fill = |file: &Option<TemplateFile>, is_html| {
            let filled = file.as_ref()?.fill(report, context, is_html);
            filled.map_err(|error| warnings.push(error)).ok()
        };
        let (html, text) = (fill(&self.html, true), fill(&self.text, false));
        let html = match html {
            Some(html) => html,
            None => report_html::render_with(report, context)?,
        };
        let text = text.unwrap_or_else(|| report_text::render_with(report, context));
        Ok(MailBody { html, text, warnings })
    }
}

impl TemplateFile {
    fn fill(
        &self,
        report: &Report,
        context: &MailContext,
        is_html: bool,
    ) -> Result<String, MailTemplateError> {
        let filled = report_html::environment(is_html).and_then(|environment| {
            let template = environment.template_from_str(&self.source)?;
            template.render(Serde(ReportView::of(report, context, Lengths::ALL[0])))
        });
        let filled = filled.map_err(|error| {
            let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
            self.error(error.line(), format!("{}{detail}", error.kind()))
        })?;
        if filled.trim().is_empty() {
            return Err(self.error(None, "it gives an empty mail".to_owned()));
        }
        if filled.len() > LARGEST {
            let bytes = filled.len();
            return Err(self.error(
                None,
                format!("it gives {bytes} bytes, and mail programs cut off what is over {LARGEST}"),
            ));
        }
        Ok(filled)
    }

    fn error(&self, line: Option<usize>, problem: String) -> MailTemplateError {
        MailTemplateError { file: self.name.clone(), line, problem }
    }
}

fn sample_context() -> MailContext {
    MailContext {
        dashboard: "https://analytics.example.org".parse::<DashboardAddress>().ok(),
        next_report: None,
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

    #[test]
    fn the_built_in_template_is_one_that_an_owner_could_have_written() {
        let built_in = include_str!("../templates/weekly_report.html");
        let template = MailTemplate::read(Some(file(built_in)), None).unwrap();
        let body = template.render(&sample(), &MailContext::default()).unwrap();
        assert_eq!(body.html, report_html::render(&sample()).unwrap());
        assert_eq!(body.warnings, []);
    }

    #[test]
    fn the_example_of_the_documents_is_taken() {
        let page = include_str!("../../../docs/mail-template.md");
        for (form, html) in [("html", true), ("text", false)] {
            let fence = format!("```jinja-{form}\n");
            let source = page.split(&fence).nth(1).unwrap().split("```").next().unwrap();
            let (html, text) =
                if html { (Some(file(source)), None) } else { (None, Some(file(source))) };
            MailTemplate::read(html, text).unwrap();
        }
    }

    #[test]
    fn a_fault_names_file_and_line() {
        for (source, line, problem) in [
            ("<p>\n{{ weak }}</p>", Some(2), "undefined"),
            ("<p>\n\n{% if week %}", Some(3), "syntax error"),
            ("{% if false %}x{% endif %}", None, "empty mail"),
        ] {
            let error = MailTemplate::read(Some(file(source)), None).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            let said = error.to_string();
            assert!(said.contains("mine.html") && said.contains(problem), "{said}");
        }
    }

    #[test]
    fn every_text_is_escaped_in_html_and_as_it_is_in_text() {
        let mut report = sample();
        report.gaps[0].examples[0] = "<b>&".to_owned();
        let source = "{% if counts %}{% for kind in counts.gaps.kinds %}{% for gap in kind.gaps %}{{ gap.examples }}{% endfor %}{% endfor %}{% else %}-{% endif %}";
        let template = MailTemplate::read(Some(file(source)), Some(file(source))).unwrap();
        let body = template.render(&report, &MailContext::default()).unwrap();
        assert!(!body.html.contains("<b>") && body.text.contains("<b>&"));
    }

    #[test]
    fn what_fails_on_a_week_or_grows_too_large_gives_way_to_the_built_in_form() {
        let source = "{{ week }}{% if week == '2027-W01' %}{% for _ in range(9000) %}far too long{% endfor %}{% elif week == '2027-W02' %}{{ nothing.here }}{% endif %}";
        let template = MailTemplate::read(Some(file(source)), Some(file(source))).unwrap();
        for week in ["2027-W01", "2027-W02"] {
            let mut report = sample();
            week.clone_into(&mut report.week);
            let body = template.render(&report, &MailContext::default()).unwrap();
            assert_eq!(body.html, report_html::render(&report).unwrap());
            assert_eq!(body.text, report_text::render(&report));
            assert_eq!(body.warnings.len(), 2);
        }
    }
}
