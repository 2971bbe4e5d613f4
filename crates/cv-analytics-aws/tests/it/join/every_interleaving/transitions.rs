//! Rows, records and steps as small numbers, and what every call makes of them: each asked of the steps' own code once.

use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::item::row::InterimRow;
use cv_analytics_aws::joining::event_batch::EventBatch;
use cv_analytics_core::event::Event;
use cv_analytics_core::interaction::Interaction;

use super::design::{Design, Step};
use super::scenario::Scenario;
use crate::join::calls::{Call, Steps};
use crate::join::events::{ASKED_AT, request_id};
use crate::join::items::Items;
use crate::join::law::{Bodies, may_follow, shows};

/// Rows have numbers below this, so that a byte holds the set of those that were.
const ROWS: usize = 8;
/// Records have numbers below this, so that two bytes hold the set of those that were.
const RECORDS: usize = 16;
/// The number of the row, or the record, that is not there.
pub(super) const NOTHING: u8 = 0;
/// The number of no step: there is nothing to do.
pub(super) const IDLE: u8 = 0;
/// The number of every end.
pub(super) const DONE: u8 = 1;
/// The number of the end at which an executor was told that the request is erased.
pub(super) const DONE_AS_ERASED: u8 = 2;

/// What a call reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    ReadsRow,
    ReadsRecord,
    /// A row is written, or a record by the sweep.
    Writes,
    /// An executor puts a record.
    PutsRecord,
}

/// What is there once a call was made and its answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) step: u8,
    pub(super) row: u8,
    pub(super) record: u8,
}

/// What one batch brings: the messages, as bits, and the step that it begins with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) messages: u8,
    pub(super) step: u8,
}

/// The numbers, and what was asked so far.
pub(super) struct Transitions {
    design: Design,
    scenario: Scenario,
    bodies: Bodies,
    rows: Vec<Option<InterimRow>>,
    records: Vec<Option<Record>>,
    steps: Vec<(Option<Step>, Option<Access>)>,
    outcomes: Vec<Option<Outcome>>,
    sweeps: Vec<Option<u8>>,
    ends: Vec<Option<(u8, u8)>>,
    shown: Vec<Option<u8>>,
    followers: Vec<Option<bool>>,
    pub(super) erased_row: u8,
    pub(super) tombstone: u8,
}

fn number<T: Clone + PartialEq>(known: &mut Vec<T>, value: &T) -> u8 {
    let place = known.iter().position(|known| known == value).unwrap_or_else(|| {
        known.push(value.clone());
        known.len() - 1
    });
    u8::try_from(place).unwrap()
}

fn version<T: Clone + PartialEq>(known: &mut Vec<T>, value: &T, most: usize) -> u8 {
    let number = number(known, value);
    assert!(known.len() <= most, "more versions than a set has bits");
    number
}

/// A row, or a record, and a record.
fn pair(one: u8, record: u8) -> usize {
    usize::from(one) * RECORDS + usize::from(record)
}

/// Pairs of a row and a record.
const PAIRS: usize = ROWS * RECORDS;
/// A sweep that makes more calls for one row counts as endless.
const MAX_CALLS: usize = 10;

impl Transitions {
    pub(super) fn new(design: Design, scenario: Scenario) -> Self {
        let mut erased = Items::default();
        erased.erase_row();
        erased.put_tombstone();
        let (mut rows, mut records) = (vec![None], vec![None]);
        let erased_row = version(&mut rows, &erased.row, ROWS);
        let tombstone = version(&mut records, &erased.record, RECORDS);
        Self {
            design,
            bodies: scenario.bodies(),
            scenario,
            rows,
            records,
            // Idle, and the two ends.
            steps: vec![(None, None); 3],
            outcomes: Vec::new(),
            sweeps: vec![None; PAIRS],
            ends: vec![None; PAIRS],
            shown: vec![None; PAIRS],
            followers: vec![None; RECORDS * RECORDS],
            erased_row,
            tombstone,
        }
    }

    pub(super) fn design(&self) -> &Design {
        &self.design
    }

    pub(super) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub(super) fn numbered(&self, step: u8) -> Option<&Step> {
        self.steps[usize::from(step)].0.as_ref()
    }

    fn step(&mut self, step: Step) -> u8 {
        let access = match step.call() {
            None if step.is_done_as_erased() => return DONE_AS_ERASED,
            None => return DONE,
            Some(Call::ReadRow) => Access::ReadsRow,
            Some(Call::ReadRecord) => Access::ReadsRecord,
            Some(Call::PutJoined(_) | Call::CompleteRecord(_) | Call::PutFeedback(_))
                if matches!(step, Step::Joining(_)) =>
            {
                Access::PutsRecord
            }
            Some(_) => Access::Writes,
        };
        let number = number(&mut self.steps, &(Some(step), Some(access)));
        self.outcomes.resize(self.steps.len() * PAIRS, None);
        number
    }

    /// Every batch of one message, and of two different ones in either order. Feedback is worked on apart from halves
    /// that came with it: another executor may do that.
    pub(super) fn batches(&mut self) -> Vec<Batch> {
        let events: Vec<Event> =
            self.scenario.events.iter().map(|(_, event)| event.clone()).collect();
        let mut batches = Vec::new();
        for (first, event) in events.iter().enumerate() {
            // The same message twice in one batch is one.
            let twice = EventBatch::gather([(event.clone(), ()), (event.clone(), ())]);
            assert_eq!(twice[0].0.delivered(), EventBatch::first(event.clone()).delivered());
            for (second, other) in events.iter().enumerate() {
                let taken = [(event.clone(), first), (other.clone(), second)];
                let of = if second == first { &taken[..1] } else { &taken[..] };
                for (gathered, messages) in EventBatch::gather(of.iter().cloned()) {
                    let messages = messages.iter().fold(0, |all, message| all | 1 << message);
                    batches.push((messages, gathered.delivered().clone()));
                }
            }
        }
        let begin = self.design.begin;
        let mut known: Vec<Batch> = Vec::new();
        for (messages, delivered) in batches {
            let step = self.step(begin(delivered));
            if !known.iter().any(|batch| batch.messages == messages && batch.step == step) {
                known.push(Batch { messages, step });
            }
        }
        known
    }

    /// What the step's next call reads or writes; `None` where it makes no call any more.
    pub(super) fn access(&self, step: u8) -> Option<Access> {
        self.steps[usize::from(step)].1
    }

    /// What the step's next call makes of `row` and `record`.
    pub(super) fn outcome(&mut self, step: u8, row: u8, record: u8) -> Outcome {
        let place = usize::from(step) * PAIRS + pair(row, record);
        if let Some(outcome) = self.outcomes[place] {
            return outcome;
        }
        let mut items = self.items(row, record);
        let before = self.steps[usize::from(step)].0.clone().unwrap();
        let answer = items.make(before.call().unwrap(), ASKED_AT);
        let after = self.step(before.answered(answer));
        let row = version(&mut self.rows, &items.row, ROWS);
        let record = version(&mut self.records, &items.record, RECORDS);
        let outcome = Outcome { step: after, row, record };
        self.outcomes[place] = Some(outcome);
        outcome
    }

    pub(super) fn items(&self, row: u8, record: u8) -> Items {
        Items {
            row: self.rows[usize::from(row)].clone(),
            record: self.records[usize::from(record)].clone(),
        }
    }

    /// The step with which the sweep of a row begins that it read as `row`, where the index shows `record`.
    pub(super) fn sweep(&mut self, row: u8, record: u8) -> u8 {
        if let Some(step) = self.sweeps[pair(row, record)] {
            return step;
        }
        let Items { row: Some(read), record: indexed } = self.items(row, record) else {
            return DONE;
        };
        let indexed = match indexed {
            Some(Record::Interaction(indexed)) => Some(indexed),
            // A tombstone has no week.
            Some(Record::Erased) | None => None,
        };
        let begun = (self.design.sweep)(read, indexed.as_ref());
        let step = self.step(Step::Promotion(begun));
        self.sweeps[pair(row, record)] = Some(step);
        step
    }

    /// What a whole sweep with fresh reads makes of `row` and `record`; `None` where it does not end.
    pub(super) fn after_sweep(&mut self, row: u8, record: u8) -> Option<(u8, u8)> {
        if let end @ Some(_) = self.ends[pair(row, record)] {
            return end;
        }
        let mut now = Outcome { step: self.sweep(row, record), row, record };
        let mut calls = 0;
        while self.access(now.step).is_some() {
            now = self.outcome(now.step, now.row, now.record);
            calls += 1;
            if calls > MAX_CALLS {
                return None;
            }
        }
        self.ends[pair(row, record)] = Some((now.row, now.record));
        self.ends[pair(row, record)]
    }

    /// The messages, as bits, whose halves a report sees in `row` and `record`.
    pub(super) fn shown(&mut self, row: u8, record: u8) -> u8 {
        if let Some(messages) = self.shown[pair(row, record)] {
            return messages;
        }
        let shown = self.items(row, record).shown(&request_id(0));
        let mut messages = 0;
        for (message, (_, event)) in self.scenario.events.iter().enumerate() {
            if shown.as_ref().is_some_and(|shown| shows(shown, event, self.bodies)) {
                messages |= 1 << message;
            }
        }
        self.shown[pair(row, record)] = Some(messages);
        messages
    }

    /// Whether the executors and the sweep may leave `after` where the record was `before`.
    pub(super) fn may_follow(&mut self, before: u8, after: u8) -> bool {
        if let Some(may) = self.followers[pair(before, after)] {
            return may;
        }
        let record = |number: u8| self.records[usize::from(number)].as_ref();
        let may = match (record(before), record(after)) {
            (None, _) => true,
            (Some(Record::Interaction(before)), Some(Record::Interaction(after))) => {
                may_follow(before, after, self.bodies)
            }
            (before, after) => before == after,
        };
        self.followers[pair(before, after)] = Some(may);
        may
    }

    /// Whether `record` is one that the joining law makes of all messages.
    pub(super) fn is_lawful(&self, record: u8) -> bool {
        let record = self.records[usize::from(record)].as_ref();
        let is_it = |lawful: &Interaction| record == Some(&Record::Interaction(lawful.clone()));
        self.scenario.records().iter().any(is_it)
    }

    /// Whether only one half is in `row`.
    pub(super) fn is_lone(&self, row: u8) -> bool {
        let row = self.rows[usize::from(row)].as_ref();
        row.is_some_and(|row| row.query.is_some() != row.response.is_some())
    }

    pub(super) fn holds_half(&self, row: u8) -> bool {
        let row = self.rows[usize::from(row)].as_ref();
        row.is_some_and(|row| row.query.is_some() || row.response.is_some())
    }

    /// The most calls from any step to its end, whatever the answers; fails where there is no most.
    pub(super) fn most_calls(&self) -> usize {
        let mut longest = vec![0; self.steps.len()];
        for _ in 0..=self.steps.len() {
            let before = longest.clone();
            for (place, outcome) in self.outcomes.iter().enumerate() {
                if let Some(outcome) = outcome {
                    let calls = before[usize::from(outcome.step)] + 1;
                    longest[place / PAIRS] = calls.max(longest[place / PAIRS]);
                }
            }
            if longest == before {
                return longest.into_iter().max().unwrap_or_default();
            }
        }
        panic!("steps lead back to where they were");
    }
}
