//! The links of a page or a mail that open questions, and how many each promises by its words.

/// A link to `/questions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberLink {
    /// The path with its filters.
    pub path: String,
    /// Its words.
    pub text: String,
    /// The questions that they promise; `None` where they are not a count of questions.
    pub questions: Option<u64>,
    /// The conversations that they promise.
    pub conversations: Option<u64>,
}

/// Every link to questions in `html`, in pages without `address` before their paths or in mails with it.
pub fn number_links(html: &str, address: &str) -> Vec<NumberLink> {
    let link = |part: &str| {
        let (href, after) = part.split_once('"')?;
        let (_, text) = after.split_once('>')?;
        let href = href.replace("&amp;", "&").replace("&#x2f;", "/");
        let path = href.strip_prefix(address).unwrap_or(&href).to_owned();
        let text = text.split('<').next()?.trim().to_owned();
        path.starts_with("/questions?").then(|| NumberLink::new(path, text))
    };
    html.split("href=\"").skip(1).filter_map(link).collect()
}

impl NumberLink {
    /// Reads `30 of them, from 26 conversations`, `was 14`, `k8s 20`, `120`.
    fn new(path: String, text: String) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |word: &&str| word.trim_end_matches(',').replace(',', "").parse().ok();
        let count: Option<u64> =
            words.first().and_then(number).or_else(|| words.last().and_then(number));
        let place = words.iter().position(|word| word.starts_with("conversation"));
        let before = place.and_then(|place| words.get(place.checked_sub(1)?));
        let conversations: Option<u64> = before.and_then(number);
        let is_of = |filter: &str| path.contains(filter);
        // A percentile is not a count.
        let is_time = is_of("took=") && !is_of("took=known");
        let (questions, conversations) = match (is_time, is_of("session=known")) {
            (true, _) => (None, None),
            (_, true) => (None, count),
            _ => (count, conversations),
        };
        Self { path, text, questions, conversations }
    }

    /// Whether its words are a number.
    pub const fn stands_on_a_number(&self) -> bool {
        self.questions.is_some() || self.conversations.is_some()
    }

    /// What the page that it opens says otherwise; `None` where it says the same.
    pub fn contradiction(&self, page: &str) -> Option<String> {
        let found = page
            .split_once("data-total=\"")
            .and_then(|(_, after)| after.split('"').next()?.parse::<u64>().ok());
        let Some(found) = found else {
            return Some(format!("{self:?} opens no page of questions: {page}"));
        };
        let conversations = self.conversations.map(|count| format!("in {count} conversation"));
        let says = conversations.is_none_or(|words| page.contains(&words));
        let same = says && self.questions.is_none_or(|questions| questions == found);
        (!same).then(|| format!("{self:?} opens {found} questions, or other conversations"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_link_promise_questions_and_conversations() {
        for (link, questions, conversations) in [
            ("skill=Go\">1,250 asked about it", Some(1_250), None),
            ("gap=Go\">30 of them, from 26 conversations", Some(30), Some(26)),
            ("session=known\">120", None, Some(120)),
            ("word=k8s\">k8s\u{a0}20", Some(20), None),
            ("score=known\">61.8", None, None),
            ("took=881-\">881 ms", None, None),
            ("took=known\">364 answers", Some(364), None),
        ] {
            let html = format!("<a href=\"https://example.org/questions?{link}</a>");
            let links = number_links(&html, "https://example.org");
            assert_eq!(links.len(), 1, "{html}");
            let found = links.first().map(|link| (link.questions, link.conversations));
            assert_eq!(found, Some((questions, conversations)), "{html}");
        }
    }

    #[test]
    fn a_page_that_says_something_else_is_found_out() {
        let html = "<a href=\"/questions?gap=Go\">3 questions in 2 conversations</a>";
        let links = number_links(html, "");
        for (page, agrees) in [
            ("data-total=\"3\" 3 questions in 2 conversations", true),
            ("data-total=\"4\" 4 questions in 2 conversations", false),
            ("data-total=\"3\" 3 questions in 3 conversations", false),
            ("not found", false),
        ] {
            let contradictions: Vec<_> =
                links.iter().filter_map(|link| link.contradiction(page)).collect();
            assert_eq!(contradictions.is_empty(), agrees, "{page}: {contradictions:?}");
        }
    }
}
