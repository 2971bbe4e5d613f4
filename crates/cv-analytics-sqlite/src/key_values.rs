//! Small records with compare-and-set.

use cv_analytics_core::store::VersionedValue;
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Result;

/// The record under `key`.
pub(crate) fn get(connection: &Connection, key: &str) -> Result<Option<VersionedValue>> {
    let found = connection
        .prepare_cached("SELECT value, version FROM ledger WHERE key = ?1")?
        .query_row([key], |row| {
            Ok(VersionedValue { value: row.get(0)?, version: row.get::<_, i64>(1)?.unsigned_abs() })
        })
        .optional()?;
    Ok(found)
}

/// Writes `value` if the version still is `expected`.
pub(crate) fn put(
    connection: &Connection,
    key: &str,
    value: &str,
    expected: Option<u64>,
) -> Result<bool> {
    let changed = match expected.map(i64::try_from) {
        None => connection
            .prepare_cached("INSERT INTO ledger VALUES (?1, ?2, 1) ON CONFLICT (key) DO NOTHING")?
            .execute([key, value])?,
        Some(Ok(version)) => connection
            .prepare_cached(
                "UPDATE ledger SET value = ?2, version = version + 1 WHERE key = ?1 AND version = ?3",
            )?
            .execute(params![key, value, version])?,
        // No record ever had such a version.
        Some(Err(_)) => 0,
    };
    Ok(changed == 1)
}
