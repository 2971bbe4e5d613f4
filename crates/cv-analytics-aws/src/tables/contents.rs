//! What is in the tables before they are filled.

use crate::item::attributes::{Attributes, FEEDBACK, OUTCOME};
use crate::item::{AWAITS, ERASED, QUERY_HALF, RESPONSE_HALF};
use crate::tables::error::TableError;
use crate::tables::{Page, Tables, is_own_state};

impl Tables {
    /// Whether neither table holds anything but the product's own small state.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn are_empty(&self) -> Result<bool, TableError> {
        let mut start = None;
        loop {
            let Page { items, next } = self.rows_page(start).await?;
            start = next;
            if !items.is_empty() {
                return Ok(false);
            }
            if start.is_none() {
                break;
            }
        }
        loop {
            let Page { items, next } = self.records_page(start).await?;
            start = next;
            if !items.iter().all(is_own_state) {
                return Ok(false);
            }
            if start.is_none() {
                return Ok(true);
            }
        }
    }

    /// Whether the first page of either table shows items of another program: a record could not be
    /// kept under the key of one of those.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn show_another_program(&self) -> Result<bool, TableError> {
        let has_one =
            |item: &Attributes, names: &[&str]| names.iter().any(|name| item.contains_key(*name));
        let rows = self.rows_page(None).await?.items;
        let records = self.records_page(None).await?.items;
        let rows_are_own =
            rows.iter().all(|item| has_one(item, &[QUERY_HALF, RESPONSE_HALF, ERASED]));
        let records_are_own = records
            .iter()
            .all(|item| is_own_state(item) || has_one(item, &[OUTCOME, AWAITS, FEEDBACK, ERASED]));
        Ok(!(rows_are_own && records_are_own))
    }
}
