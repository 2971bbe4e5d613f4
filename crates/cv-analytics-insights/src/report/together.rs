//! Names that one conversation asks for together, more often than chance would have it.

use std::cmp::Reverse;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::Together;
use crate::tally::names::{Name, Names, TopicIndex};
use crate::tally::weeks::WeekTally;

/// The most pairs that a report has.
const MAX_PAIRS: usize = 10;
/// Fewer conversations than this say nothing.
const MIN_CONVERSATIONS: u64 = 3;
/// Pairs are looked for among so many names, those that most conversations ask for: a visitor who
/// makes up thousands makes no millions of pairs.
const MAX_NAMES: usize = 300;

/// The pairs of the week, by conversations, then by names.
pub(crate) fn together(week: &mut WeekTally, names: &Names<'_>) -> Vec<Together> {
    let all = week.conversations();
    let mut asked: Vec<(u64, &str, Vec<u64>)> = week
        .names
        .iter_mut()
        .filter(|(name, _)| **name != Name::Topic(TopicIndex::OTHER))
        .map(|(&name, tally)| (tally.conversations.count(), names.of(name), tally))
        .filter(|(count, _, _)| *count >= MIN_CONVERSATIONS)
        .map(|(count, name, tally)| (count, name, tally.conversations.distinct().to_vec()))
        .collect();
    asked.sort_unstable_by(|a, b| (Reverse(a.0), a.1).cmp(&(Reverse(b.0), b.1)));
    asked.truncate(MAX_NAMES);

    let mut of_conversation: HashMap<u64, Vec<u16>, FxBuildHasher> = HashMap::default();
    for (place, (_, _, conversations)) in (0_u16..).zip(&asked) {
        for &conversation in conversations {
            of_conversation.entry(conversation).or_default().push(place);
        }
    }
    let mut pairs: HashMap<(u16, u16), u64, FxBuildHasher> = HashMap::default();
    for places in of_conversation.values() {
        for (index, &one) in places.iter().enumerate() {
            for &other in places.iter().skip(index + 1) {
                *pairs.entry((one, other)).or_default() += 1;
            }
        }
    }

    let name = |place: u16| asked.get(usize::from(place));
    let mut found: Vec<Together> = pairs
        .into_iter()
        .filter(|(_, both)| *both >= MIN_CONVERSATIONS)
        .filter_map(|((one, other), both)| {
            let ((count, one, _), (other_count, other, _)) = (name(one)?, name(other)?);
            let by_chance = u128::from(*count) * u128::from(*other_count);
            (u128::from(both) * u128::from(all) > by_chance).then(|| Together {
                names: [(*one).to_owned(), (*other).to_owned()],
                conversations: both,
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
