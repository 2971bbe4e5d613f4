//! One week's figures without what its questions are about: what an overview of years draws. It
//! reads no text, so it costs a fraction of a report.

use cv_analytics_core::store::observation_page::PagedObservation;
use cv_analytics_core::store::{ReportSource, StoreError};
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use futures_util::TryStreamExt;

use crate::model::WeekFigures;
use crate::settings::Exclusions;
use crate::tally::conversations::conversation_of;
use crate::tally::exclusions::Excluded;
use crate::tally::weeks::WeekTally;

/// One week in figures.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekTotals {
    /// Those that a report's history has for the week; `None` where nothing in it counts.
    pub figures: Option<WeekFigures>,
    /// The `requestId` of the week's last answered interaction that counts, by time, then by id: it
    /// says which model answered then.
    pub last_answered: Option<String>,
}

/// Counts `week` in `store`, without what `exclusions` leave out.
///
/// # Errors
/// The store's.
pub async fn count_week(
    store: &dyn ReportSource,
    exclusions: &Exclusions,
    week: IsoWeek,
) -> Result<WeekTotals, StoreError> {
    let excluded = Excluded::new(exclusions);
    let mut counted = Counted::default();
    let mut pages = store.scan(week.start()..week.end());
    while let Some(page) = pages.try_next().await? {
        page.iter().filter(|row| excluded.cover(row).is_none()).for_each(|row| counted.add(&row));
    }
    let Counted { mut week, last_answered, .. } = counted;
    Ok(WeekTotals { figures: week.figures(), last_answered: last_answered.map(|(_, id)| id) })
}

#[derive(Default)]
struct Counted {
    week: WeekTally,
    without_session: u64,
    last_answered: Option<(Timestamp, String)>,
}

impl Counted {
    fn add(&mut self, observation: &PagedObservation<'_>) {
        let Some(at) = observation.at() else { return };
        let conversation = conversation_of(observation, &mut self.without_session);
        self.week.add(observation, (conversation, at));
        if observation.response.is_none() {
            return;
        }
        let last = self.last_answered.as_ref().map(|(at, id)| (*at, id.as_str()));
        if last < Some((at, observation.request_id)) {
            self.last_answered = Some((at, observation.request_id.to_owned()));
        }
    }
}
