//! The switches of what is taken out of events at intake.

use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};

/// What is taken out of events at intake; everything by default.
#[derive(Clone, Copy, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is switched separately")]
pub(crate) struct PrivacySwitches {
    /// Keep e-mail addresses, phone numbers and keys in free text
    #[arg(long, env = "CV_ANALYTICS_KEEP_PERSONAL_DATA", value_parser = clap::builder::BoolishValueParser::new())]
    keep_personal_data: bool,
    /// Keep session IDs as the agent sends them, instead of a keyed hash
    #[arg(long, env = "CV_ANALYTICS_KEEP_SESSION_IDS", value_parser = clap::builder::BoolishValueParser::new())]
    keep_session_ids: bool,
    /// Keep user agents and referers
    #[arg(long, env = "CV_ANALYTICS_KEEP_USER_AGENTS", value_parser = clap::builder::BoolishValueParser::new())]
    keep_user_agents: bool,
    /// Keep no answers, whatever the agent sends
    #[arg(long, hide_short_help = true, env = "CV_ANALYTICS_NO_ANSWERS", value_parser = clap::builder::BoolishValueParser::new())]
    no_answers: bool,
}

impl PrivacySwitches {
    /// What is taken out, for a person.
    pub(crate) fn describe(self) -> impl Iterator<Item = (&'static str, String)> {
        let words =
            |keep: bool, done: &str| if keep { "kept as they come" } else { done }.to_owned();
        [
            ("Personal data in free text", words(self.keep_personal_data, "replaced by markers")),
            ("Session ids", words(self.keep_session_ids, "kept as keyed hashes")),
            ("User agents and referers", words(self.keep_user_agents, "dropped")),
            (
                "Answers",
                if self.no_answers { "dropped" } else { "kept where your agent sends them" }
                    .to_owned(),
            ),
        ]
        .into_iter()
    }

    /// The intake under these switches, with the installation's own session key.
    pub(crate) fn intake(self, session_key: SessionKey) -> Intake {
        Intake::new(self.privacy(Some(session_key)))
    }

    /// What is taken out under these switches; where there is no session key, sessions stay as they are.
    pub(crate) fn privacy(self, session_key: Option<SessionKey>) -> Privacy {
        Privacy {
            redact_text: !self.keep_personal_data,
            hash_sessions: !self.keep_session_ids && session_key.is_some(),
            drop_user_agent: !self.keep_user_agents,
            keep_answers: !self.no_answers,
            session_key: session_key.unwrap_or_else(|| SessionKey::new(Vec::new())),
        }
    }

    /// Whether sessions are kept as they come.
    pub(crate) fn keeps_session_ids(self) -> bool {
        self.keep_session_ids
    }
}
