//! What the pages share: the ports, the access, and what was computed before.

pub(crate) mod mails;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cv_analytics_core::intake::Intake;
use cv_analytics_core::intake::refusal::RECENT_REFUSALS_MS;
use cv_analytics_core::store::SharedStore;
use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_server::configuration::{PublicUrl, Secret};
use cv_analytics_server::{AcceptedHosts, RateLimits};
use tokio::sync::{Semaphore, watch};

use crate::access::Access;
use crate::access::sessions::OwnerSessions;
use crate::agent_connection::AgentConnection;
use crate::dashboard::mails::Mails;
use crate::page::PageError;
use crate::page::owner::{Notices, RefusedNotice};
use crate::times::{OwnerZone, Times};
use crate::weeks::reports::Reports;
use crate::weeks::totals::WeekTotals;

/// How long the count of the dead letters is shown again.
const COUNT_MAX_AGE_MS: i64 = 15 * 1000;
/// Live pages that may be open at once.
const MAX_LIVE_PAGES: usize = 32;

/// What a dashboard is made of.
pub struct DashboardSetup {
    /// What is looked at.
    pub store: SharedStore,
    /// Reads dead letters again, where the store does it itself.
    pub intake: Intake,
    /// The weekly mail.
    pub mails: Mails,
    /// The owner's token.
    pub token: Secret,
    /// The hosts that requests are meant for.
    pub hosts: AcceptedHosts,
    /// The address that the owner's browser uses, where it is another than the one listened on.
    pub public_url: Option<PublicUrl>,
    /// Counts failed logins, together with the server's other failures.
    pub rates: Arc<RateLimits>,
    /// Who is signed in.
    pub sessions: OwnerSessions,
    /// How an agent is connected to this server, where it has an intake.
    pub connection: Option<Arc<dyn AgentConnection>>,
    /// Settings of the program, to show; no secrets.
    pub program_settings: Vec<ProgramSetting>,
    /// How often the live page looks for what arrived.
    pub live_every: Duration,
    /// The zone that times are shown in.
    pub time_zone: OwnerZone,
    /// Tells the time.
    pub clock: fn() -> Timestamp,
}

/// A setting of the program and its value, in words.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProgramSetting {
    /// What is set.
    pub name: &'static str,
    /// What it is.
    pub value: String,
}

/// A dashboard that [`crate::app`] gives routes.
pub struct Dashboard {
    pub(crate) access: Access,
    pub(crate) store: SharedStore,
    pub(crate) intake: Intake,
    /// How many dead letters there were, and when.
    dead_letter_count: Mutex<Option<(Timestamp, u64)>>,
    pub(crate) mails: Mails,
    pub(crate) reports: Arc<Reports>,
    pub(crate) connection: Option<Arc<dyn AgentConnection>>,
    pub(crate) week_totals: Arc<WeekTotals>,
    pub(crate) program_settings: Vec<ProgramSetting>,
    pub(crate) live_every: Duration,
    /// Places for live pages.
    pub(crate) watchers: Arc<Semaphore>,
    time_zone: OwnerZone,
    clock: fn() -> Timestamp,
    stopping: watch::Sender<bool>,
}

impl Dashboard {
    /// Puts a dashboard together.
    pub fn new(setup: DashboardSetup) -> Self {
        let DashboardSetup { store, intake, mails, token, hosts, public_url, .. } = setup;
        let reports = Arc::<Reports>::default();
        let totals = WeekTotals::new(Arc::clone(&store), Arc::clone(&reports), setup.clock);
        Self {
            access: Access::new(&token, hosts, public_url, setup.rates, setup.sessions),
            store,
            intake,
            dead_letter_count: Mutex::new(None),
            mails,
            reports,
            connection: setup.connection,
            week_totals: Arc::new(totals),
            program_settings: setup.program_settings,
            live_every: setup.live_every,
            watchers: Arc::new(Semaphore::new(MAX_LIVE_PAGES)),
            time_zone: setup.time_zone,
            clock: setup.clock,
            stopping: watch::Sender::new(false),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Writes moments as the owner reads them now.
    pub(crate) fn times(&self) -> Times {
        Times::new(self.time_zone.clone(), self.now())
    }

    /// The weeks that hold interactions, the oldest first.
    pub(crate) async fn weeks(&self) -> Result<Arc<Vec<IsoWeek>>, PageError> {
        self.reports.weeks(&*self.store, self.now()).await
    }

    /// What the frame of a page tells now.
    pub(crate) async fn notices(&self) -> Notices {
        Notices { dead_letters: self.dead_letter_count().await, refused: self.refused().await }
    }

    /// The messages that were refused within a day; none where they cannot be read, which the log says.
    async fn refused(&self) -> Vec<RefusedNotice> {
        let Some(connection) = &self.connection else { return Vec::new() };
        let times = self.times();
        let refused = connection.refused_since(times.now.plus_millis(-RECENT_REFUSALS_MS)).await;
        let refused = refused.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "failed to read the refused messages");
            Vec::new()
        });
        refused.iter().map(|refused| RefusedNotice::of(refused, &times)).collect()
    }

    /// How many dead letters there are, for the navigation; 0 where they cannot be counted, which their own page says.
    pub(crate) async fn dead_letter_count(&self) -> u64 {
        let now = self.now();
        let known = *self.dead_letter_count.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh =
            |then: Timestamp| (0..COUNT_MAX_AGE_MS).contains(&(now.as_millis() - then.as_millis()));
        if let Some((_, count)) = known.filter(|(then, _)| is_fresh(*then)) {
            return count;
        }
        let count = self.store.count_dead_letters().await.unwrap_or_else(|error| {
            tracing::warn!(error = %error, "failed to count the dead letters");
            0
        });
        *self.dead_letter_count.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, count));
        count
    }

    /// Counts them anew the next time.
    pub(crate) fn forget_dead_letter_count(&self) {
        *self.dead_letter_count.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Ends what would go on by itself: live pages that are open.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Becomes `true` once [`Dashboard::stop`] is called.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
