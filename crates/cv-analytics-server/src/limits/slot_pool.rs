//! Slots for the connections and bodies of clients, a bounded number, and which address gives one up where all are taken.
//!
//! Nobody waits: a new connection takes the slot with the lowest priority. Those who proved
//! that they know the key or the token come last; of the others, the address that holds most gives one
//! up, and of its slots the one that has gone longest without anything to show. So a crowd from one
//! address displaces itself, and a proxy, behind which everybody has one address, is not punished.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::limits::occasional_log::OccasionalLog;

/// The slots of one kind.
#[derive(Clone, Debug)]
pub(crate) struct SlotPool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What they are slots for, as the log says it.
    what: &'static str,
    most: usize,
    taken: Mutex<TakenSlots>,
    /// Numbers the slots, and everything that their holders have to show, in order.
    clock: AtomicU64,
    log: OccasionalLog,
}

#[derive(Debug)]
struct Taken {
    /// Whose it is: an address, or a network of them.
    network: IpAddr,
    is_proven: bool,
    /// When its holder last had something to show.
    shown: u64,
    lost: Arc<Notify>,
}

/// Whether its holders are proven, and their network.
type Group = (bool, IpAddr);

/// The slots that are taken, in an order that tells without a search which one goes first: a crowd of newcomers must not
/// cost a search each.
#[derive(Debug, Default)]
struct TakenSlots {
    by_number: HashMap<u64, Taken>,
    /// Each group's slots by what was shown last, the longest ago first.
    groups: HashMap<Group, BTreeSet<(u64, u64)>>,
    /// The groups; the last gives one up first: strangers, then the largest, then the one that showed nothing for longest.
    order: BTreeSet<(Reverse<bool>, usize, Reverse<u64>, IpAddr)>,
}

impl TakenSlots {
    fn insert(&mut self, number: u64, slot: Taken) {
        let shown = slot.shown;
        self.regroup((slot.is_proven, slot.network), |group| group.insert((shown, number)));
        self.by_number.insert(number, slot);
    }

    fn remove(&mut self, number: u64) -> Option<Taken> {
        let slot = self.by_number.remove(&number)?;
        self.regroup((slot.is_proven, slot.network), |group| group.remove(&(slot.shown, number)));
        Some(slot)
    }

    /// The slot that goes first.
    fn remove_first(&mut self) -> Option<Taken> {
        let &(Reverse(is_proven), _, _, network) = self.order.last()?;
        let &(_, number) = self.groups.get(&(is_proven, network))?.first()?;
        self.remove(number)
    }

    /// Changes a group's slots, and its own place in the order with them.
    fn regroup(&mut self, of: Group, change: impl FnOnce(&mut BTreeSet<(u64, u64)>) -> bool) {
        let rank = |group: &BTreeSet<(u64, u64)>| {
            let &(shown, _) = group.first()?;
            Some((Reverse(of.0), group.len(), Reverse(shown), of.1))
        };
        let group = self.groups.entry(of).or_default();
        if let Some(before) = rank(group) {
            self.order.remove(&before);
        }
        change(group);
        if let Some(after) = rank(group) {
            self.order.insert(after);
        } else {
            self.groups.remove(&of);
        }
    }
}

impl SlotPool {
    /// `most` slots for `what`.
    pub(crate) fn new(what: &'static str, most: usize) -> Self {
        Self(Arc::new(Shared {
            what,
            most,
            taken: Mutex::default(),
            clock: AtomicU64::new(0),
            log: OccasionalLog::default(),
        }))
    }

    /// A slot for `network`; where all are taken, another's.
    pub(crate) fn take(&self, network: IpAddr) -> Slot {
        let number = self.0.now();
        let lost = Arc::new(Notify::new());
        let mine = Taken { network, is_proven: false, shown: number, lost: Arc::clone(&lost) };
        let mut taken = self.0.taken();
        if taken.by_number.len() >= self.0.most {
            self.0.free_one(&mut taken);
        }
        taken.insert(number, mine);
        drop(taken);
        Slot { shared: Arc::clone(&self.0), number, lost }
    }

    /// Frees a slot where something other than slots has run out.
    pub(crate) fn free_one(&self) {
        self.0.free_one(&mut self.0.taken());
    }
}

impl Shared {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn taken(&self) -> MutexGuard<'_, TakenSlots> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_one(&self, taken: &mut TakenSlots) {
        let Some(slot) = taken.remove_first() else { return };
        slot.lost.notify_one();
        if let Some(count) = self.log.count() {
            tracing::warn!(
                client_address = %slot.network,
                displaced = count,
                "more {} than are served at once: some had to give way, the last of this address",
                self.what
            );
        }
    }
}

/// A slot; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    shared: Arc<Shared>,
    number: u64,
    lost: Arc<Notify>,
}

impl Slot {
    /// Notes that its holder has something to show for it.
    pub(crate) fn show(&self) {
        let now = self.shared.now();
        self.change(|slot| slot.shown = now);
    }

    /// Notes whether its holder knows the key or the token.
    pub(crate) fn set_proven(&self, is_proven: bool) {
        self.change(|slot| slot.is_proven = is_proven);
    }

    /// Resolves when the slot is given to another; one call at a time hears of it.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut Taken)) {
        // One that is lost stays so.
        let mut taken = self.shared.taken();
        if let Some(mut slot) = taken.remove(self.number) {
            change(&mut slot);
            taken.insert(self.number, slot);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.taken().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures_util::FutureExt;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    fn is_lost(slot: &Slot) -> bool {
        slot.lost().now_or_never().is_some()
    }

    fn lost(slots: &[Slot]) -> Vec<usize> {
        let lost = slots.iter().enumerate().filter(|(_, slot)| is_lost(slot));
        lost.map(|(number, _)| number).collect()
    }

    #[test]
    fn the_address_that_holds_most_gives_up_its_idlest() {
        let slots = SlotPool::new("slots", 4);
        let crowd: Vec<_> = [1, 1, 1, 2].map(|last| slots.take(address(last))).into();
        crowd[0].show();
        let _newcomer = slots.take(address(3));
        assert_eq!(lost(&crowd), [1]);
        let _newcomer = slots.take(address(3));
        assert_eq!(lost(&crowd), [2], "a lost slot is told of once, and its number is forgotten");
    }

    #[test]
    fn a_crowd_displaces_itself_and_not_those_who_were_right() {
        let slots = SlotPool::new("slots", 10);
        // Behind a proxy all have one address.
        let right: Vec<_> = (0..3).map(|_| slots.take(address(1))).collect();
        for slot in &right {
            slot.set_proven(true);
        }
        let single = slots.take(address(2));
        let crowd: Vec<_> = (0..500).map(|_| slots.take(address(1))).collect();
        assert_eq!(lost(&right), [0_usize; 0]);
        assert!(!is_lost(&single));
        assert_eq!(lost(&crowd), (0..494).collect::<Vec<_>>());
        assert_eq!(slots.0.taken().by_number.len(), 10);
        right[0].set_proven(false);
        let _newcomer = slots.take(address(1));
        assert_eq!(lost(&right), [0]);
        drop((right, single, crowd));
        assert_eq!(slots.0.taken().by_number.len(), 1);
    }

    #[test]
    fn where_all_were_right_the_newcomer_still_gets_one() {
        let slots = SlotPool::new("slots", 2);
        let right: Vec<_> = [1, 2].map(|last| slots.take(address(last))).into();
        for slot in &right {
            slot.set_proven(true);
        }
        right[0].show();
        let _newcomer = slots.take(address(3));
        assert_eq!(lost(&right), [1]);
    }
}
