//! Which skills moved against the week before, and how sure that is.
//!
//! Every skill with five interactions or more in both weeks together is tested: Fisher's exact test
//! on interactions with and without it, all skills together by Benjamini–Hochberg at 0.10. Where at
//! least 80 % of the interactions have a session, the same is done on distinct sessions, and both
//! must agree: one visitor who asks ten times is no trend.

use std::collections::BTreeMap;

use crate::model::Trend;
use crate::report::fisher::{TwoGroups, benjamini_hochberg};
use crate::tally::asked_skills::SkillIndex;
use crate::tally::weeks::{WeekTally, distinct};

/// Fewer interactions than this in both weeks together say nothing.
const TOO_FEW_UNDER: u64 = 5;
/// One in ten of the arrows may be false.
const FALSE_DISCOVERY_RATE: f64 = 0.10;

/// What can be said of one skill's movement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movement {
    pub(crate) trend: Trend,
    /// Fisher's exact test on interactions; `None` where there were too few to test.
    pub(crate) p: Option<f64>,
}

/// The movement of every skill of the last two of `weeks`.
pub(crate) fn movements(weeks: &mut [WeekTally]) -> BTreeMap<SkillIndex, Movement> {
    let Some((this, before)) = weeks.split_last_mut() else { return BTreeMap::new() };
    let Some((previous, earlier)) = before.split_last_mut() else { return BTreeMap::new() };
    let sessions = sessions_suffice(this, previous)
        .then(|| (distinct(&mut this.sessions), distinct(&mut previous.sessions)));

    let mut skills: Vec<SkillIndex> =
        this.skills.keys().chain(previous.skills.keys()).copied().collect();
    skills.sort_unstable();
    skills.dedup();
    let mut tested = Vec::new();
    let mut movements = BTreeMap::new();
    for skill in skills {
        let count = |week: &WeekTally| week.skills.get(&skill).map_or(0, |tally| tally.queries);
        let interactions = TwoGroups {
            with: count(this),
            all: this.interactions,
            other_with: count(previous),
            other_all: previous.interactions,
        };
        if interactions.with + interactions.other_with < TOO_FEW_UNDER {
            movements.insert(skill, Movement { trend: Trend::TooFew, p: None });
            continue;
        }
        let people = sessions.map(|(these, those)| {
            let count = |week: &mut WeekTally| {
                week.skills
                    .get_mut(&skill)
                    .and_then(|tally| distinct(&mut tally.sessions))
                    .unwrap_or(0)
            };
            TwoGroups {
                with: count(this),
                all: these.unwrap_or(0),
                other_with: count(previous),
                other_all: those.unwrap_or(0),
            }
        });
        tested.push((skill, interactions, people));
    }

    let p_values: Vec<f64> =
        tested.iter().map(|(_, interactions, _)| interactions.fisher_p()).collect();
    let significant = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let people_p: Vec<f64> =
        tested.iter().map(|(_, _, people)| people.map_or(0.0, TwoGroups::fisher_p)).collect();
    let people_significant = benjamini_hochberg(&people_p, FALSE_DISCOVERY_RATE);
    let verdicts = p_values.iter().zip(significant).zip(people_significant);
    for ((skill, interactions, people), ((p, one), other)) in tested.iter().zip(verdicts) {
        let direction = interactions.direction();
        let agree = people.is_none_or(|people| other && people.direction() == direction);
        let absent_before = |week: &WeekTally| !week.skills.contains_key(skill);
        let trend = match direction {
            std::cmp::Ordering::Greater if one && agree => {
                let new = absent_before(previous) && earlier.iter().all(absent_before);
                if new { Trend::New } else { Trend::Rising }
            }
            std::cmp::Ordering::Less if one && agree => {
                if interactions.with == 0 {
                    Trend::Gone
                } else {
                    Trend::Falling
                }
            }
            _ => Trend::Steady,
        };
        movements.insert(*skill, Movement { trend, p: Some(*p) });
    }
    movements
}

/// Whether at least 80 % of the two weeks' interactions have a session.
fn sessions_suffice(this: &WeekTally, previous: &WeekTally) -> bool {
    let (known, all) =
        (this.with_session + previous.with_session, this.interactions + previous.interactions);
    all > 0 && known * 5 >= all * 4
}

impl TwoGroups {
    /// Whether the share is larger in the first group.
    fn direction(self) -> std::cmp::Ordering {
        let first = u128::from(self.with) * u128::from(self.other_all);
        first.cmp(&(u128::from(self.other_with) * u128::from(self.all)))
    }
}
