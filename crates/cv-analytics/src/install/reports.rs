//! Reports out of a store, for the weekly mail and for `/v1/reports`.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use cv_analytics_core::store::SharedStore;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_dashboard::page::threads::{on_page_threads, turn_to_report};
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_mail::schedule::mailer::WeekReports;
use cv_analytics_server::Reports;

use crate::clock::now;

/// Makes reports out of a store.
#[derive(Clone)]
pub(crate) struct StoreReports(pub(crate) SharedStore);

impl WeekReports for StoreReports {
    async fn week_report(&self, week: IsoWeek) -> Result<Report, Box<dyn Error + Send + Sync>> {
        let store = Arc::clone(&self.0);
        let made = on_page_threads(async move {
            let rules = CountingRules::new(FigureSettings::load(&*store).await?)?;
            let _turn = turn_to_report().await;
            Ok(build_report(&*store, &rules, week, now()).await?.report)
        });
        made.await?
    }
}

#[async_trait]
impl Reports for StoreReports {
    async fn report_json(&self, week: IsoWeek) -> Result<String, Box<dyn Error + Send + Sync>> {
        Ok(self.week_report(week).await?.to_json()?)
    }
}
