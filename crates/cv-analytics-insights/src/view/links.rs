//! Where a number leads: nowhere, to a page of the dashboard at its public address, or to one of the
//! dashboard that shows it.

pub mod text;

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// The page of the messages that could not be read.
pub const DEAD_LETTERS_PAGE: &str = "/dead-letters";

/// The page of a week.
pub fn week_page(week: impl Display) -> String {
    format!("/weeks/{week}")
}

/// What the links of a view begin with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Links {
    /// There are none: nobody knows where the dashboard is.
    #[default]
    None,
    /// The dashboard's public address, for a mail.
    Absolute(DashboardAddress),
    /// A path, for the dashboard's own pages.
    Relative,
}

impl Links {
    /// The page at `path`, which begins with a slash.
    pub fn page(&self, path: &str) -> Option<String> {
        match self {
            Self::None => None,
            Self::Absolute(dashboard) => Some(dashboard.page(path)),
            Self::Relative => Some(path.to_owned()),
        }
    }
}

impl From<Option<DashboardAddress>> for Links {
    fn from(dashboard: Option<DashboardAddress>) -> Self {
        dashboard.map_or(Self::None, Self::Absolute)
    }
}

/// The dashboard's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
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

impl TryFrom<String> for DashboardAddress {
    type Error = DashboardAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DashboardAddress> for String {
    fn from(DashboardAddress(url): DashboardAddress) -> Self {
        url.into()
    }
}

impl DashboardAddress {
    /// The address of the page at `path`, which begins with a slash.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
