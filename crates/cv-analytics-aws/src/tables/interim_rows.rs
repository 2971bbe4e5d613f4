//! Interim rows: every call to `CV-Analytics-QueryEvents`.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use cv_analytics_core::event::RequestId;
use cv_analytics_core::timestamp::Timestamp;

use super::{Page, TableResult, Tables};
use crate::item::attributes::{Attributes, QUERY_SESSION, QUERY_TRAFFIC, REQUEST_ID};
use crate::item::row::{Half, InterimRow, time_to_live};
use crate::item::{ERASED, QUERY_HALF, RESPONSE_HALF, TTL, key, read_row, write_half};
use crate::joining::{ErasedRow, OldImage};
use crate::tables::error::TableError;

impl Tables {
    /// Reads an interim row, eventually consistent: half a unit.
    pub async fn read_row(&self, request_id: &RequestId) -> TableResult<Option<InterimRow>> {
        let table = &self.names.query_events;
        let item = self.get(table, request_id.as_str(), false).await?;
        item.map(read_row).transpose().map_err(TableError::unreadable(table))
    }

    /// Writes a half into its row where it is not there; the row as it was before.
    pub async fn add_half(
        &self,
        request_id: &RequestId,
        half: &Half,
        arrived_at: Timestamp,
        now: Timestamp,
    ) -> TableResult<OldImage> {
        let table = &self.names.query_events;
        let (name, map) = write_half(half, arrived_at);
        let answer = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key(request_id.as_str())))
            .update_expression("SET #half = if_not_exists(#half, :half), #ttl = :ttl")
            .condition_expression("attribute_not_exists(#erased)")
            .expression_attribute_names("#half", name)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#erased", ERASED)
            .expression_attribute_values(":half", map)
            .expression_attribute_values(":ttl", seconds(time_to_live(now)))
            .return_values(ReturnValue::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await;
        let answer = match answer {
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(UpdateItemError::ConditionalCheckFailedException(_))
                ) =>
            {
                return Ok(Err(ErasedRow));
            }
            answer => answer.map_err(|error| TableError::from_sdk(table, "UpdateItem", error))?,
        };
        self.units.wrote(answer.consumed_capacity());
        let old = answer.attributes.filter(|old| !old.is_empty());
        Ok(Ok(old.map(read_row).transpose().map_err(TableError::unreadable(table))?))
    }

    /// Marks a row as erased and takes its halves out of it, for the row's own time.
    pub async fn erase_row(&self, request_id: &RequestId, now: Timestamp) -> TableResult<()> {
        let table = &self.names.query_events;
        let answer = self
            .client
            .update_item()
            .table_name(table)
            .set_key(Some(key(request_id.as_str())))
            .update_expression("SET #erased = :erased, #ttl = :ttl REMOVE #query, #response")
            .expression_attribute_names("#erased", ERASED)
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#query", QUERY_HALF)
            .expression_attribute_names("#response", RESPONSE_HALF)
            .expression_attribute_values(":erased", AttributeValue::Bool(true))
            .expression_attribute_values(":ttl", seconds(time_to_live(now)))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(|error| TableError::from_sdk(table, "UpdateItem", error))?;
        self.units.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Reads up to [`super::MAX_BATCH_GET_KEYS`] rows, consistently; those that there are, in no order.
    pub(crate) async fn read_rows(&self, ids: &[String]) -> TableResult<Vec<Attributes>> {
        self.batch_get(&self.names.query_events, ids).await
    }

    /// One page of every interim row without its halves: items with a request id, the mark of an erased one, and the
    /// session and the traffic flag that the query half names.
    pub(crate) async fn row_origins_page(&self, start: Option<Attributes>) -> TableResult<Page> {
        let names = [
            ("#id", REQUEST_ID),
            ("#erased", ERASED),
            ("#query", QUERY_HALF),
            ("#session", QUERY_SESSION),
            ("#traffic", QUERY_TRAFFIC),
        ];
        let names = names.map(|(short, name)| (short.to_owned(), name.to_owned()));
        let scan = self.client.scan().set_expression_attribute_names(Some(names.into()));
        let scan = scan.projection_expression("#id, #erased, #query.#session, #query.#traffic");
        self.scan(&self.names.query_events, scan, start).await
    }

    /// One page of every interim row.
    pub(crate) async fn rows_page(&self, start: Option<Attributes>) -> TableResult<Page> {
        self.scan(&self.names.query_events, self.client.scan(), start).await
    }
}

fn seconds(seconds: i64) -> AttributeValue {
    AttributeValue::N(seconds.to_string())
}
