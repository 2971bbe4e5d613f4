//! The dashboard's ports on an installation, and what it is told of the program.

mod intake_here;
#[cfg(feature = "aws")]
pub(crate) mod on_aws;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use cv_analytics_core::intake::Intake;
use cv_analytics_core::store::SharedStore;
use cv_analytics_dashboard::access::sessions::OwnerSessions;
use cv_analytics_dashboard::agent_connection::AgentConnection;
use cv_analytics_dashboard::times::OwnerZone;
use cv_analytics_dashboard::{Dashboard, DashboardSetup, Mails, ProgramSetting};
use cv_analytics_server::configuration::{PublicUrl, Secret};
use cv_analytics_server::{AcceptedHosts, RateLimits};

use crate::clock::now;
use crate::install::data_folder::DataFolder;

pub(crate) use self::intake_here::IntakeHere;

/// How often the live page looks for what arrived in a file on this machine.
pub(crate) const LIVE_INTERVAL: Duration = Duration::from_millis(500);

/// Where and for whom a dashboard is served.
pub(crate) struct DashboardOptions {
    pub(crate) mails: Mails,
    pub(crate) token: Secret,
    pub(crate) listening: SocketAddr,
    pub(crate) public_url: Option<PublicUrl>,
    pub(crate) rates: Arc<RateLimits>,
    /// How an agent is connected to this server, where it has an intake.
    pub(crate) connection: Option<Arc<dyn AgentConnection>>,
    pub(crate) program_settings: Vec<ProgramSetting>,
    pub(crate) live_every: Duration,
    pub(crate) time_zone: OwnerZone,
}

/// Puts the dashboard of `store` together.
pub(crate) fn dashboard(
    folder: &DataFolder,
    store: SharedStore,
    intake: Intake,
    place: DashboardOptions,
) -> Result<Dashboard> {
    let DashboardOptions { mails, token, listening, public_url, .. } = place;
    let file = folder.path().join("dashboard-sessions.json");
    let sessions = OwnerSessions::open(&token, &file)
        .with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Dashboard::new(DashboardSetup {
        store,
        intake,
        mails,
        hosts: AcceptedHosts::new(listening, public_url.as_ref()),
        token,
        public_url,
        rates: place.rates,
        sessions,
        connection: place.connection,
        program_settings: place.program_settings,
        live_every: place.live_every,
        time_zone: place.time_zone,
        clock: now,
    }))
}
