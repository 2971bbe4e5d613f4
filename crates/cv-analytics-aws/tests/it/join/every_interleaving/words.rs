//! Moves, calls, rows and records in words: what is read when a property does not hold.

use cv_analytics_aws::item::record::Record;
use cv_analytics_aws::item::row::Half;
use cv_analytics_core::event::EventBody;
use cv_analytics_core::interaction::Interaction;

use super::moves::Move;
use super::transitions::Transitions;
use crate::join::calls::{Call, Steps};
use crate::join::events::request_id;
use crate::join::items::Items;

impl Move {
    pub(super) fn describe(self, transitions: &Transitions) -> String {
        let call = |step| transitions.describe_call(step);
        match self {
            Self::Take(batch) => {
                let events = transitions.scenario().events.iter().enumerate();
                let names = events.filter(|(message, _)| batch.messages & 1 << message != 0);
                let names: Vec<_> = names.map(|(_, (name, _))| *name).collect();
                format!("an executor takes {}", names.join(" and "))
            }
            Self::Call { step } => call(step),
            Self::StaleRead { step } => format!("{} gives an earlier version", call(step)),
            Self::LoseAnswer { step } => format!("{}, whose answer is lost", call(step)),
            Self::Acknowledge => "its messages are acknowledged".to_owned(),
            Self::Crash { step } => format!("the executor crashes before {}", call(step)),
            Self::BeginSweep { row, indexed } => {
                format!("a sweep begins with {}", transitions.describe_items(row, indexed))
            }
            Self::SweepCall { step } => format!("the sweep's {}", call(step)),
            Self::LoseSweepAnswer { step } => {
                format!("the sweep's {}, whose answer is lost", call(step))
            }
            Self::CrashSweep => "the sweep crashes".to_owned(),
            Self::Expire => "the row expires".to_owned(),
            Self::PutTombstone => "the owner's erasure: PutTombstone".to_owned(),
            Self::EraseRow => "the owner's erasure: EraseRow".to_owned(),
            Self::CrashErasure => "the owner's erasure breaks off".to_owned(),
        }
    }
}

impl Transitions {
    /// The call that `step` makes, in words.
    pub(super) fn describe_call(&self, step: u8) -> String {
        let Some(step) = self.numbered(step) else { return "nothing".to_owned() };
        match step.call() {
            Some(Call::ReadRow) => "ReadRow".to_owned(),
            Some(Call::ReadRecord) => "ReadRecord".to_owned(),
            Some(Call::EraseRow) => "EraseRow".to_owned(),
            Some(Call::DeleteRow) => "DeleteRow".to_owned(),
            Some(Call::AddHalf(half)) => format!("AddHalf {}", self.describe_half(half)),
            Some(Call::PutRow(half)) => format!("PutRow {}", self.describe_half(half)),
            Some(Call::CompleteRecord(step)) => {
                format!("CompleteRecord {}", self.describe(step.record()))
            }
            Some(Call::PutLone(record)) => format!("PutLone {}", self.describe(record)),
            Some(Call::PutFeedback(step) | Call::PutAnyFeedback(step)) => {
                let (request_id, feedback) = (request_id(0), Some(step.feedback().clone()));
                let given = Interaction { request_id, query: None, response: None, feedback };
                format!("PutFeedback {}", self.describe(&given))
            }
            Some(
                Call::PutJoined(record)
                | Call::PutJoinedWhereNone(record)
                | Call::PutJoinedOverLone(record)
                | Call::PutJoinedByPutItem(record),
            ) => {
                format!("PutRecord {}", self.describe(record))
            }
            None => "nothing".to_owned(),
        }
    }

    fn describe_half(&self, half: &Half) -> String {
        let (query, response) = match half.clone() {
            Half::Query(query) => (Some(query), None),
            Half::Response(response) => (None, Some(response)),
        };
        self.describe(&Interaction { request_id: request_id(0), query, response, feedback: None })
    }

    fn describe(&self, interaction: &Interaction) -> String {
        let mut names = Vec::new();
        for (name, event) in &self.scenario().events {
            let is_there = match &event.body {
                EventBody::Query(query) => interaction.query.as_ref() == Some(query),
                EventBody::Response(response) | EventBody::Whole(_, response) => {
                    interaction.response.as_ref() == Some(response)
                }
                EventBody::Feedback(feedback) => interaction.feedback.as_ref() == Some(feedback),
            };
            if is_there {
                names.push(*name);
            }
        }
        format!("{{{}}}", names.join(", "))
    }

    pub(super) fn describe_items(&self, row: u8, record: u8) -> String {
        let Items { row, record } = self.items(row, record);
        let row = match row {
            None => "none".to_owned(),
            Some(row) if row.erased => "erased".to_owned(),
            Some(row) => self.describe(&row.joined_to(request_id(0), None)),
        };
        let record = match record {
            None => "none".to_owned(),
            Some(Record::Erased) => "erased".to_owned(),
            Some(Record::Interaction(record)) => self.describe(&record),
        };
        format!("row {row}, record {record}")
    }
}
