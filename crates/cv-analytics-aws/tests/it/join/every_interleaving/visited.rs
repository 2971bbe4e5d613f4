//! The states that were reached, in the order of the fewest moves, each with the one before it.

use super::world::{Packed, World};

/// A custom hash table: without optimisation, as tests are built, several times as fast as the standard library's.
pub(super) struct Visited {
    /// Each with the place of the one before it.
    states: Vec<(Packed, u32)>,
    /// Each state at the place that its hash says or, where that is taken, at the next free one.
    slots: Vec<Packed>,
}

/// No state is packed like this: a row that is not there is among those that there were.
const FREE: Packed = [0, 0];

impl Visited {
    pub(super) fn new(first: World) -> Self {
        let mut visited = Self { states: Vec::new(), slots: vec![FREE; 1 << 12] };
        visited.insert(first, 0);
        visited
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn get(&self, place: usize) -> World {
        World::unpacked(self.states[place].0)
    }

    /// Takes in a state that follows the one at `before`, where it is new.
    pub(super) fn insert(&mut self, world: World, before: usize) {
        if self.states.len() * 2 > self.slots.len() {
            self.slots = vec![FREE; self.slots.len() * 4];
            for &(packed, _) in &self.states {
                take(&mut self.slots, packed);
            }
        }
        let packed = world.packed();
        if take(&mut self.slots, packed) {
            self.states.push((packed, u32::try_from(before).unwrap()));
        }
    }

    /// The states from the first to the one at `place`.
    pub(super) fn path_to(&self, mut place: usize) -> Vec<World> {
        let mut path = vec![self.get(place)];
        while place != 0 {
            place = self.states[place].1 as usize;
            path.push(self.get(place));
        }
        path.reverse();
        path
    }
}

/// Takes a slot for a state; `false` where it has one.
fn take(slots: &mut [Packed], [one, other]: Packed) -> bool {
    let mixed = (one ^ other.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ mixed >> 32 ^ other).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let last = slots.len() - 1;
    let mut slot = (mixed >> 32) as usize & last;
    loop {
        let there = slots[slot];
        if there[0] == one && there[1] == other {
            return false;
        }
        if there[0] == 0 {
            slots[slot] = [one, other];
            return true;
        }
        slot = (slot + 1) & last;
    }
}
