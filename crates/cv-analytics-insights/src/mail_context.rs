//! What a mail knows besides the report: where the dashboard is, when the next report comes, and how
//! its recipient leaves the list. Without any of it the forms are those of the report alone.

use std::str::FromStr;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use serde::Serialize;
use url::Url;

use crate::report_figures::{Figure, Opens};

/// The longest link of a mail: a longer one, by a name without end, gives way to its week's page.
const LONGEST_LINK: usize = 320;

/// What surrounds a report in a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailContext {
    /// Where the recipient reaches the dashboard.
    pub dashboard: Option<DashboardAddress>,
    /// When the next report is due.
    pub next_report: Option<Timestamp>,
    /// The recipient's way out of the list, an `https:` or `mailto:` address.
    pub unsubscribe: Option<String>,
}

/// The dashboard's address, and the pages behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardAddress(Url);

/// A text that is no address of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address of a dashboard: write https://analytics.example.org")]
pub struct DashboardAddressError(String);

/// Which questions a link opens; a field that is `None` restricts nothing.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct QuestionFilter<'a> {
    /// The ISO 8601 week.
    pub week: Option<&'a str>,
    /// A skill's canonical name.
    pub skill: Option<&'a str>,
    /// `full`, `partial` or `none`.
    #[serde(rename = "match")]
    pub match_type: Option<&'a str>,
    /// An outcome, or `unanswered`.
    pub outcome: Option<&'a str>,
    /// The name of a gap.
    pub gap: Option<&'a str>,
    /// The gap's kind.
    pub kind: Option<&'a str>,
}

impl FromStr for DashboardAddress {
    type Err = DashboardAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || DashboardAddressError(text.chars().take(120).collect());
        let url = Url::parse(text.trim()).map_err(|_| refused())?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain && bare {
            Ok(Self(url))
        } else {
            Err(refused())
        }
    }
}

impl DashboardAddress {
    /// The page of a week.
    pub fn week(&self, week: &str) -> String {
        self.page(&["weeks", week]).into()
    }

    /// The questions behind a number.
    pub fn questions(&self, filter: QuestionFilter<'_>) -> String {
        let mut page = self.page(&["questions"]);
        {
            let mut pairs = page.query_pairs_mut();
            for (name, value) in [
                ("week", filter.week),
                ("skill", filter.skill),
                ("match", filter.match_type),
                ("outcome", filter.outcome),
                ("gap", filter.gap),
                ("kind", filter.kind),
            ] {
                if let Some(value) = value {
                    pairs.append_pair(name, value);
                }
            }
        }
        match filter.week {
            Some(week) if page.as_str().len() > LONGEST_LINK => self.week(week),
            _ => page.into(),
        }
    }

    /// The messages that could not be read.
    pub fn dead_letters(&self) -> String {
        self.page(&["dead-letters"]).into()
    }

    /// What became of the weekly mails.
    pub fn mail(&self) -> String {
        self.page(&["mail"]).into()
    }

    fn page(&self, path: &[&str]) -> Url {
        let mut page = self.0.clone();
        if let Ok(mut segments) = page.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        page
    }
}

/// The links of one week's report; without a dashboard there are none.
#[derive(Clone, Copy)]
pub(crate) struct PageLinks<'a> {
    dashboard: Option<&'a DashboardAddress>,
    week: &'a str,
}

impl<'a> PageLinks<'a> {
    pub(crate) fn new(context: &'a MailContext, week: &'a str) -> Self {
        // A report from elsewhere may name its week as it likes: such a page is not linked.
        let dashboard = context.dashboard.as_ref().filter(|_| week.parse::<IsoWeek>().is_ok());
        Self { dashboard, week }
    }

    /// Where the rest of a list is, in words.
    pub(crate) const fn rest(&self) -> &'static str {
        if self.dashboard.is_some() { "on the dashboard" } else { "in the JSON form" }
    }

    pub(crate) fn week(&self) -> Option<String> {
        self.dashboard.map(|dashboard| dashboard.week(self.week))
    }

    pub(crate) fn questions(&self, filter: QuestionFilter<'_>) -> Option<String> {
        let filter = QuestionFilter { week: Some(self.week), ..filter };
        self.dashboard.map(|dashboard| dashboard.questions(filter))
    }

    pub(crate) fn skill(&self, skill: &str) -> Option<String> {
        self.questions(QuestionFilter { skill: Some(skill), ..QuestionFilter::default() })
    }

    pub(crate) fn gap(&self, name: &str, kind: Option<&str>) -> Option<String> {
        self.questions(QuestionFilter { gap: Some(name), kind, ..QuestionFilter::default() })
    }

    pub(crate) fn behind(&self, opens: Opens) -> Option<String> {
        let all = QuestionFilter::default();
        match opens {
            Opens::Week => self.week(),
            Opens::Questions => self.questions(all),
            Opens::Match(kind) => self.questions(QuestionFilter { match_type: Some(kind), ..all }),
            Opens::Outcome(code) => self.questions(QuestionFilter { outcome: Some(code), ..all }),
            Opens::DeadLetters => self.dashboard.map(DashboardAddress::dead_letters),
        }
    }

    /// The figures with their links.
    pub(crate) fn link(&self, mut figures: Vec<Figure>) -> Vec<Figure> {
        for figure in &mut figures {
            figure.link = self.behind(figure.opens);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dashboard() -> DashboardAddress {
        "https://cv.example.org/analytics/".parse().unwrap()
    }

    #[test]
    fn pages_are_named_below_the_address() {
        assert_eq!(dashboard().week("2026-W47"), "https://cv.example.org/analytics/weeks/2026-W47");
        assert_eq!(dashboard().dead_letters(), "https://cv.example.org/analytics/dead-letters");
        assert_eq!(dashboard().mail(), "https://cv.example.org/analytics/mail");
    }

    #[test]
    fn values_of_a_filter_are_percent_encoded() {
        let filter = QuestionFilter {
            week: Some("2026-W47"),
            skill: Some("C++ & C#"),
            outcome: Some("no_match"),
            ..QuestionFilter::default()
        };
        let expect = "https://cv.example.org/analytics/questions?week=2026-W47&skill=C%2B%2B+%26+C%23&outcome=no_match";
        assert_eq!(dashboard().questions(filter), expect);
    }

    #[test]
    fn a_link_without_end_gives_way_to_its_week() {
        let name = "€".repeat(200);
        let filter = QuestionFilter {
            week: Some("2026-W47"),
            gap: Some(&name),
            ..QuestionFilter::default()
        };
        assert_eq!(dashboard().questions(filter), dashboard().week("2026-W47"));
    }

    #[test]
    fn an_address_is_http_and_nothing_more() {
        assert!("http://127.0.0.1:8787".parse::<DashboardAddress>().is_ok());
        for text in [
            "analytics.example.org",
            "ftp://example.org",
            "javascript:alert(1)",
            "https://user:secret@example.org",
            "https://example.org/?token=x",
        ] {
            assert!(text.parse::<DashboardAddress>().is_err(), "{text}");
        }
    }
}
