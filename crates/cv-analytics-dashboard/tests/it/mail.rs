//! The page of the weekly mail: who gets it and when, what failed and why, and what would be sent.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::Report;
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::view::render::owner_template::{MailTemplate, TemplateFile};
use cv_analytics_mail::clock::Clock;
use cv_analytics_mail::message::Message;
use cv_analytics_mail::message::address::MailAddress;
use cv_analytics_mail::schedule::mailer::{Mailer, WeekReports};
use cv_analytics_mail::schedule::mailing::Mailing;
use cv_analytics_mail::schedule::recipient_record::RecipientRecord;
use cv_analytics_mail::transport::{Transport, TransportError};
use cv_analytics_mail::weekly_mail::delivery_lease::recipient_digest;
use cv_analytics_sqlite::SqliteStore;
use serde_json::json;

use crate::rig::{MONDAY, NOW, Rig, WAY, mailing, whole};

const OWNER: &str = "Me & Mine <owner@example.org>";
const PARTNER: &str = "partner@example.org";

/// A mail server that takes what is not for the partner, for good or for now.
struct Refusing {
    is_permanent: bool,
}

impl Transport for Refusing {
    async fn hand_over(&self, message: &Message) -> Result<(), TransportError> {
        if message.to.address() != PARTNER {
            return Ok(());
        }
        let refused = TransportError::new("the mail server refuses the mail (550 <no> such user)");
        Err(if self.is_permanent { refused.permanent() } else { refused })
    }
}

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Duration) {}
}

struct Reports(SqliteStore);

impl WeekReports for Reports {
    async fn week_report(&self, week: IsoWeek) -> Result<Report, Box<dyn Error + Send + Sync>> {
        let rules = CountingRules::new(FigureSettings::load(&self.0).await?)?;
        Ok(build_report(&self.0, &rules, week, NOW).await?.report)
    }
}

/// An installation whose recipients are `recipients` since long ago, with a question in the last week.
async fn rig(mailing: &Mailing) -> Rig {
    let rig = Rig::mailing(None, mailing.clone()).await;
    for recipient in mailing.recipients() {
        change(&rig, recipient, |record| record.since = Some(Timestamp::from_millis(MONDAY))).await;
    }
    let none = json!({"matchType": "none", "outcome": "no_match"});
    rig.keep(&[whole("r1", MONDAY, "Do you know k8s?", &none)]).await;
    rig
}

async fn change(
    rig: &Rig,
    recipient: &MailAddress,
    change: impl Fn(&mut RecipientRecord) + Send + Sync,
) {
    RecipientRecord::change(&rig.store, &recipient_digest(recipient), change).await.unwrap();
}

/// Sends what is due, by a server that refuses the partner.
async fn send(rig: &Rig, mailing: Mailing, is_permanent: bool) {
    let (store, reports) = (rig.store.clone(), Reports(rig.store.clone()));
    let mut mailer = Mailer::new(
        Arc::new(store),
        Refusing { is_permanent },
        Now,
        reports,
        mailing,
        "test".into(),
    );
    assert_eq!(mailer.turn().await.unwrap().deliveries.len(), 2);
}

/// The words of a page, without what marks them up.
fn words(page: &str) -> String {
    let mut words = String::new();
    for part in page.split('<') {
        let text = part.split_once('>').map_or(part, |(_, text)| text);
        words += &format!(" {text}");
    }
    for (entity, sign) in [("&lt;", "<"), ("&gt;", ">"), ("&#x2f;", "/"), ("&amp;", "&")] {
        words = words.replace(entity, sign);
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn said(rig: &Rig, path: &str) -> String {
    words(&rig.page(path).await)
}

#[track_caller]
fn check(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
}

#[tokio::test]
async fn who_gets_it_which_way_and_when_it_is_due() {
    let mut mailing = mailing(&[OWNER, PARTNER]);
    mailing.schedule = "cron(30 12 ? * TUE *)".parse().unwrap();
    let said = said(&rig(&mailing).await, "/mail").await;
    let due = "is sent on 24 November 2026 at 12:30 UTC";
    check(
        &said,
        &[
            &format!(
                "Mails go {WAY}. Next: 24 November 2026 at 12:30 UTC ( cron(30 12 ? * TUE *) , in UTC)"
            ),
            "The mail of 2026-W47",
            &format!("Me & Mine <owner@example.org> {due}"),
            &format!("partner@example.org {due}"),
        ],
    );
}

#[tokio::test]
async fn what_was_sent_what_failed_why_and_when_it_is_tried_again() {
    for (is_permanent, next) in [
        (true, "not tried again until this server starts anew"),
        (false, "tried again on 24 November 2026 at 10:31 UTC"),
    ] {
        let mailing = mailing(&[OWNER, PARTNER]);
        let rig = rig(&mailing).await;
        let before = said(&rig, "/mail").await;
        assert_eq!(
            before.matches("due since 23 November 2026 at 09:00 UTC, and being sent").count(),
            2
        );
        assert!(!said(&rig, "/weeks/2026-W47").await.contains("could not be sent"));
        send(&rig, mailing, is_permanent).await;
        check(
            &said(&rig, "/mail").await,
            &[
                "Next: 30 November 2026 at 09:00 UTC",
                "<owner@example.org> sent on 24 November 2026 at 10:30 UTC",
                &format!(
                    "partner@example.org failing since 24 November 2026 at 10:30 UTC, tried once, {next} \
                     the mail server refuses the mail (550 <no> such user)"
                ),
            ],
        );
        let line =
            "The weekly mail of 2026-W47 could not be sent to 1 of 2 recipients: what went wrong";
        check(&said(&rig, "/weeks/2026-W46").await, &[line]);
        assert!(
            rig.page("/weeks/2026-W47").await.contains("<a href=\"/mail\">what went wrong</a>")
        );
    }
}

#[tokio::test]
async fn who_left_the_list_and_who_is_new_gets_none() {
    let mailing = mailing(&[OWNER, PARTNER]);
    let rig = rig(&mailing).await;
    let [owner, partner] = mailing.recipients() else { panic!("two recipients") };
    change(&rig, owner, |record| record.unsubscribed = Some(NOW.plus_millis(-1000))).await;
    change(&rig, partner, |record| record.since = Some(NOW)).await;
    check(
        &said(&rig, "/mail").await,
        &[
            "<owner@example.org> unsubscribed on 24 November 2026 at 10:29 UTC: gets no mail",
            "partner@example.org not sent: their first mail is the next one",
        ],
    );
}

#[tokio::test]
async fn the_preview_is_the_mail_that_is_sent() {
    let mailing = mailing(&[OWNER]);
    let rig = rig(&mailing).await;
    let page = rig.page("/mail").await;
    check(
        &words(&page),
        &[
            "What would be sent now: 2026-W47",
            "From Reports <reports@example.com>",
            "Subject CV Analytics Weekly Report - Week [2026-W47]: nothing stands out, 1 question",
        ],
    );
    assert!(page.contains("src=\"/mail/html?week=2026-W47\" sandbox="));
    assert!(page.contains("href=\"/mail?week=2026-W46\" rel=\"prev\""));
    assert!(!page.contains("rel=\"next\""));
    let reports = Reports(rig.store.clone());
    for week in ["2026-W47", "2026-W46"] {
        let report = reports.week_report(week.parse().unwrap()).await.unwrap();
        let sent = mailing.message(&report, &mailing.recipients()[0], NOW).unwrap();
        let html = rig.get(&format!("/mail/html?week={week}")).await;
        assert_eq!((html.status.as_u16(), &html.body), (200, &sent.html));
        assert!(html.header("content-security-policy").contains("sandbox"));
        let text = rig.get(&format!("/mail/text?week={week}")).await;
        assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(text.body, sent.text);
    }
    check(&rig.page("/mail/text").await, &["CV ANALYTICS · WEEK 2026-W47", "Kubernetes"]);
    assert!(
        rig.page("/mail?week=2026-W46").await.contains("href=\"/mail?week=2026-W47\" rel=\"next\"")
    );
    for path in ["/mail?week=2026-W54", "/mail/html?week=soon"] {
        assert_eq!(rig.get(path).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn without_recipients_the_page_says_so_and_shows_the_mail_all_the_same() {
    let rig = rig(&mailing(&[])).await;
    let said = said(&rig, "/mail").await;
    check(&said, &[&format!("Who gets it {WAY}"), "What would be sent now: 2026-W47"]);
    assert!(!said.contains("Next:"));
}

#[tokio::test]
async fn a_template_that_fails_on_a_week_is_named_with_its_line_and_the_built_in_form_shown() {
    let source = "<p>{{ week }}\n{% if week == '2026-W46' %}{{ no.thing }}{% endif %}</p>";
    let file = TemplateFile { name: "mine.html".to_owned(), source: source.to_owned() };
    let mut mailing = mailing(&[OWNER, PARTNER]);
    mailing.template = MailTemplate::read(Some(file), None, None).unwrap();
    let rig = rig(&mailing).await;
    assert!(!said(&rig, "/mail").await.contains("built-in form"));
    assert!(rig.page("/mail/html").await.starts_with("<p>2026-W47"));
    check(
        &said(&rig, "/mail?week=2026-W46").await,
        &["invalid mail template mine.html, line 2: undefined value", "built-in form stands in."],
    );
    assert!(rig.page("/mail/html?week=2026-W46").await.starts_with("<!DOCTYPE html>"));
}
