//! A bill with what stands beside it, as a table for people and as JSON.

use std::collections::BTreeSet;

use anyhow::Result;
use bigdecimal::{BigDecimal, RoundingMode, ToPrimitive};
use clap::ValueEnum;
use cv_analytics_aws::cost::limits::{Carried, Limit, PEAK_TO_MEAN, carried, exceeded};
use cv_analytics_aws::cost::prices::{PriceError, PriceList};
use cv_analytics_aws::cost::{Bill, Design, Line, Workload, bill};
use serde_json::{Map, Value, json};

use super::table::{dollars, quantity, row, wrapped};
use super::{CostCommand, FreeTier};

/// What the first plan expected, for so many interactions a month.
const PLANNED_INTERACTIONS: u64 = 10_000;
const PLANNED_FIRST_YEAR: &str = "£0";
const PLANNED_LATER: &str = "£3 to £5 a month";

/// What a month comes to by a design.
enum Total {
    Dollars(BigDecimal),
    /// The list lacks a price.
    NotKnown,
    /// The tables do not carry so many.
    TooSmall,
}

/// A bill, and what stands beside it.
pub(super) struct Estimate<'t> {
    command: &'t CostCommand,
    prices: &'t PriceList,
    workload: Workload,
    bill: Bill,
    /// The same by every design.
    totals: Vec<(Design, Total)>,
    carried: Carried,
    limits: Vec<Limit>,
}

impl<'t> Estimate<'t> {
    pub(super) fn new(command: &'t CostCommand, prices: &'t PriceList) -> Result<Self, PriceError> {
        let workload = command.workload();
        let counted = bill(prices, &command.region, &workload, command.design())?;
        let totals = [Design::OnDemand, Design::Provisioned, Design::NodeJs]
            .into_iter()
            .map(|design| match bill(prices, &command.region, &workload, design) {
                Ok(_) if is_too_small(&workload, design) => Ok((design, Total::TooSmall)),
                Ok(bill) => Ok((design, Total::Dollars(bill.total))),
                Err(PriceError::NotKnown { .. }) => Ok((design, Total::NotKnown)),
                Err(error) => Err(error),
            })
            .collect::<Result<_, _>>()?;
        let carried = carried(&workload);
        let limits = exceeded(&workload, command.design());
        Ok(Self { command, prices, workload, bill: counted, totals, carried, limits })
    }

    /// The table, at most 80 columns wide for all amounts that a person may have to pay.
    pub(super) fn text(&self) -> String {
        let interactions = quantity(&self.workload.interactions.into());
        let place = self.place();
        let mut text = format!("{interactions} interactions a month on AWS, in {place}\n");
        text += &wrapped(&self.about_prices());
        text += &row("", "", "quantity", "free", "dollars");
        let mut service = "";
        for line in &self.bill.lines {
            let named = if line.service == service { "" } else { line.service };
            service = line.service;
            text += &row(
                named,
                line.item,
                &quantity(&line.quantity),
                &quantity(&line.free),
                &dollars(&line.dollars),
            );
        }
        text += &row("In all", "", "", "", &dollars(&self.bill.total));
        text += "\nFor comparison\n";
        for (design, total) in &self.totals {
            let total = match total {
                Total::Dollars(total) => dollars(total),
                Total::NotKnown => "not known".to_owned(),
                Total::TooSmall => "too small".to_owned(),
            };
            text += &row("", describe(*design), "", "", &total);
        }
        text.push('\n');
        for sentence in self.sentences() {
            text += &wrapped(&sentence);
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        let command = self.command;
        let (from, to) = self.days();
        let totals: Map<String, Value> = self
            .totals
            .iter()
            .map(|(design, total)| {
                let total = match total {
                    Total::Dollars(total) => json!(plain(total)),
                    Total::NotKnown | Total::TooSmall => Value::Null,
                };
                (key(*design).to_owned(), total)
            })
            .collect();
        let sources: Map<String, Value> = self
            .used_sources()
            .into_iter()
            .filter_map(|name| {
                let source = self.prices.sources.get(name)?;
                let about =
                    json!({"address": source.address, "copy": source.copy, "asOf": source.as_of});
                Some((name.to_owned(), about))
            })
            .collect();
        json!({
            "costVersion": 1,
            "interactions": command.interactions,
            "region": command.region,
            "currency": self.prices.currency,
            "design": key(command.design()),
            "options": {
                "path": name(&command.path),
                "batch": command.batch,
                "months": command.months,
                "recordBytes": command.record_bytes,
                "recipients": command.recipients,
                "recovery": command.recovery,
                "archive": command.archive,
                "freeTier": name(&command.free_tier),
            },
            "prices": {"from": from, "to": to, "verifiedOnAws": self.prices.verified_on_aws},
            "lines": self.bill.lines.iter().map(line_json).collect::<Vec<_>>(),
            "total": plain(&self.bill.total),
            "totals": totals,
            "creditsLastMonths": self.credits_last(),
            "provisionedCarries": {
                "evenly": self.carried.flat,
                "atPeaks": self.carried.peak,
                "peak": PEAK_TO_MEAN,
                "inReports": self.carried.reported,
            },
            "overLimits": self.limits.iter().map(Limit::to_string).collect::<Vec<_>>(),
            "firstPlan": {
                "interactions": PLANNED_INTERACTIONS,
                "firstYear": PLANNED_FIRST_YEAR,
                "later": PLANNED_LATER,
            },
            "sources": sources,
        })
    }

    fn place(&self) -> String {
        let region = &self.command.region;
        match self.prices.regions.get(region) {
            Some(known) => format!("{region} ({})", known.name),
            None => region.clone(),
        }
    }

    fn about_prices(&self) -> String {
        let (from, to) = self.days();
        let currency = &self.prices.currency;
        let verified = if self.prices.verified_on_aws {
            "read on AWS"
        } else {
            "copied from third-party price lists and not checked against AWS"
        };
        format!("Prices in {currency} without tax, of {from} to {to}, {verified}.\n")
    }

    fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        match (self.command.free_tier, self.credits_last()) {
            (FreeTier::None, _) => sentences.push("Nothing is taken off as free.".to_owned()),
            (FreeTier::Always, _) | (FreeTier::Credits, None) => sentences.push(
                "Free is what every account has each month; its other services use it too."
                    .to_owned(),
            ),
            (FreeTier::Credits, Some(months)) => sentences.push(format!(
                "A new account's credits of {} dollars pay what is left for {months} of the {} months \
                 that they last.",
                self.prices.credits.usd, self.prices.credits.months,
            )),
        }
        let Carried { flat, peak, reported } = self.carried;
        let figure = |count: u64| quantity(&count.into());
        sentences.push(format!(
            "Provisioned tables of this size take {} interactions a month that come evenly, or {} if the \
             busiest hour has {PEAK_TO_MEAN} times the mean; the reporter reads {} before its time runs out.",
            figure(flat),
            figure(peak),
            figure(reported),
        ));
        for limit in &self.limits {
            sentences.push(format!("Over a limit: {limit}. See docs/operate/scaling.md."));
        }
        sentences.push(format!(
            "The first plan expected {} a month to cost {PLANNED_FIRST_YEAR} in the first year and \
             {PLANNED_LATER} after it; docs/operate/cost.md says why that differs.",
            figure(PLANNED_INTERACTIONS),
        ));
        sentences
    }

    /// Whole months for which credits pay, and no more than they last.
    fn credits_last(&self) -> Option<u32> {
        let credits = &self.prices.credits;
        if self.command.free_tier != FreeTier::Credits {
            return None;
        }
        if self.bill.total == BigDecimal::default() {
            return Some(credits.months);
        }
        let months =
            (&credits.usd / &self.bill.total).with_scale_round(0, RoundingMode::Down).to_u32();
        Some(months.unwrap_or(credits.months).min(credits.months))
    }

    fn used_sources(&self) -> BTreeSet<&str> {
        let of_lines = self.bill.lines.iter().filter_map(|line| line.price.as_ref());
        let mut sources: BTreeSet<&str> = of_lines.map(|price| price.source.as_str()).collect();
        if self.workload.has_always_free {
            sources.insert(&self.prices.always_free.source);
        }
        sources
    }

    fn days(&self) -> (&str, &str) {
        self.prices.days(self.used_sources().into_iter()).unwrap_or_default()
    }
}

fn is_too_small(workload: &Workload, design: Design) -> bool {
    exceeded(workload, design)
        .iter()
        .any(|limit| matches!(limit, Limit::ProvisionedWrites(_) | Limit::ProvisionedReads(_)))
}

/// The word of an option's value.
fn name(value: &impl ValueEnum) -> Option<String> {
    value.to_possible_value().map(|value| value.get_name().to_owned())
}

/// Every digit, and no exponent.
fn plain(figure: &BigDecimal) -> String {
    figure.normalized().to_plain_string()
}

fn line_json(line: &Line) -> Value {
    json!({
        "service": line.service,
        "item": line.item,
        "quantity": plain(&line.quantity),
        "free": plain(&line.free),
        "price": line.price.as_ref().map(|price| plain(&price.usd)),
        "per": line.per,
        "dollars": plain(&line.dollars),
        "source": line.price.as_ref().map(|price| &price.source),
    })
}

const fn key(design: Design) -> &'static str {
    match design {
        Design::OnDemand => "onDemand",
        Design::Provisioned => "provisioned",
        Design::NodeJs => "nodeJs",
    }
}

const fn describe(design: Design) -> &'static str {
    match design {
        Design::OnDemand => "tables on demand",
        Design::Provisioned => "tables provisioned, 5 reads and 5 writes a second",
        Design::NodeJs => "the first plan, in Node.js, on demand",
    }
}
