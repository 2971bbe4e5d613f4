//! Every week at a glance.

use cv_analytics_core::timestamp::Timestamp;
use cv_analytics_core::week::IsoWeek;
use cv_analytics_insights::model::{GapMark, Report};
use cv_analytics_insights::report::builder::build_report;
use cv_analytics_insights::report::totals::count_week;
use cv_analytics_insights::settings::FigureSettings;
use cv_analytics_insights::settings::counting_rules::CountingRules;
use cv_analytics_insights::settings::gap_marks::MarkedGap;
use serde_json::{Value, json};

use crate::rig::{MONDAY, NOW, Rig, WEEK_MS, whole};

/// A week's interactions: fully, partly and not covered, failed, and stopped by a filter.
fn week(weeks_ago: i64, counts: [usize; 5], model: &str) -> Vec<Value> {
    let answers = [
        json!({"matchType": "full", "matchScore": 90}),
        json!({"matchType": "partial", "missingSkills": ["Docker"]}),
        json!({"matchType": "none", "missingSkills": ["Kubernetes"]}),
        json!({"outcome": "quota"}),
        json!({"outcome": "blocked"}),
    ];
    let kinds =
        answers.iter().zip(counts).flat_map(|(answer, count)| std::iter::repeat_n(answer, count));
    (0_i64..)
        .zip(kinds)
        .map(|(place, answer)| {
            let at = MONDAY - weeks_ago * WEEK_MS + place * 60_000;
            let mut event = whole(&format!("w{weeks_ago}-{place}"), at, "Docker and k8s?", answer);
            event["model"] = json!(model);
            event["sessionId"] = json!(format!("s{}", place / 3));
            event
        })
        .collect()
}

/// Five weeks, of which W44 fared worst by share, W46 has a new model, and W45 has no data.
async fn rig() -> Rig {
    let rig = Rig::new().await;
    let weeks = [
        (4, [20, 4, 2, 0, 0], "small-1"),
        (3, [6, 2, 20, 4, 2], "small-1"),
        (1, [40, 10, 21, 5, 0], "large-<2>"),
        (0, [30, 5, 5, 1, 0], "large-<2>"),
        // The week that goes on, with nothing but failures, and a small one.
        (-1, [0, 0, 25, 0, 0], "large-<2>"),
        (6, [0, 0, 3, 0, 0], "small-1"),
    ];
    let events = weeks.into_iter().flat_map(|(ago, counts, model)| week(ago, counts, model));
    rig.keep(&events.collect::<Vec<_>>()).await;
    let asked =
        json!({"eventType": "query", "requestId": "u", "timestamp": MONDAY, "query": "Anybody?"});
    let bot = json!({"eventType": "query", "requestId": "b", "timestamp": MONDAY, "query": "Go?",
                     "metadata": {"userAgent": "Googlebot/2.1"}});
    rig.keep(&[asked, bot]).await;
    rig
}

/// A page of the overview on which every week is counted.
async fn counted(rig: &Rig, path: &str) -> String {
    loop {
        let page = rig.page(path).await.replace("&#x2f;", "/");
        if !page.contains("counted so far") {
            return page;
        }
    }
}

async fn report(rig: &Rig, week: IsoWeek) -> Report {
    let rules = CountingRules::new(FigureSettings::load(&rig.store).await.unwrap()).unwrap();
    build_report(&rig.store, &rules, week, NOW).await.unwrap().report
}

/// The titles of the columns that open a page.
fn titles(page: &str) -> Vec<(String, String)> {
    let plot =
        page.split_once("class=\"plot\"").unwrap().1.split_once("class=\"legend\"").unwrap().0;
    let columns = plot.split("<a href=\"").skip(1);
    columns
        .map(|column| {
            let href = column.split('"').next().unwrap().replace("&amp;", "&");
            let title = column.split_once("<title>").unwrap().1.split('<').next().unwrap();
            (href, title.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn a_week_is_counted_as_its_report_counts_it() {
    let rig = rig().await;
    FigureSettings::change(&rig.store, |settings| {
        settings.exclusions.request_ids.insert("w0-3".to_owned());
    })
    .await
    .unwrap();
    let settings = FigureSettings::load(&rig.store).await.unwrap();
    let newest: IsoWeek = "2026-W47".parse().unwrap();
    for counted in report(&rig, newest).await.history {
        let week = counted.week.parse().unwrap();
        let totals = count_week(&rig.store, &settings.exclusions, week).await.unwrap();
        assert_eq!(totals.figures, counted.figures, "{week}");
    }
    let totals = count_week(&rig.store, &settings.exclusions, newest).await.unwrap();
    assert_eq!(totals.last_answered.as_deref(), Some("w0-40"));
}

#[tokio::test]
async fn each_week_is_a_column_that_says_its_figures_and_opens_its_page() {
    let page = counted(&rig().await, "/weeks").await;
    let titles = titles(&page);
    let pages: Vec<&str> = titles.iter().map(|(href, _)| href.as_str()).collect();
    let expect = ["2026-W41", "2026-W43", "2026-W44", "2026-W46", "2026-W47", "2026-W48"]
        .map(|week| format!("/weeks/{week}"));
    assert_eq!(pages, expect);
    let expect = "2026-W44, 26 October – 1 November 2026: 34 questions; 6 fully covered (18%), 2 partly covered \
                  (6%), 20 not covered (59%), 4 failed or unanswered (12%), 2 stopped or not rated (6%); the worst";
    assert_eq!(titles[2].1, expect);
    assert!(
        titles[5]
            .1
            .starts_with("2026-W48, 23–29 November 2026, not over yet: 25 questions; 25 not")
    );
    for week in ["2026-W42", "2026-W45"] {
        assert!(
            page.contains(&format!("<title>{week}, ")) && page.contains(": no data</title>"),
            "{week}"
        );
    }
}

#[tokio::test]
async fn the_worst_week_is_the_one_with_the_largest_share_of_those_that_can_be_compared() {
    let rig = rig().await;
    for path in ["/weeks", "/weeks?show=shares"] {
        let page = counted(&rig, path).await;
        assert!(page.contains("Worst week: <a href=\"/weeks/2026-W44\">2026-W44</a>"), "{page}");
        assert!(page.contains("71% got no good answer: "), "{page}");
        let about = "about <span dir=\"auto\"><a href=\"/questions?week=2026-W44&amp;gap=Kubernetes&amp;type=skill\">";
        assert!(page.contains(about), "{page}");
        assert_eq!(page.matches("class=\"flag\"").count(), 1);
    }
    // November is not over, so that October has nothing to be compared with.
    assert!(!counted(&rig, "/weeks?by=month").await.contains("Worst month"));
    rig.keep(&week(9, [30, 0, 1, 0, 0], "small-1")).await;
    let month = counted(&rig, "/weeks?by=month").await;
    assert!(
        month.contains("Worst month: <a href=\"/weeks?in=2026-10\">October 2026</a>"),
        "{month}"
    );
    // Nothing to compare.
    let rig = Rig::new().await;
    rig.keep(&week(0, [1, 0, 30, 0, 0], "m")).await;
    assert!(!counted(&rig, "/weeks").await.contains("Worst"));
}

#[tokio::test]
async fn every_number_of_the_table_opens_as_many_questions() {
    let rig = rig().await;
    for path in ["/weeks", "/weeks?by=month"] {
        let page = counted(&rig, path).await;
        let table = page.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
        let mut links = 0;
        for link in table.split("<a href=\"/questions").skip(1) {
            let (href, after) = link.split_once("\">").unwrap();
            let number: u64 = after.split('<').next().unwrap().parse().unwrap();
            let found = rig.get(&format!("/questions{}", href.replace("&amp;", "&"))).await;
            assert_eq!(found.total(), number, "{href}");
            links += 1;
        }
        assert!(links > 8, "{path}: {links}");
    }
}

#[tokio::test]
async fn what_was_changed_is_drawn_where_it_happened() {
    let rig = rig().await;
    FigureSettings::change(&rig.store, |settings| {
        let at = Timestamp::from_millis(MONDAY - WEEK_MS);
        let marked = MarkedGap { mark: Some(GapMark::HaveIt), at: Some(at), earlier: Vec::new() };
        settings.gap_marks.insert("Kubernetes".to_owned(), marked);
        settings.gap_marks.insert("Go".to_owned(), GapMark::Learning.into());
    })
    .await
    .unwrap();
    for (weeks_ago, cv) in [(4, ["Go", "Rust"]), (3, ["Go", "Rust"]), (0, ["Go", "Zig"])] {
        let at = Timestamp::from_millis(MONDAY - weeks_ago * WEEK_MS);
        let list = cv.map(str::to_owned).to_vec();
        FigureSettings::change_at(&rig.store, at, |settings| settings.cv = Some(list.clone()))
            .await
            .unwrap();
    }
    let page = counted(&rig, "/weeks").await;
    assert!(page.contains("<title>2026-W43: CV list changed: 2 added</title>"), "{page}");
    assert!(page.contains("<title>2026-W47: CV list changed: 1 added, 1 removed</title>"));
    assert!(page.contains("<title>2026-W46: On my CV now: Kubernetes</title>"), "{page}");
    let model = "2026-W46: Your agent answers with large-&lt;2&gt;, before with small-1";
    assert!(page.contains(&format!("<title>{model}</title>")), "{page}");
    assert!(!page.contains("Learning it"), "a mark without a moment has no place");
    assert_eq!(page.matches("class=\"mark-place\"").count(), 4);
}

#[tokio::test]
async fn what_changed_against_the_week_before_is_a_short_list() {
    let page = counted(&rig().await, "/weeks").await;
    let list =
        page.split_once("What changed in <a href=\"/weeks/2026-W47\">2026-W47</a>").unwrap().1;
    let list = list.split_once("</dl>").unwrap().0;
    for name in ["Questions", "Match score", "Failed or unanswered"] {
        assert!(list.contains(&format!("<dt>{name}</dt>")), "{list}");
    }
    assert!(list.contains("76 last week"), "{list}");
}

#[tokio::test]
async fn months_and_quarters_open_their_weeks() {
    let rig = rig().await;
    let months = titles(&counted(&rig, "/weeks?by=month&show=shares").await);
    let pages: Vec<&str> = months.iter().map(|(href, _)| href.as_str()).collect();
    assert_eq!(pages, ["/weeks?show=shares&in=2026-10", "/weeks?show=shares&in=2026-11"]);
    assert!(months[0].1.starts_with("October 2026: 63 questions;"), "{}", months[0].1);
    let weeks = titles(&counted(&rig, pages[0]).await);
    assert_eq!(weeks.len(), 3);
    assert_eq!(weeks[0].0, "/weeks/2026-W41");
    let quarter = titles(&counted(&rig, "/weeks?by=quarter").await);
    assert_eq!(quarter.len(), 1);
    assert_eq!(quarter[0].0, "/weeks?in=2026-Q4");
    assert!(counted(&rig, "/weeks?by=quarter").await.contains("the quarter of its Thursday"));
}

#[tokio::test]
async fn what_arrives_late_and_what_is_left_out_from_now_on_count_at_once() {
    let rig = rig().await;
    let has = |page: &str, title: &str| titles(page).iter().any(|(_, found)| found.contains(title));
    assert!(has(&counted(&rig, "/weeks").await, "2026-W41, 5–11 October 2026: 3 questions"));
    let late = whole("late", MONDAY - 6 * WEEK_MS, "Go?", &json!({"matchType": "full"}));
    rig.keep(&[late]).await;
    let page = counted(&rig, "/weeks").await;
    assert!(has(&page, "2026-W41, 5–11 October 2026: 4 questions; 1 fully covered, 3 not covered"));
    FigureSettings::change(&rig.store, |settings| {
        settings.exclusions.request_ids.insert("late".to_owned());
    })
    .await
    .unwrap();
    assert!(has(&counted(&rig, "/weeks").await, "2026-W41, 5–11 October 2026: 3 questions"));
}

#[tokio::test]
async fn older_years_are_on_pages_of_their_own() {
    let rig = rig().await;
    rig.keep(&week(120, [1, 0, 0, 0, 0], "m")).await;
    let newest = counted(&rig, "/weeks").await;
    let columns = newest.matches("<rect class=\"whole\"").count();
    assert_eq!(columns, 104);
    let (_, link) = newest.split_once("<a rel=\"prev\" href=\"").unwrap();
    let older = link.split('"').next().unwrap();
    let older = counted(&rig, older).await;
    assert_eq!(titles(&older).len(), 1);
    assert!(
        older.contains("<a rel=\"next\" href=\"/weeks\">") && !older.contains("rel=\"prev\""),
        "{older}"
    );
}

#[tokio::test]
async fn a_server_without_data_says_what_will_be_here() {
    let page = Rig::new().await.page("/weeks").await;
    assert!(page.contains("Nothing has arrived yet") && !page.contains("<svg"), "{page}");
}

#[tokio::test]
async fn an_address_that_means_nothing_says_what_is_expected() {
    let rig = Rig::new().await;
    for (query, expect) in [
        ("by=day", "invalid by “day”: expected week, month or quarter"),
        ("show=%3Cb%3E", "invalid show “&lt;b&gt;”: expected counts or shares"),
        ("in=2026-13", "invalid in “2026-13”: expected a month or a quarter"),
        ("until=now", "now"),
        ("week=last", "last"),
    ] {
        let answer = rig.get(&format!("/weeks?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.body.contains(expect), "{query}: {}", answer.body);
    }
}
