//! User agents that are not visitors, by the documented list in `known_bots.txt`.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// The list, as it is documented.
pub const KNOWN_BOTS: &str = include_str!("known_bots.txt");

struct Matcher {
    bots: Option<AhoCorasick>,
    visitors: Vec<&'static str>,
}

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    let lines = || {
        KNOWN_BOTS.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    };
    let bots = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostFirst)
        .build(lines().filter(|line| !line.starts_with('!')))
        .ok();
    Matcher { bots, visitors: lines().filter_map(|line| line.strip_prefix('!')).collect() }
});

/// Whether `user_agent` is that of a known bot.
pub fn is_known_bot(user_agent: &str) -> bool {
    let found = MATCHER.bots.as_ref().is_some_and(|bots| bots.is_match(user_agent));
    found && {
        let lower = user_agent.to_ascii_lowercase();
        !MATCHER.visitors.iter().any(|visitor| lower.contains(visitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bots_are_recognised_in_any_case() {
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "LINKEDINBOT/1.0",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0 Safari/537.36",
        ] {
            assert!(is_known_bot(agent), "{agent}");
        }
    }

    #[test]
    fn browsers_and_tools_are_visitors() {
        for agent in [
            "",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36",
            "curl/8.5.0",
        ] {
            assert!(!is_known_bot(agent), "{agent}");
        }
    }
}
