//! Reports out of a store, for the weekly mail and for `/v1/reports`.

use std::error::Error;

use cv_analytics_core::store::{Ledger, Observe};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_mail::mailer::WeekReports;

use crate::now;

/// Makes reports out of a store.
#[derive(Clone)]
pub(crate) struct StoreReports<S>(pub(crate) S);

impl<S: Observe + Ledger> WeekReports for StoreReports<S> {
    async fn week_report(&self, week: IsoWeek) -> Result<Report, Box<dyn Error + Send + Sync>> {
        let settings = FigureSettings::load(&self.0).await?;
        let rules = tokio::task::spawn_blocking(|| CountingRules::new(settings)).await??;
        Ok(build_report(&self.0, &rules, week, now()).await?.report)
    }
}
