//! Names that one conversation asks for together, more often than chance would have it.

use std::cmp::Reverse;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::Together;
use crate::tally::names::{Name, Names, TopicIndex};
use crate::tally::weeks::NameTally;

/// The most pairs that a report has.
const MAX_PAIRS: usize = 10;
/// Fewer conversations than this say nothing.
const MIN_CONVERSATIONS: usize = 3;
/// Pairs are searched among the most asked names: thousands of made-up names must not make millions of pairs.
const MAX_NAMES: usize = 300;

/// The pairs of a week of `all` conversations, by conversations, then by names.
pub(crate) fn together(
    all: u64,
    tallies: &mut HashMap<Name, NameTally, FxBuildHasher>,
    names: &Names<'_>,
) -> Vec<Together> {
    let mut asked: Vec<(&str, &[u64])> = tallies
        .iter_mut()
        .filter(|(name, _)| **name != Name::Topic(TopicIndex::OTHER))
        .map(|(&name, tally)| (names.of(name), tally.conversations.distinct()))
        .filter(|(_, conversations)| conversations.len() >= MIN_CONVERSATIONS)
        .collect();
    asked.sort_unstable_by_key(|(name, conversations)| (Reverse(conversations.len()), *name));
    asked.truncate(MAX_NAMES);

    // Sorted rather than collected by conversation: hundreds of thousands of them have one name.
    let places = (0_u16..).zip(&asked);
    let mut in_conversation: Vec<(u64, u16)> = places
        .flat_map(|(place, (_, conversations))| conversations.iter().map(move |&at| (at, place)))
        .collect();
    in_conversation.sort_unstable();
    let mut pairs: HashMap<(u16, u16), usize, FxBuildHasher> = HashMap::default();
    for conversation in in_conversation.chunk_by(|one, next| one.0 == next.0) {
        for (index, &(_, one)) in conversation.iter().enumerate() {
            for &(_, other) in conversation.iter().skip(index + 1) {
                *pairs.entry((one, other)).or_default() += 1;
            }
        }
    }

    let name = |place: u16| asked.get(usize::from(place));
    let mut found: Vec<Together> = pairs
        .into_iter()
        .filter(|(_, both)| *both >= MIN_CONVERSATIONS)
        .filter_map(|((one, other), both)| {
            let ((one, with_one), (other, with_other)) = (name(one)?, name(other)?);
            let by_chance = with_one.len() as u128 * with_other.len() as u128;
            (both as u128 * u128::from(all) > by_chance).then(|| Together {
                names: [(*one).to_owned(), (*other).to_owned()],
                conversations: both as u64,
                expected: to_one_digit(by_chance, u128::from(all)),
            })
        })
        .collect();
    found.sort_by(|a, b| {
        (Reverse(a.conversations), &a.names).cmp(&(Reverse(b.conversations), &b.names))
    });
    found.truncate(MAX_PAIRS);
    found
}

/// A quotient rounded half up to one digit.
#[expect(clippy::cast_precision_loss, reason = "tenths of at most the week's conversations")]
fn to_one_digit(dividend: u128, divisor: u128) -> f64 {
    let unit = divisor.max(1);
    ((20 * dividend + unit) / (2 * unit)) as f64 / 10.0
}
