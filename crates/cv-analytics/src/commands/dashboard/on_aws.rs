//! `cv-analytics serve --store dynamodb`: the dashboard of an installation on AWS, from a laptop.
//!
//! There is no intake, and nothing is written but gap marks and settings, and what the owner does with dead letters.

mod reporter_mails;
mod table_health;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse as _;
use cv_analytics_core::intake::Intake;
use cv_analytics_core::privacy::{Privacy, SessionKey};
use cv_analytics_dashboard::{ProgramSetting, not_found_page};
use cv_analytics_server::configuration::Secret;
use cv_analytics_server::{RateLimits, is_browser, serve};

use self::reporter_mails::reporter_mails;
use self::table_health::TableHealth;
use super::{DashboardOptions, dashboard};
use crate::commands::serve::options::{Serve, local_url, shown};
use crate::install::variable;
use crate::install::{Installation, aws};
use crate::output;
use crate::stop_signal::stop_signal;
use crate::usage_error::usage_error;

/// How often the live page asks the tables: each look costs half a read unit or more.
const LIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Serves until told to stop. The options of the mail that are set mean nothing here.
pub(crate) async fn run(
    installation: &Installation,
    options: Serve,
    of_mail: &[&str],
) -> Result<()> {
    if options.retention_days.is_some() {
        return Err(usage_error(
            "--retention-days works in SQLite: leave it out with --store dynamodb",
        ));
    }
    if !of_mail.is_empty() {
        eprintln!(
            "warning: nothing is mailed from here, and {} left aside: on AWS the function cv-analytics-reporter sends \
             the weekly mail, from and to whom it was deployed for",
            match of_mail {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(", ")),
            }
        );
    }
    options.begin()?;
    let folder = installation.folder();
    folder.create()?;
    let store = Arc::new(aws::open().await?);
    options.files.keep(&*store).await?;
    let public_url = folder.public_url(options.public_url.as_ref())?;
    let listener = options.bind()?;
    folder.keep_public_url(public_url.as_ref())?;
    let listening = listener.local_addr()?;
    let (kept, made) = match &options.token {
        Some(token) => (token.clone(), false),
        None => folder.dashboard_token()?,
    };
    let limits = options.limits();
    let tables = store.tables().tables().names().clone();
    let (sender, recipients) = (variable("SENDER_EMAIL"), variable("RECIPIENT_EMAIL"));
    let place = DashboardOptions {
        mails: reporter_mails(sender.as_deref(), recipients.as_deref())?,
        token: Secret::new(&kept),
        listening,
        public_url: public_url.clone(),
        rates: Arc::new(RateLimits::new(&limits)),
        connection: None,
        program_settings: vec![
            ProgramSetting { name: "Listens on", value: listening.to_string() },
            ProgramSetting {
                name: "Tables",
                value: format!("{} and {}", tables.analytics, tables.query_events),
            },
            ProgramSetting { name: "Shows times in", value: options.time_zone().to_string() },
            ProgramSetting { name: "Figures may be older by", value: "5 minutes".to_owned() },
        ],
        live_every: LIVE_INTERVAL,
        time_zone: options.time_zone(),
    };
    let health = TableHealth::route(store.tables().clone());
    // The processor reads dead letters again, not this program.
    let intake = Intake::new(Privacy::full(SessionKey::new(Vec::new())));
    let dashboard = Arc::new(dashboard(&folder, store, intake, place)?);
    let url = public_url.as_ref().map_or_else(|| local_url(listening), ToString::to_string);
    let file = shown(&folder.dashboard_token_file());
    if made {
        output::print_line(format!(
            "Sign in with your token, which is kept in {file}:\n\n  CV_ANALYTICS_TOKEN={kept}\n"
        ))?;
    } else if options.token.is_none() {
        output::print_line(format!("Your token is in {file}."))?;
    }
    let stopped = stop_signal();
    output::print_line(format!("cv-analytics is ready: {url}"))?;
    let router = cv_analytics_dashboard::app(Arc::clone(&dashboard)).merge(health).fallback(
        async |headers: HeaderMap| {
            if is_browser(&headers) {
                not_found_page()
            } else {
                StatusCode::NOT_FOUND.into_response()
            }
        },
    );
    let stop = async move {
        stopped.await;
        dashboard.stop();
    };
    Ok(serve(listener, router, limits, options.trusted_proxies(), stop).await?)
}
