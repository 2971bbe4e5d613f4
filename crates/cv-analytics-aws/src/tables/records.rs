//! Records: the calls to `CV-Analytics` that keep and read interactions.

use std::collections::HashMap;
use std::ops::Range;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure, Select,
};
use cv_analytics_core::event::{Feedback, RequestId};
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;

use super::{Page, TableResult, Tables, WEEK_INDEX};
use crate::item::attributes::{
    Attributes, FEEDBACK, FEEDBACK_TIMESTAMP, FEEDBACK_TOLERATED, FORM, HALF_ATTRIBUTES,
    QUERY_SESSION, QUERY_TRAFFIC, REQUEST_ID, moment, session, text, texts, traffic,
};
use crate::item::record::{PutConflict, Record};
use crate::item::{
    AWAITS, ERASED, REPORT_ATTRIBUTES, TIMESTAMP, WAITING_FEEDBACK, WEEK, key, read_record,
    write_record,
};
use crate::joining::completion::CompleteRecord;
use crate::tables::error::TableError;

impl Tables {
    /// Reads a record: half a unit, or one where the read has to be consistent.
    pub async fn read_record(
        &self,
        request_id: &RequestId,
        consistent: bool,
    ) -> TableResult<Option<Record>> {
        let table = &self.names.analytics;
        let item = self.get(table, request_id.as_str(), consistent).await?;
        item.map(read_record).transpose().map_err(TableError::unreadable(table))
    }

    /// Puts a record with both halves where there is none, or only one half; a whole record not
    /// over a query half with a session or a traffic flag that it lacks.
    pub async fn put_joined(&self, record: &Interaction) -> TableResult<Result<(), PutConflict>> {
        let mut condition = Condition::default();
        let there_is_none = condition.there_is_no_record();
        condition.name("#awaits", AWAITS);
        let mut is_lone = "attribute_exists(#awaits)".to_owned();
        if let Some(query) = &record.query {
            let lacking = [
                (
                    record.lacks_session(),
                    "#session",
                    QUERY_SESSION,
                    session(query.session.as_ref()),
                ),
                (record.lacks_traffic(), "#traffic", QUERY_TRAFFIC, traffic(query.traffic)),
            ];
            for (_, short, name, value) in lacking.into_iter().filter(|(lacks, ..)| *lacks) {
                is_lone.push_str(" AND (");
                if value.is_some() {
                    is_lone.push_str(&condition.is(short, name, value));
                    is_lone.push_str(" OR ");
                }
                is_lone.push_str(&condition.is(short, name, None));
                is_lone.push(')');
            }
        }
        condition.expression = format!("{there_is_none} OR ({is_lone})");
        Ok(match self.put_record(record, condition).await? {
            Ok(()) => Ok(()),
            Err(Record::Erased) => Err(PutConflict::Erased),
            Err(Record::Interaction(there)) if there.is_joined() => Err(PutConflict::Joined(there)),
            Err(Record::Interaction(there)) => Err(PutConflict::Lone(there)),
        })
    }

    /// Puts a lone half as a record where there is none.
    pub async fn put_lone(&self, record: &Interaction) -> TableResult<Result<(), Record>> {
        let mut condition = Condition::default();
        condition.expression = condition.there_is_no_record();
        self.put_record(record, condition).await
    }

    /// Puts a whole record with what it lacked in its own place, unless its session or its traffic
    /// flag is another by now.
    pub async fn complete_record(&self, step: &CompleteRecord) -> TableResult<Result<(), Record>> {
        let mut condition = Condition::default();
        condition.name("#form", FORM);
        let mut terms = vec!["attribute_exists(#form)".to_owned()];
        if let Some(query) = &step.before().query {
            let known = session(query.session.as_ref());
            terms.push(condition.is("#session", QUERY_SESSION, known));
            terms.push(condition.is("#traffic", QUERY_TRAFFIC, traffic(query.traffic)));
        }
        condition.expression = terms.join(" AND ");
        self.put_record(step.record(), condition).await
    }

    /// Puts feedback into the item of its record, or where there is none into an item in which it waits, unless what
    /// is there was given later, or at the same moment and has lesser canonical bytes. A tombstone has no week, nor
    /// has an item of another program.
    pub async fn put_feedback(
        &self,
        request_id: &RequestId,
        feedback: &Feedback,
    ) -> TableResult<Result<(), Record>> {
        let week = IsoWeek::containing(feedback.timestamp);
        let tolerated = texts(&feedback.tolerated);
        let tolerated_term =
            if tolerated.is_some() { ", #tolerated = :tolerated" } else { " REMOVE #tolerated" };
        let mut update = self
            .client
            .update_item()
            .update_expression(format!(
                "SET #feedback = :feedback, #at = :at, #week = if_not_exists(#week, :week), \
                 #timestamp = if_not_exists(#timestamp, :at){tolerated_term}",
            ))
            .condition_expression(
                "attribute_not_exists(#id) OR (attribute_exists(#week) AND (attribute_not_exists(#at) \
                 OR #at < :at OR (#at = :at AND #feedback > :feedback)))",
            )
            .expression_attribute_names("#id", REQUEST_ID)
            .expression_attribute_names("#week", WEEK)
            .expression_attribute_names("#timestamp", TIMESTAMP)
            .expression_attribute_names("#feedback", FEEDBACK)
            .expression_attribute_names("#tolerated", FEEDBACK_TOLERATED)
            .expression_attribute_names("#at", FEEDBACK_TIMESTAMP)
            .expression_attribute_values(":week", text(format!("{WAITING_FEEDBACK}{week}")))
            .expression_attribute_values(":feedback", text(feedback.canonical_bytes(request_id)))
            .expression_attribute_values(":at", moment(feedback.timestamp));
        if let Some(tolerated) = tolerated {
            update = update.expression_attribute_values(":tolerated", tolerated);
        }
        self.update(request_id, update).await
    }

    /// Puts a record on a condition. Of an item that is there nothing stays but its feedback.
    async fn put_record(
        &self,
        record: &Interaction,
        condition: Condition,
    ) -> TableResult<Result<(), Record>> {
        let Condition { expression, mut names, mut values } = condition;
        let mut item = write_record(record);
        item.remove(REQUEST_ID);
        let (mut set, mut removed) = (Vec::new(), Vec::new());
        // Never empty: the record awaits nothing, or has not the attributes of the half that it awaits.
        let absent = HALF_ATTRIBUTES.into_iter().chain([AWAITS]);
        for (number, name) in absent.filter(|name| !item.contains_key(*name)).enumerate() {
            removed.push(format!("#removed{number}"));
            names.insert(format!("#removed{number}"), name.to_owned());
        }
        for (number, (name, value)) in item.into_iter().enumerate() {
            set.push(format!("#set{number} = :set{number}"));
            names.insert(format!("#set{number}"), name);
            values.insert(format!(":set{number}"), value);
        }
        let update = self
            .client
            .update_item()
            .update_expression(format!("SET {} REMOVE {}", set.join(", "), removed.join(", ")))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        self.update(&record.request_id, update).await
    }

    /// Makes a conditional update of an item; `Err` with what was there and stays.
    async fn update(
        &self,
        request_id: &RequestId,
        update: UpdateItemFluentBuilder,
    ) -> TableResult<Result<(), Record>> {
        let table = &self.names.analytics;
        let answer = update
            .table_name(table)
            .set_key(Some(key(request_id.as_str())))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        match answer {
            Ok(answer) => {
                self.units.wrote(answer.consumed_capacity());
                Ok(Ok(()))
            }
            Err(error) => {
                let there = match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                        match failed.item() {
                            Some(item) => Some(item.clone()),
                            // A server that does not know of the parameter names no item.
                            None => self.get(table, request_id.as_str(), true).await?,
                        }
                    }
                    _ => None,
                };
                match there {
                    Some(item) => {
                        Ok(Err(read_record(item).map_err(TableError::unreadable(table))?))
                    }
                    None => Err(TableError::from_sdk(table, "UpdateItem", error)),
                }
            }
        }
    }

    /// Puts a tombstone in a record's place, whatever is there.
    pub async fn put_tombstone(&self, request_id: &RequestId) -> TableResult<()> {
        let table = &self.names.analytics;
        let answer = self
            .client
            .put_item()
            .table_name(table)
            .set_item(Some(key(request_id.as_str())))
            .item(ERASED, AttributeValue::Bool(true))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "PutItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Reads up to [`super::MAX_BATCH_GET_KEYS`] records, consistently; those that there are, in no order.
    pub(crate) async fn read_records(&self, ids: &[String]) -> TableResult<Vec<Attributes>> {
        self.batch_get(&self.names.analytics, ids).await
    }

    /// One page of a week's records whose moment is in `within`, a part of it: what a report needs of each.
    pub(crate) async fn week_page(
        &self,
        week: IsoWeek,
        within: Range<Timestamp>,
        start: Option<Attributes>,
    ) -> TableResult<Page> {
        let mut query = self.week_query(week, within);
        let mut projection = "#timestamp".to_owned();
        for name in REPORT_ATTRIBUTES {
            // By a short name each: some are words that DynamoDB reserves.
            query = query.expression_attribute_names(format!("#{name}"), name);
            projection.push_str(", #");
            projection.push_str(name);
        }
        let answer = query
            .projection_expression(projection)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(&self.names.analytics, "Query", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(Page {
            items: answer.items.unwrap_or_default(),
            next: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        })
    }

    /// At most `limit` of a week's records whose moment is in `within`, a part of it: the newest.
    pub(crate) async fn week_latest(
        &self,
        week: IsoWeek,
        within: Range<Timestamp>,
        limit: usize,
    ) -> TableResult<Vec<Attributes>> {
        let answer = self
            .week_query(week, within)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| TableError::from_sdk(&self.names.analytics, "Query", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(answer.items.unwrap_or_default())
    }

    /// A call for a week's records whose moment is in `within`, a part of it, by the index.
    fn week_query(&self, week: IsoWeek, within: Range<Timestamp>) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.names.analytics)
            .index_name(WEEK_INDEX)
            .key_condition_expression("#week = :week AND #timestamp BETWEEN :from AND :last")
            .expression_attribute_names("#week", WEEK)
            .expression_attribute_names("#timestamp", TIMESTAMP)
            .expression_attribute_values(":week", text(week.to_string()))
            .expression_attribute_values(":from", moment(within.start))
            .expression_attribute_values(":last", moment(within.end.plus_millis(-1)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// Whether a week has a record, by the index: half a unit.
    pub(crate) async fn week_holds_any(&self, week: IsoWeek) -> TableResult<bool> {
        let table = &self.names.analytics;
        let answer = self
            .client
            .query()
            .table_name(table)
            .index_name(WEEK_INDEX)
            .select(Select::Count)
            .key_condition_expression("#week = :week")
            .expression_attribute_names("#week", WEEK)
            .expression_attribute_values(":week", text(week.to_string()))
            .limit(1)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "Query", error))?;
        self.units.read(answer.consumed_capacity());
        Ok(answer.count > 0)
    }

    /// One page of every item of the records' table, the product's own state included.
    pub(crate) async fn records_page(&self, start: Option<Attributes>) -> TableResult<Page> {
        self.scan(&self.names.analytics, self.client.scan(), start).await
    }
}

/// A condition on an item, with the names and the values in it.
#[derive(Default)]
struct Condition {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// True if there is no record yet: no item, or one with waiting feedback only.
    fn there_is_no_record(&mut self) -> String {
        let there_is_nothing = self.is("#id", REQUEST_ID, None);
        self.name("#week", WEEK);
        self.values.insert(":waiting".to_owned(), text(WAITING_FEEDBACK));
        format!("{there_is_nothing} OR begins_with(#week, :waiting)")
    }

    fn name(&mut self, short: &str, name: &str) {
        self.names.insert(short.to_owned(), name.to_owned());
    }

    /// The term that an attribute has a value; `None`: that it is absent.
    fn is(&mut self, short: &str, name: &str, value: Option<AttributeValue>) -> String {
        self.name(short, name);
        let Some(value) = value else { return format!("attribute_not_exists({short})") };
        let placeholder = short.replace('#', ":");
        let term = format!("{short} = {placeholder}");
        self.values.insert(placeholder, value);
        term
    }
}
