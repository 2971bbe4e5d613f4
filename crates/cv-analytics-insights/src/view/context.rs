//! What is the same for every part of a week's view: where its numbers lead, and how much it shows.

use cv_analytics_core::week::IsoWeek;

use super::limits::Limits;
use super::links::text::LinkedText;
use super::links::{Links, week_page};
use super::text::{number, sanitize};
use crate::model::NameType;
use crate::questions::filter::QuestionFilter;

/// The longest link of a mail, bytes: a longer one, by a name without end, gives way to its week's page.
const MAX_LINK_BYTES: usize = 320;

/// The links of one week, and the limits of its view.
#[derive(Clone, Copy, Debug)]
pub(super) struct ViewContext<'a> {
    links: &'a Links,
    week: &'a str,
    pub(super) limits: Limits,
}

impl<'a> ViewContext<'a> {
    /// The links of `week`, as its report names it.
    pub(super) fn new(links: &'a Links, week: &'a str, limits: Limits) -> Self {
        // A report from elsewhere may name its week as it likes: such a week has no pages.
        let links = if week.parse::<IsoWeek>().is_ok() { links } else { &Links::None };
        Self { links, week, limits }
    }

    /// The same week with numbers that lead nowhere.
    pub(super) const fn without_links(&self) -> Self {
        Self { links: &Links::None, ..*self }
    }

    /// Whether numbers lead anywhere.
    pub(super) const fn has_links(&self) -> bool {
        !matches!(self.links, Links::None)
    }

    pub(super) const fn week_name(&self) -> &'a str {
        self.week
    }

    /// All interactions of the week.
    pub(super) fn this_week(&self) -> QuestionFilter {
        QuestionFilter::of_week(self.week)
    }

    /// All interactions of the week before; `None` where the week has no name of one.
    pub(super) fn week_before(&self) -> Option<QuestionFilter> {
        QuestionFilter::of_week_before(self.week)
    }

    /// The questions of `week` about a name of this report.
    pub(super) fn about(
        &self,
        week: QuestionFilter,
        name_type: NameType,
        name: &str,
    ) -> QuestionFilter {
        match name_type {
            NameType::Skill => week.skill(name),
            NameType::Topic => week.topic(name).as_of(self.week),
        }
    }

    /// The page that lists these questions.
    pub(super) fn questions(&self, filter: impl Into<Option<QuestionFilter>>) -> Option<String> {
        let page = self.page(&filter.into()?.path())?;
        let is_too_long = page.len() > MAX_LINK_BYTES && matches!(self.links, Links::Absolute(_));
        if is_too_long { self.week_page() } else { Some(page) }
    }

    /// The words with the link to these questions.
    pub(super) fn linked(
        &self,
        text: impl Into<String>,
        filter: impl Into<Option<QuestionFilter>>,
    ) -> LinkedText {
        LinkedText::linked(text, self.questions(filter))
    }

    /// A count with the link to its questions.
    pub(super) fn count(
        &self,
        count: u64,
        filter: impl Into<Option<QuestionFilter>>,
    ) -> LinkedText {
        self.linked(number(count), filter)
    }

    /// The same, with a link only where there are any.
    pub(super) fn count_if_any(
        &self,
        count: u64,
        filter: impl Into<Option<QuestionFilter>>,
    ) -> LinkedText {
        self.count(count, filter.into().filter(|_| count > 0))
    }

    pub(super) fn week_page(&self) -> Option<String> {
        self.page(&week_page(self.week))
    }

    /// The page at `path`, which begins with a slash.
    pub(super) fn page(&self, path: &str) -> Option<String> {
        self.links.page(path)
    }

    /// A skill's or topic's name, sanitized.
    pub(super) fn name(&self, name: &str) -> String {
        sanitize(name, self.limits.name_columns)
    }

    /// A word for a skill, sanitized.
    pub(super) fn word(&self, word: &str) -> String {
        sanitize(word, self.limits.word_columns)
    }

    /// A question or a comment, sanitized.
    pub(super) fn question(&self, question: &str) -> String {
        sanitize(question, self.limits.question_columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_week<'a>(links: &'a Links, week: &'a str) -> ViewContext<'a> {
        ViewContext::new(links, week, Limits::MAIL)
    }

    fn absolute(address: &str) -> Links {
        Links::Absolute(address.parse().unwrap())
    }

    #[test]
    fn pages_are_named_below_the_address() {
        let links = absolute("https://cv.example.org/analytics/");
        let page = of_week(&links, "2026-W47").week_page();
        assert_eq!(page.as_deref(), Some("https://cv.example.org/analytics/weeks/2026-W47"));
        let links = absolute("http://127.0.0.1:8787");
        let at = of_week(&links, "2026-W47");
        let questions = at.questions(at.this_week().skill("Go"));
        let expect = "http://127.0.0.1:8787/questions?week=2026-W47&skill=Go";
        assert_eq!(questions.as_deref(), Some(expect));
        let mail = of_week(&Links::Relative, "2026-W47").page("/mail");
        assert_eq!(mail.as_deref(), Some("/mail"));
        assert_eq!(of_week(&Links::Relative, "some week").week_page(), None);
        assert_eq!(of_week(&Links::None, "2026-W47").week_page(), None);
    }

    #[test]
    fn a_link_without_end_gives_way_to_its_week() {
        let links = absolute("https://cv.example.org");
        let at = of_week(&links, "2026-W47");
        let link = at.questions(at.this_week().skill(&"€".repeat(200)));
        assert_eq!(link, at.week_page());
    }
}
