//! Every interaction, in order of arrival.

use cv_analytics_core::interaction::Interaction;
use rusqlite::Connection;

use crate::error::Result;
use crate::reader::Pages;
use crate::schema::columns::COLUMNS;
use crate::schema::row;

const INTERACTIONS_PER_PAGE: usize = 500;

/// Exports every interaction page by page, so that a slow reader does not keep the log growing.
pub(crate) fn interactions(connection: &Connection, pages: &Pages<Vec<Interaction>>) -> Result<()> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS}, id FROM interactions WHERE id > ?1 ORDER BY id LIMIT {INTERACTIONS_PER_PAGE}"
    ))?;
    let mut last = 0_i64;
    loop {
        let mut page = Vec::with_capacity(INTERACTIONS_PER_PAGE);
        let mut rows = statement.query([last])?;
        while let Some(row) = rows.next()? {
            page.push(row::interaction(row)?);
            last = row.get("id")?;
        }
        drop(rows);
        let is_last = page.len() < INTERACTIONS_PER_PAGE;
        if (!page.is_empty() && !pages.give(page)) || is_last {
            return Ok(());
        }
    }
}
