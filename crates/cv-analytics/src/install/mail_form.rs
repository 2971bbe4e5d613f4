//! How the owner's mail looks: where its numbers link to, and custom templates.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use cv_analytics_insights::view::links::DashboardAddress;
use cv_analytics_insights::view::render::owner_template::{MailTemplate, TemplateFile};
use cv_analytics_mail::schedule::mailing::Mailing;

use crate::input::read_small;
use crate::install::template_process;

/// The form of the weekly mail.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Mail")]
pub(crate) struct MailForm {
    /// Link the mail's numbers to the dashboard at this address [default: --public-url]
    #[arg(long, hide_short_help = true, value_name = "URL", env = "CV_ANALYTICS_DASHBOARD_URL")]
    pub(crate) dashboard_url: Option<DashboardAddress>,
    /// Write the mail's HTML with this custom template (docs/use/mail-template.md)
    #[arg(long, hide_short_help = true, value_name = "FILE", env = "CV_ANALYTICS_MAIL_TEMPLATE")]
    mail_template: Option<PathBuf>,
    /// Write the mail's plain text with this custom template
    #[arg(
        long,
        hide_short_help = true,
        value_name = "FILE",
        env = "CV_ANALYTICS_MAIL_TEXT_TEMPLATE"
    )]
    mail_text_template: Option<PathBuf>,
    /// Show in the mail what the agent answered, beside a gap's question
    #[arg(long, hide_short_help = true, env = "CV_ANALYTICS_MAIL_ANSWERS", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) mail_answers: bool,
}

impl MailForm {
    /// The options that were set.
    #[cfg(feature = "aws")]
    pub(crate) fn set_here(&self) -> Vec<&'static str> {
        let set = [
            ("--dashboard-url", self.dashboard_url.is_some()),
            ("--mail-template", self.mail_template.is_some()),
            ("--mail-text-template", self.mail_text_template.is_some()),
            ("--mail-answers", self.mail_answers),
        ];
        set.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect()
    }

    /// The owner's templates, read and tried; to be asked for before anything is promised.
    pub(crate) fn template(&self) -> Result<MailTemplate> {
        let html = self.mail_template.as_deref().map(read).transpose()?;
        let text = self.mail_text_template.as_deref().map(read).transpose()?;
        let template = MailTemplate::read(html, text, Some(template_process::run_in_process))?;
        for old in template.old_names() {
            eprintln!("warning: {old}");
        }
        Ok(template)
    }

    /// `mailing` in this form.
    pub(crate) fn applied_to(&self, mut mailing: Mailing) -> Result<Mailing> {
        mailing.template = self.template()?;
        mailing.answers = self.mail_answers;
        if let Some(dashboard) = &self.dashboard_url {
            mailing.dashboard = Some(dashboard.clone());
        }
        Ok(mailing)
    }
}

fn read(path: &Path) -> Result<TemplateFile> {
    let source = read_small(path).and_then(|bytes| Ok(String::from_utf8(bytes)?));
    let source = source.with_context(|| format!("invalid mail template {}", path.display()))?;
    Ok(TemplateFile { name: path.display().to_string(), source })
}
