//! Single interactions, the weeks that there are, and what arrived last.

use cv_analytics_core::event::RequestId;
use cv_analytics_core::interaction::Interaction;
use cv_analytics_core::store::arrivals::{ArrivalCursor, Arrivals};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Failure, Result};
use crate::schema::columns::COLUMNS;
use crate::schema::row;

/// The interaction with this id.
pub(crate) fn interaction(
    connection: &Connection,
    request_id: &RequestId,
) -> Result<Option<Interaction>> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM interactions WHERE request_id = ?1"))?;
    let mut rows = statement.query([request_id.as_str()])?;
    rows.next()?.map(row::interaction).transpose()
}

/// One look into the index for each week.
pub(crate) fn weeks(connection: &Connection, until: IsoWeek) -> Result<Vec<IsoWeek>> {
    let mut statement = connection
        .prepare_cached("SELECT at FROM interactions WHERE at >= ?1 ORDER BY at LIMIT 1")?;
    let mut weeks = Vec::new();
    let mut from = i64::MIN;
    while let Some(at) = statement.query_row([from], |row| row.get::<_, i64>(0)).optional()? {
        let week = IsoWeek::containing(Timestamp::from_millis(at));
        if week > until || week.end().as_millis() <= at {
            break;
        }
        weeks.push(week);
        from = week.end().as_millis();
    }
    Ok(weeks)
}

/// What arrived after `after`; without it the newest.
pub(crate) fn arrivals(
    connection: &Connection,
    after: Option<ArrivalCursor>,
    limit: usize,
) -> Result<Arrivals> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (order, from) = match after {
        Some(ArrivalCursor(last)) => ("id ASC", last),
        None => ("id DESC", 0),
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, id FROM interactions WHERE id > ?1 AND at IS NOT NULL ORDER BY {order} LIMIT ?2"
    ))?;
    let mut rows = statement.query([from, limit])?;
    let mut found: Vec<(i64, Interaction)> = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((row.get("id").map_err(Failure::from)?, row::interaction(row)?));
    }
    found.sort_by_key(|(id, _)| *id);
    let cursor = ArrivalCursor(found.last().map_or(from, |(id, _)| *id));
    Ok(Arrivals { interactions: found.into_iter().map(|(_, found)| found).collect(), cursor })
}
