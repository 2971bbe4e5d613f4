//! Where a number leads: nowhere, to a page of the dashboard at its public address, or to one of the
//! dashboard that shows it.

use std::str::FromStr;

use cv_analytics_core::week::IsoWeek;
use url::Url;

use super::linked_text::LinkedText;
use crate::model::NameType;
use crate::questions::filter::QuestionFilter;

/// The longest link of a mail, bytes: a longer one, by a name without end, gives way to its week's
/// page.
const MAX_LINK_BYTES: usize = 320;

/// What the links of a view begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// There are none: nobody knows where the dashboard is.
    #[default]
    None,
    /// The dashboard's public address, for a mail.
    Absolute(DashboardAddress),
    /// A path, for the dashboard's own pages.
    Relative,
}

impl From<Option<DashboardAddress>> for Links {
    fn from(dashboard: Option<DashboardAddress>) -> Self {
        dashboard.map_or(Self::None, Self::Absolute)
    }
}

/// The dashboard's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardAddress(Url);

/// A text that is not the address of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid dashboard address {0:?}: expected https://analytics.example.org")]
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
    /// The address of the page at `path`, which begins with a slash.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }
}

/// The links of one week's report.
#[derive(Clone, Copy, Debug)]
pub struct WeekLinks<'a> {
    links: &'a Links,
    week: &'a str,
}

impl<'a> WeekLinks<'a> {
    /// The links of `week`, as its report names it.
    pub fn new(links: &'a Links, week: &'a str) -> Self {
        // A report from elsewhere may name its week as it likes: such a week has no pages.
        let links = if week.parse::<IsoWeek>().is_ok() { links } else { &Links::None };
        Self { links, week }
    }

    /// The same week with numbers that lead nowhere.
    #[must_use]
    pub const fn without_links(&self) -> Self {
        Self { links: &Links::None, week: self.week }
    }

    /// Whether there are any.
    pub const fn exist(&self) -> bool {
        !matches!(self.links, Links::None)
    }

    /// All interactions of the week.
    pub fn this_week(&self) -> QuestionFilter {
        QuestionFilter::of_week(self.week)
    }

    /// All interactions of the week before; `None` where the week has no name of one.
    pub fn week_before(&self) -> Option<QuestionFilter> {
        QuestionFilter::of_week_before(self.week)
    }

    /// The questions of `week` about a name of this report.
    pub fn about(&self, week: QuestionFilter, name_type: NameType, name: &str) -> QuestionFilter {
        match name_type {
            NameType::Skill => week.skill(name),
            NameType::Topic => week.topic(name).as_of(self.week),
        }
    }

    /// The week, as its report names it.
    pub const fn week_name(&self) -> &'a str {
        self.week
    }

    /// The page that lists these questions.
    pub fn questions(&self, filter: impl Into<Option<QuestionFilter>>) -> Option<String> {
        let path = filter.into()?.path();
        let page = self.page(&path)?;
        let is_too_long = page.len() > MAX_LINK_BYTES && matches!(self.links, Links::Absolute(_));
        if is_too_long { self.week_page() } else { Some(page) }
    }

    /// The words with the link to these questions.
    pub fn linked(
        &self,
        text: impl Into<String>,
        filter: impl Into<Option<QuestionFilter>>,
    ) -> LinkedText {
        LinkedText::linked(text, self.questions(filter))
    }

    /// The week's page.
    pub fn week_page(&self) -> Option<String> {
        self.page(&format!("/weeks/{}", self.week))
    }

    /// The page at `path`, which begins with a slash.
    pub fn page(&self, path: &str) -> Option<String> {
        match self.links {
            Links::None => None,
            Links::Absolute(dashboard) => Some(dashboard.page(path)),
            Links::Relative => Some(path.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absolute(address: &str) -> Links {
        Links::Absolute(address.parse().unwrap())
    }

    #[test]
    fn pages_are_named_below_the_address() {
        let links = absolute("https://cv.example.org/analytics/");
        let of_week = WeekLinks::new(&links, "2026-W47");
        let page = of_week.week_page();
        assert_eq!(page.as_deref(), Some("https://cv.example.org/analytics/weeks/2026-W47"));
        let links = absolute("http://127.0.0.1:8787");
        let of_week = WeekLinks::new(&links, "2026-W47");
        let questions = of_week.questions(of_week.this_week().skill("Go"));
        let expect = "http://127.0.0.1:8787/questions?week=2026-W47&skill=Go";
        assert_eq!(questions.as_deref(), Some(expect));
        let of_week = WeekLinks::new(&Links::Relative, "2026-W47");
        assert_eq!(of_week.page("/mail").as_deref(), Some("/mail"));
        assert_eq!(WeekLinks::new(&Links::Relative, "some week").week_page(), None);
        assert_eq!(WeekLinks::new(&Links::None, "2026-W47").week_page(), None);
    }

    #[test]
    fn a_link_without_end_gives_way_to_its_week() {
        let links = absolute("https://cv.example.org");
        let of_week = WeekLinks::new(&links, "2026-W47");
        let link = of_week.questions(of_week.this_week().skill(&"€".repeat(200)));
        assert_eq!(link, of_week.week_page());
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
