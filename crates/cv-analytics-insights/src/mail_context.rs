//! What a mail knows besides the report: where the dashboard is, when the next report comes, and how
//! its recipient leaves the list. Without any of it the forms are those of the report alone.

use std::str::FromStr;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use url::Url;

use crate::linked_text::{LinkedText, Piece};
use crate::questions::filter::{Opens, QuestionFilter};
use crate::report_figures::Figure;

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

    /// What a number opens, or the page of its week where that link is too long.
    fn behind(&self, opens: &Opens, week: &str) -> String {
        let root = self.page(&[]);
        let link = format!("{}{}", root.as_str().trim_end_matches('/'), opens.path());
        if link.len() > LONGEST_LINK { self.week(week) } else { link }
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

    /// The week, as the report names it.
    pub(crate) const fn week_name(&self) -> &'a str {
        self.week
    }

    pub(crate) fn week(&self) -> Option<String> {
        self.dashboard.map(|dashboard| dashboard.week(self.week))
    }

    pub(crate) fn behind(&self, opens: &Opens) -> Option<String> {
        self.dashboard.map(|dashboard| dashboard.behind(opens, self.week))
    }

    /// The link to these questions.
    pub(crate) fn questions(&self, filter: QuestionFilter) -> Option<String> {
        self.behind(&filter.into())
    }

    /// The pieces of a text with their links.
    pub(crate) fn pieces(&self, text: LinkedText) -> Vec<Piece> {
        text.pieces(|opens| self.behind(opens))
    }

    /// The figures with their links.
    pub(crate) fn link(&self, figures: Vec<Figure>) -> Vec<Figure> {
        figures.into_iter().map(|figure| figure.linked(|opens| self.behind(opens))).collect()
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
        assert_eq!(dashboard().mail(), "https://cv.example.org/analytics/mail");
        let letters = dashboard().behind(&Opens::DeadLetters, "2026-W47");
        assert_eq!(letters, "https://cv.example.org/analytics/dead-letters");
        let root: DashboardAddress = "http://127.0.0.1:8787".parse().unwrap();
        let questions = QuestionFilter::of_week("2026-W47").skill("Go").into();
        let expect = "http://127.0.0.1:8787/questions?week=2026-W47&skill=Go";
        assert_eq!(root.behind(&questions, "2026-W47"), expect);
    }

    #[test]
    fn a_link_without_end_gives_way_to_its_week() {
        let filter = QuestionFilter::of_week("2026-W47").skill(&"€".repeat(200));
        let link = dashboard().behind(&filter.into(), "2026-W47");
        assert_eq!(link, dashboard().week("2026-W47"));
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
