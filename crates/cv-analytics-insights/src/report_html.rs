//! The report as an HTML document for mail clients: tables, inline styles, no scripts, nothing
//! remote, and under 100 KB whatever the week holds.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::mail_context::MailContext;
use crate::report::Report;
use crate::report_view::ReportView;

const TEMPLATE: &str = include_str!("../templates/weekly_report.html");

/// Why a report could not be written as HTML.
#[derive(Debug, thiserror::Error)]
#[error("the report's template cannot be filled in: {0:#}")]
pub struct HtmlError(#[from] minijinja::Error);

/// Writes the report as one complete HTML document. Every text in it is escaped.
///
/// # Errors
/// None with the template of this crate, whatever the report holds.
pub fn render(report: &Report) -> Result<String, HtmlError> {
    render_with(report, &MailContext::default())
}

/// The same with what a mail knows besides: links to the dashboard, the next report's date, and the
/// recipient's way out.
///
/// # Errors
/// None with the template of this crate, whatever the report holds.
pub fn render_with(report: &Report, context: &MailContext) -> Result<String, HtmlError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?,
    );
    let template = environment.template_from_str(TEMPLATE)?;
    Ok(template.render(Serde(ReportView::of(report, context)))?)
}
