//! The report as an HTML document for mail clients: tables, inline styles, no scripts, nothing
//! remote, and under 100 KB whatever the week holds.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::mail_context::MailContext;
use crate::model::Report;
use crate::report_view::{Lengths, ReportView};

/// Bytes of the largest mail: Gmail cuts off what is longer than 102 KB.
pub(crate) const LARGEST: usize = 100_000;
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
    let environment = environment(true)?;
    let template = environment.template_from_str(TEMPLATE)?;
    let mut html = String::new();
    for lengths in Lengths::ALL {
        html = template.render(Serde(ReportView::of(report, context, lengths)))?;
        if html.len() <= LARGEST {
            break;
        }
    }
    Ok(html)
}

/// How templates of reports are read: strictly, and with every text escaped in HTML.
pub(crate) fn environment(html: bool) -> Result<Environment<'static>, minijinja::Error> {
    let mut environment = Environment::new();
    let escape = move |_: &str| if html { AutoEscape::Html } else { AutoEscape::None };
    environment.set_auto_escape_callback(escape);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("href", href);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(
        syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build()?,
    );
    Ok(environment)
}

/// An address for an attribute between double quotes, with its slashes left readable.
fn href(address: &str) -> Value {
    let address = address.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;");
    Value::from_safe_string(address.replace('<', "&lt;").replace('>', "&gt;"))
}
