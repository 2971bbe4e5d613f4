//! The search through every state that a scenario can reach.

use std::fmt;
use std::time::Instant;

use super::design::Design;
use super::moves::Move;
use super::property::Property;
use super::scenario::Scenario;
use super::transitions::{Batch, Transitions};
use super::visited::Visited;
use super::world::World;

/// What the search came to.
pub(super) struct Searched {
    pub(super) states: usize,
    pub(super) moves: usize,
    pub(super) at_rest: usize,
    pub(super) seconds: f64,
    /// Calls of the longest run of steps that nothing disturbs.
    pub(super) most_calls: usize,
    pub(super) broken: Option<Broken>,
}

/// The shortest way to a state in which a property does not hold.
pub(super) struct Broken {
    pub(super) property: Property,
    way: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:?} does not hold:", self.property)?;
        self.way.iter().try_for_each(|line| writeln!(formatter, "  {line}"))
    }
}

/// Visits every state, nearest first, up to one in which one of the `properties` does not hold.
pub(super) fn search(design: Design, scenario: Scenario, properties: &[Property]) -> Searched {
    let begun = Instant::now();
    let mut transitions = Transitions::new(design, scenario);
    let batches = transitions.batches();
    let mut visited = Visited::new(World::beginning(&transitions));
    let (mut place, mut moves, mut at_rest) = (0, 0, 0);
    let mut next: Vec<(Move, World)> = Vec::new();
    let mut broken = None;
    while place < visited.len() && broken.is_none() {
        let world = visited.get(place);
        at_rest += usize::from(world.is_at_rest(&transitions));
        for &property in properties {
            if !property.holds_in(&world, &mut transitions) {
                broken = Some((property, place, None));
            }
        }
        next.clear();
        world.moves(&mut transitions, &batches, &mut next);
        moves += next.len();
        for &(done, after) in &next {
            if world.record != after.record || world.record == transitions.tombstone {
                for &property in properties {
                    if !property.allows(&world, done, &after, &mut transitions) {
                        broken = Some((property, place, Some(after)));
                    }
                }
            }
            visited.insert(after, place);
        }
        place += 1;
    }
    let broken = broken.map(|(property, place, after)| {
        let mut path = visited.path_to(place);
        path.extend(after);
        Broken { property, way: describe(&mut transitions, &batches, &path) }
    });
    Searched {
        states: visited.len(),
        moves,
        at_rest,
        seconds: begun.elapsed().as_secs_f64(),
        most_calls: transitions.most_calls(),
        broken,
    }
}

fn describe(transitions: &mut Transitions, batches: &[Batch], path: &[World]) -> Vec<String> {
    let mut lines = Vec::new();
    for pair in path.windows(2) {
        let mut next = Vec::new();
        pair[0].moves(transitions, batches, &mut next);
        let (done, world) = next.into_iter().find(|(_, after)| *after == pair[1]).unwrap();
        let items = transitions.describe_items(world.row, world.record);
        lines.push(format!("{} ─► {items}", done.describe(transitions)));
    }
    lines
}
