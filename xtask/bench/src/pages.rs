//! How long every page of the dashboard takes over two years of interactions, and how that grows.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cv_analytics_core::week::IsoWeek;
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::filled_store::WEEK;
use crate::intake::median;
use crate::machine;

/// Two years.
const WEEKS: usize = 104;
/// Disk for a million interactions, with its write-ahead log.
const SPACE_BYTES: u64 = 2 << 30;
const AIM_MS: f64 = 200.0;
/// A text that the questions of a week hold, and one that none does.
const HIT: &str = "in+production";
const MISS: &str = "never+asked+by+anybody";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    sizes: [usize; 2],
    rounds: usize,
}

impl Rounds {
    /// What documents quote.
    pub(crate) const FULL: Self = Self { sizes: [200_000, 2_000_000], rounds: 20 };
    /// Shows that it works; not to be quoted.
    pub(crate) const QUICK: Self = Self { sizes: [20_000, 200_000], rounds: 3 };
}

/// A page, and how long it took in each round, in milliseconds.
struct Measured {
    name: &'static str,
    took_ms: Vec<f64>,
}

/// Fills a store of each size, and measures every page.
pub(crate) fn measure(program: &Path, Rounds { sizes, rounds }: Rounds) -> Result<()> {
    let bench = std::env::current_exe()?;
    let most = sizes.iter().copied().max().unwrap_or_default().div_ceil(1_000_000);
    let work = machine::work_folder(SPACE_BYTES * most as u64)?;
    machine::print(work.path())?;
    println!(
        "pages        a server of its own in each of {rounds} rounds, the file in the page cache; a browser's session;\n\
         \x20            one request after another over HTTP/1.1, from the request to the body's last byte;\n\
         \x20            {WEEKS} weeks that end with {WEEK}, as many interactions in each\n"
    );
    let mut columns = Vec::new();
    for size in sizes {
        let folder = tempfile::tempdir_in(work.path())?;
        let data = folder.path().join("data");
        // A separate process, as the report's: see there.
        let mut fill = Command::new(&bench);
        fill.arg("fill").arg(&data).arg(size.to_string()).arg(WEEKS.to_string());
        let filled = fill.status()?;
        ensure!(filled.success(), "the store was not filled: {filled}");
        let mut measured: Vec<Measured> = Vec::new();
        for _ in 0..rounds {
            round(program, &data, &mut measured)?;
        }
        columns.push(measured);
    }
    let [small, large] = sizes;
    println!(
        "{:<58}{:>14}{:>14}{:>10}{:>8}",
        "milliseconds",
        format!("{small}"),
        format!("{large}"),
        "worst",
        "growth"
    );
    let (Some(small), Some(large)) = (columns.first(), columns.get(1)) else { return Ok(()) };
    let mut slow = Vec::new();
    for (few, many) in small.iter().zip(large) {
        let (before, after) = (median(few.took_ms.clone()), median(many.took_ms.clone()));
        let worst = many.took_ms.iter().copied().fold(0.0, f64::max);
        println!(
            "{:<58}{before:>14.1}{after:>14.1}{worst:>10.1}{:>8.1}",
            many.name,
            after / before
        );
        if after >= AIM_MS {
            slow.push(many.name);
        }
    }
    let verdict =
        if slow.is_empty() { "met".to_owned() } else { format!("MISSED by {}", slow.join(", ")) };
    println!("    aim: every page under {AIM_MS} ms, the median: {verdict}");
    Ok(())
}

/// Starts a server, and asks it once for every page.
fn round(program: &Path, data: &Path, measured: &mut Vec<Measured>) -> Result<()> {
    let log = data.with_file_name("server.log");
    let server = ServerProcess::start(&mut serve_command(program, data), &log)?;
    let browser = Browser::sign_in(
        &server.authority,
        CredentialsFile::read(data)?.value("CV_ANALYTICS_TOKEN")?,
    )?;
    let week: IsoWeek = WEEK.parse()?;
    let oldest = (1..WEEKS).fold(week, |week, _| week.earlier(1));
    let (before, middle) = (week.earlier(1), week.earlier(26));
    let mut pages = vec![
        ("the newest week, the first page after a start", format!("/weeks/{week}"), ""),
        ("the newest week, again", format!("/weeks/{week}"), ""),
        ("every week, for the first time", "/weeks".to_owned(), ""),
        ("every week, again", "/weeks".to_owned(), ""),
        ("every month", "/weeks?by=month".to_owned(), ""),
        ("the week before, for the first time", format!("/weeks/{before}"), ""),
        ("the week before, again", format!("/weeks/{before}"), ""),
        ("half a year ago, for the first time", format!("/weeks/{middle}"), ""),
        ("the oldest week, for the first time", format!("/weeks/{oldest}"), ""),
        ("the oldest week, again", format!("/weeks/{oldest}"), ""),
    ];
    let questions = |name, filter: &str| (name, format!("/questions?week={week}{filter}"), FOUND);
    pages.extend([
        questions("questions of a week", ""),
        questions("questions: a skill", "&skill=Kubernetes"),
        questions("questions: a skill and a word for it", "&skill=Kubernetes&word=kubernetes"),
        questions("questions: not covered", "&match=none"),
        questions("questions: unanswered", "&outcome=unanswered"),
        questions("questions: in a kind of gap", "&kind=unmatched"),
        questions("questions: a range of scores", "&score=80-90"),
        questions("questions: slower than two seconds", "&took=2000-"),
        questions("questions: with a session", "&session=known"),
        questions("questions: both halves", "&half=both"),
        questions("questions: page 100", "&page=100"),
        questions("questions: a text that is there", &format!("&text={HIT}")),
        ("questions: a text that is not there", format!("/questions?week={week}&text={MISS}"), ""),
        questions("questions of eight weeks", "&weeks=8"),
        questions("questions of eight weeks: a skill", "&weeks=8&skill=Kubernetes"),
        (
            "questions of eight weeks: a text that is not there",
            format!("/questions?week={week}&weeks=8&text={MISS}"),
            "",
        ),
    ]);
    let (request_id, session) = browser.visitor(week)?;
    pages.extend([
        ("a conversation", format!("/sessions/{session}?week={week}"), ""),
        ("an interaction", format!("/interactions/{request_id}"), ""),
        ("the CSV of a week", format!("/questions.csv?week={week}"), ""),
        ("the JSON Lines of a skill", format!("/questions.jsonl?week={week}&skill=Kubernetes"), ""),
        ("live", "/live".to_owned(), ""),
        ("dead letters", "/dead-letters".to_owned(), ""),
        ("settings", "/settings".to_owned(), ""),
    ]);
    for (place, (name, path, holds)) in pages.into_iter().enumerate() {
        let (took, body) = browser.open(&path)?;
        // Page 100 may be beyond the end of a small week: no rows, yet a total.
        ensure!(
            holds.is_empty() || (body.contains(holds) && !body.contains(NONE)),
            "{path} found nothing"
        );
        if measured.len() <= place {
            measured.push(Measured { name, took_ms: Vec::new() });
        }
        if let Some(measured) = measured.get_mut(place) {
            measured.took_ms.push(took.as_secs_f64() * 1_000.0);
        }
    }
    server.stop()
}

/// What a page of questions says of how many it found, and what it says where it found none.
const FOUND: &str = "data-total=\"";
const NONE: &str = "data-total=\"0\"";

/// A browser that is signed in.
struct Browser {
    client: Client,
    base: String,
    cookie: String,
}

impl Browser {
    fn sign_in(authority: &str, token: &str) -> Result<Self> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().no_proxy().tls_certs_only([]).timeout(None);
        let client = client.redirect(Policy::none()).build()?;
        let base = format!("http://{authority}");
        let login = client.post(format!("{base}/login"));
        let login = login.header("content-type", "application/x-www-form-urlencoded");
        let answer = login.body(format!("token={token}")).send()?;
        let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie
            .and_then(|cookie| cookie.split(';').next())
            .context("the login sets a cookie")?;
        Ok(Self { client, base, cookie: cookie.to_owned() })
    }

    /// Asks for a page, and reads it to its end.
    fn open(&self, path: &str) -> Result<(Duration, String)> {
        let started = Instant::now();
        let request =
            self.client.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.header("accept", "text/html").send()?;
        let status = answer.status();
        let body = answer.text()?;
        let took = started.elapsed();
        ensure!(status == 200, "{path} was answered {status}: {body}");
        Ok((took, body))
    }

    /// A visitor who asked in `week`: a request's id and its session.
    fn visitor(&self, week: IsoWeek) -> Result<(String, String)> {
        let (_, lines) =
            self.open(&format!("/questions.jsonl?week={week}&session=known&match=none"))?;
        let line = lines.lines().next().context("the week has a session")?;
        let line: Value = serde_json::from_str(line)?;
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
        text("requestId").zip(text("session")).context("a question has an id and a session")
    }
}
