//! What has to hold while a run goes on, and at its end.

use cv_analytics_aws::item::record::Record;

use super::pipeline::Pipeline;
use crate::join::events::request_id;
use crate::join::law::{Bodies, is_made_of, joined, shows};

impl Pipeline {
    /// Every half that was acknowledged is where a report sees it.
    pub(super) fn check_acknowledged(&self) {
        for (place, request) in self.requests.iter().enumerate() {
            if request.is_erased {
                continue;
            }
            let shown = request.lasting(self.now).shown(&request_id(place));
            for &event in &self.acknowledged[place] {
                let event = &self.traffic.events[place][event];
                let is_shown = shown.as_ref().is_some_and(|shown| shows(shown, event, self.bodies));
                assert!(is_shown, "request {place}: {event:?} was acknowledged and is not shown");
            }
        }
    }

    /// Every record is what the joining law makes of all that was sent, unless it was erased.
    pub(super) fn check_end(&self) {
        self.check_acknowledged();
        for (place, request) in self.requests.iter().enumerate() {
            let events = &self.traffic.events[place];
            let items = request.items();
            if request.is_erased {
                assert_eq!(items.record, Some(Record::Erased), "request {place}");
                let row = items.row.clone().unwrap_or_default();
                assert!(row.query.is_none() && row.response.is_none(), "request {place}: {row:?}");
                continue;
            }
            let Some(Record::Interaction(record)) = &items.record else {
                panic!("request {place}: {:?} has no record", items.row);
            };
            match self.bodies {
                Bodies::One => assert_eq!(Some(record), joined(events).as_ref()),
                Bodies::Several => {
                    assert!(is_made_of(record, events), "request {place}: {record:?}");
                }
            }
        }
    }
}
