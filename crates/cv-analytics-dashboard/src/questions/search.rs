//! Goes through weeks of interactions, the newest first, and keeps what a page shows.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use cv_analytics_core::event::SessionDigest;
use cv_analytics_core::store::{Observation, Store};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::questions::filter::QuestionFilter;
use cv_analytics_insights::tally::search::QuestionSearch;
use futures_util::TryStreamExt;

use crate::page::PageError;
use crate::weeks::reports::Naming;

pub(crate) const QUESTIONS_PER_PAGE: usize = 50;
/// Interactions after which a search goes into no further week, so that a page stays quick.
const MAX_SEARCHED_INTERACTIONS: u64 = 200_000;

#[derive(Debug, Default)]
pub(crate) struct SearchResult {
    /// How many there are in the weeks that were searched.
    pub(crate) total: u64,
    /// Their different sessions, and each question without one.
    pub(crate) conversations: u64,
    /// Those of the page, the newest first.
    pub(crate) rows: Vec<Observation>,
    /// The oldest week that was searched.
    pub(crate) oldest: Option<IsoWeek>,
    /// Whether weeks that were asked for were left out, as enough was searched.
    pub(crate) cut_short: bool,
}

/// A row by its moment; of one moment by its id.
struct Row {
    at: Timestamp,
    observation: Observation,
}

impl Row {
    fn key(&self) -> (Timestamp, &str) {
        (self.at, &self.observation.request_id)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Row {}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// Finds the page that `filter` asks for; `newest` is the week where it names none.
pub(crate) async fn search(
    store: &dyn Store,
    naming: &Naming,
    filter: &QuestionFilter,
    newest: IsoWeek,
) -> Result<SearchResult, PageError> {
    let mut questions = QuestionSearch::new(filter, &naming.rules, naming.shared_phrases());
    let page = usize::try_from(filter.page.unwrap_or(1)).unwrap_or(1);
    let keep = page * QUESTIONS_PER_PAGE;
    let mut newest_rows: BinaryHeap<Reverse<Row>> = BinaryHeap::new();
    let mut sessions: HashSet<SessionDigest> = HashSet::new();
    let mut found = SearchResult::default();
    let mut searched = 0_u64;
    for back in 0..filter.weeks.unwrap_or(1) {
        if searched >= MAX_SEARCHED_INTERACTIONS {
            found.cut_short = true;
            break;
        }
        let week = newest.earlier(back);
        found.oldest = Some(week);
        let mut pages = store.scan(week.start()..week.end());
        while let Some(page) = pages.try_next().await? {
            searched += page.len() as u64;
            questions.search(&page, |observation| {
                let Some(at) = observation.at() else { return };
                found.total += 1;
                match observation.session {
                    Some(session) => found.conversations += u64::from(sessions.insert(session)),
                    None => found.conversations += 1,
                }
                let is_older = |last: &Reverse<Row>| last.0.key() > (at, observation.request_id);
                if newest_rows.len() >= keep && newest_rows.peek().is_some_and(is_older) {
                    return;
                }
                newest_rows.push(Reverse(Row { at, observation: observation.to_owned() }));
                if newest_rows.len() > keep {
                    newest_rows.pop();
                }
            });
        }
    }
    let rows = newest_rows.into_sorted_vec().into_iter().map(|Reverse(row)| row.observation);
    found.rows = rows.skip(keep - QUESTIONS_PER_PAGE).collect();
    Ok(found)
}
