//! Messages refused at the door, as the server counts them.

use cv_analytics_core::intake::refusal::{RefusalReason, Refusals};
use cv_analytics_core::store::StoreError;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use rusqlite::{Connection, params};

use crate::SqliteStore;
use crate::error::Result;
use crate::writer::changes::WeekNumber;

/// Hours that are kept, a row per reason: 6,000 rows at most. A week's count stays.
const KEPT_HOURS: i64 = 31 * 24;

impl SqliteStore {
    /// Adds refused messages to the counts of their hours and weeks.
    pub async fn add_refusals(
        &self,
        refusals: Vec<Refusals>,
    ) -> std::result::Result<(), StoreError> {
        self.writer
            .run("count the refused messages", move |writer| {
                let weeks: Vec<_> =
                    refusals.iter().map(|refused| WeekNumber::of(refused.last_at)).collect();
                writer.on_deliveries(&weeks, |transaction| add(transaction, &refusals))
            })
            .await
    }

    /// The messages refused since `moment`, one entry a reason.
    pub async fn refusals_since(
        &self,
        moment: Timestamp,
    ) -> std::result::Result<Vec<Refusals>, StoreError> {
        self.reader
            .read("read the refused messages", move |connection| since(connection, moment))
            .await
    }
}

fn add(connection: &Connection, refusals: &[Refusals]) -> Result<()> {
    let mut by_hour = connection.prepare_cached(
        "INSERT INTO refusals VALUES (?1, ?2, ?3, ?4) ON CONFLICT (hour, reason) DO UPDATE SET \
         messages = messages + ?3, last_at = max(last_at, ?4)",
    )?;
    let mut by_week = connection.prepare_cached(
        "INSERT INTO deliveries VALUES (?1, 0, 0, 0, ?2) ON CONFLICT (week) DO UPDATE SET \
         refused = refused + ?2",
    )?;
    for refused in refusals {
        let count = i64::try_from(refused.count).unwrap_or(i64::MAX);
        let last_at = refused.last_at.as_millis();
        by_hour.execute(params![refused.hour(), refused.reason.code(), count, last_at])?;
        let week = IsoWeek::containing(refused.last_at).to_string();
        by_week.execute(params![week, count])?;
    }
    if let Some(newest) = refusals.iter().map(Refusals::hour).max() {
        connection
            .prepare_cached("DELETE FROM refusals WHERE hour < ?1")?
            .execute([newest - KEPT_HOURS])?;
    }
    Ok(())
}

fn since(connection: &Connection, moment: Timestamp) -> Result<Vec<Refusals>> {
    let mut statement = connection.prepare_cached(
        "SELECT reason, sum(messages), max(last_at) FROM refusals \
         WHERE last_at >= ?1 GROUP BY reason ORDER BY 2 DESC, 1",
    )?;
    let mut rows = statement.query([moment.as_millis()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        // A newer program may know more reasons.
        let Some(reason) = RefusalReason::from_code(&row.get::<_, String>(0)?) else { continue };
        let last_at = Timestamp::from_millis(row.get(2)?);
        found.push(Refusals { reason, count: row.get::<_, i64>(1)?.unsigned_abs(), last_at });
    }
    Ok(found)
}
