//! The documents name what is there: the tables of ARCHITECTURE.md (the crates that we depend on, "Where is …?"), the
//! index of `docs`, the pages that sources refer to, the limits and the facts of `infra/install.json` that pages
//! repeat, and the addresses of the server. (Links, commands and alarms of every page are
//! checked by `tests/infrastructure/links_test.py`, prices and request limits by the tests of `cost`.)

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::root;

/// The folders of pages; each page is for the reader that its folder is named after.
const FOLDERS: [&str; 3] = ["docs/use", "docs/operate", "docs/develop"];
/// What is in the repository's folder and is not kept in it.
const LEFT_OUT: [&str; 6] = ["target", "node_modules", ".git", ".terraform", "dist", ".wrangler"];
/// How the names of text files end.
const ENDINGS: [&str; 14] =
    ["rs", "ts", "js", "mjs", "py", "sh", "md", "html", "txt", "toml", "yaml", "yml", "tf", "j2"];

/// Constants of the sources, each with the pages that repeat its value and the words in which they do.
const FACTS: [(&str, &[(&str, &str)]); 20] = [
    (
        "QUERY_MAX_CHARS: usize = 2_000",
        &[
            ("docs/use/events.md", "kept up to 2,000 characters"),
            ("docs/operate/security.md", "questions, up to 2,000 characters"),
        ],
    ),
    (
        "REASONING_MAX_CHARS: usize = 500",
        &[
            ("docs/use/events.md", "kept up to 500 characters"),
            ("docs/operate/security.md", "reasoning, up to 500 characters"),
        ],
    ),
    (
        "KEPT_MAX_BYTES: usize = 256 * 1024",
        &[
            ("docs/use/events.md", "the stored form would exceed 256 KiB"),
            ("docs/operate/aws.md", "a form over 256 KiB becomes a dead letter"),
        ],
    ),
    (
        "PROMOTED_AFTER_MS: i64 = 15 * 60 * 1000",
        &[
            ("docs/operate/aws.md", "have waited 15 minutes for a response"),
            ("docs/operate/troubleshooting.md", "counts as unanswered after 15 minutes"),
            ("docs/develop/aws-join.md", "has waited 15 minutes"),
            ("docs/use/dashboard.md", "a question waits 15 minutes for its answer"),
            ("docs/use/fire-and-forget.md", "as a separate record 15 minutes later"),
            (
                "crates/cv-analytics-dashboard/templates/week.html",
                "Questions from the last 15 minutes",
            ),
            (
                "crates/cv-analytics-dashboard/templates/connect_steps.html",
                "once it is answered, or 15 minutes later",
            ),
        ],
    ),
    (
        "ROW_DAYS: u32 = 20",
        &[
            ("docs/operate/security.md", "interim rows 20 days"),
            ("docs/operate/aws.md", "after 20 days"),
            ("docs/develop/aws-join.md", "20 days after its last write"),
        ],
    ),
    (
        "DEDUPLICATION_WINDOW_MS: i64 = 5 * 60 * 1000",
        &[("docs/operate/server.md", "five minutes, by `Message")],
    ),
    (
        "ALLOWED_SKEW_SECONDS: u64 = 15 * 60",
        &[
            ("docs/operate/server.md", "clock off by more than 15 minutes"),
            ("docs/operate/server.md", "signed more than 15 minutes before or after"),
            ("docs/operate/security.md", "signatures last 15 minutes"),
            (
                "crates/cv-analytics-insights/src/view/phrases/refusals.rs",
                "with a date more than 15 minutes off",
            ),
            ("worker/src/queue-client.ts", "takes a signature for 15 minutes"),
        ],
    ),
    ("MAX_MESSAGE_BYTES: usize = 1024 * 1024", &[("docs/operate/server.md", "1,048,576 bytes")]),
    ("MAX_BODY_BYTES: usize = 16 * 1024 * 1024", &[("docs/operate/server.md", "over 16 MiB")]),
    (
        "MAX_ENTRIES: usize = 100_000",
        &[("docs/operate/server.md", "more than 100,000 events in a body")],
    ),
    (
        "MAX_UNREADABLE_BYTES: usize = 32 * 1024 * 1024",
        &[("docs/use/events.md", "none of the first 1,000 entries, or 32 MiB")],
    ),
    ("REPORT_VERSION: u32 = 2", &[("docs/use/report.md", "`\"reportVersion\": 2`")]),
    ("MAX_COMPLETE_ROWS: usize = 500", &[("docs/use/report.md", "The first 500 rows")]),
    ("MAX_ROWS: usize = 2_000", &[("docs/use/report.md", "at most 2,000 named rows")]),
    ("MAX_ACTIONS: usize = 10", &[("docs/use/report.md", "At most ten actions")]),
    (
        "MAX_SEARCHED_INTERACTIONS: u64 = 200_000",
        &[("docs/use/dashboard.md", "read 200,000 interactions")],
    ),
    (
        "MAX_MAIL_BYTES: usize = 100_000",
        &[("docs/use/mail-template.md", "more than 100,000 bytes")],
    ),
    ("MAX_INSTRUCTIONS: u64 = 1_000_000", &[("docs/use/mail-template.md", "a million steps")]),
    ("MAX_PROCESSOR_SECONDS: u64 = 5", &[("docs/use/mail-template.md", "5 s of processor time")]),
    ("MAX_MEMORY_MB: u64 = 512", &[("docs/use/mail-template.md", "on Linux, 512 MB of memory")]),
];

/// Facts of `infra/install.json`, each with the files that repeat it, and the words in which they do: `{}` is its value,
/// in digits or as a word.
const INSTALL_FACTS: [(&str, &[(&str, &str)]); 14] = [
    (
        "reporter.memoryMb",
        &[
            ("docs/operate/cost.md", "5 reports a month, {} MB"),
            ("docs/operate/scaling.md", "and {} MB, which is"),
            ("docs/operate/scaling.md", "| {} MB, at some 70 bytes"),
        ],
    ),
    (
        "reporter.timeoutSeconds",
        &[
            ("docs/operate/cost.md", "at most {} seconds"),
            ("docs/operate/scaling.md", "It has {} seconds"),
            ("docs/operate/scaling.md", "the reporter's {}, that is"),
            ("docs/operate/scaling.md", "| {} s, at 120 µs"),
            ("docs/operate/runbook.md", "a time-out of {} s"),
            ("infra/README.md", "no more in its {} seconds"),
        ],
    ),
    ("processor.memoryMb", &[("docs/operate/cost.md", "of a CPU that {} MB gets")]),
    (
        "mapping.concurrency",
        &[
            ("docs/operate/scaling.md", "`ProcessorConcurrency` of {}"),
            ("infra/README.md", "| `ProcessorConcurrency` | {} |"),
        ],
    ),
    (
        "mapping.batchSize",
        &[
            ("docs/operate/doctor.md", "| {} per batch"),
            ("ARCHITECTURE.md", "batches of {}"),
            ("ARCHITECTURE.md", "a batch of up to {} to the function"),
        ],
    ),
    (
        "queues.events.retentionDays",
        &[
            ("docs/operate/scaling.md", "the queue, which keeps {} days"),
            ("docs/operate/runbook.md", "Messages are kept for {} days"),
            ("docs/operate/troubleshooting.md", "wait in the queue for {} days"),
            ("docs/operate/doctor.md", "deduplication by content, {} days"),
            ("docs/operate/security.md", "at most {} days"),
            ("infra/cloudformation/cv-analytics.yaml", "Messages are kept {} days; look"),
            ("infra/terraform/modules/monitoring/main.tf", "Messages are kept {} days; look"),
        ],
    ),
    (
        "queues.deadLetters.retentionDays",
        &[
            ("docs/operate/runbook.md", "They are kept for {} days"),
            ("docs/operate/doctor.md", "FIFO, {} days"),
            ("docs/operate/security.md", "| {} days; until you drop them"),
            ("infra/cloudformation/cv-analytics.yaml", "They are kept {} days. Look"),
            ("infra/terraform/modules/monitoring/main.tf", "They are kept {} days. Look"),
        ],
    ),
    (
        "queues.events.maxReceives",
        &[
            ("docs/operate/doctor.md", "{} receives and then"),
            ("docs/operate/runbook.md", "was tried {} times"),
            ("infra/cloudformation/cv-analytics.yaml", "come again, {} times in all"),
            ("infra/terraform/modules/monitoring/main.tf", "come again, {} times in all"),
        ],
    ),
    ("queues.events.pollSeconds", &[("docs/operate/cost.md", "a poll every {} seconds")]),
    (
        "tables.provisionedUnits",
        &[
            ("docs/operate/cost.md", "with {} reads and {} writes a second"),
            ("docs/operate/scaling.md", "{} write units for each table"),
            ("infra/README.md", "{} reads and {} writes a second"),
            ("infra/cloudformation/cv-analytics.yaml", "{} reads and {} writes a second"),
            ("infra/terraform/variables.tf", "{} reads and {} writes a second"),
            ("crates/cv-analytics/src/commands/cost.rs", "{} reads and {} writes a second"),
            (
                "crates/cv-analytics/src/commands/cost/estimate.rs",
                "{} reads and {} writes a second",
            ),
        ],
    ),
    (
        "logRetentionDays",
        &[
            ("docs/operate/cost.md", "kept {} days"),
            ("docs/operate/security.md", "| {} days; no question"),
        ],
    ),
    (
        "alarms.cv-analytics-silence.periods",
        &[
            ("docs/operate/runbook.md", "`SilenceHours` ({})"),
            ("infra/README.md", "| `SilenceHours` | {} |"),
        ],
    ),
    (
        "alarms.cv-analytics-join-rate.below",
        &[
            ("docs/operate/runbook.md", "Under {} % of a day's questions"),
            ("infra/cloudformation/cv-analytics.yaml", "Under {} % of a day's questions"),
            ("infra/terraform/modules/monitoring/main.tf", "Under {} % of a day's questions"),
        ],
    ),
    (
        "alarms.cv-analytics-join-rate.minimumMessages",
        &[("docs/operate/runbook.md", "a day with at least {} messages")],
    ),
];

/// Numbers that a text may write as a word.
const WORDS: [(&str, &str); 2] = [("4", "four"), ("10", "ten")];

/// A piece of Markdown within a line.
#[derive(Debug, PartialEq, Eq)]
enum Span<'t> {
    /// Where a link leads.
    Link(&'t str),
    /// Code that is not the text of a link.
    Code(&'t str),
}

/// The links and the code of a line, in order.
fn spans(mut line: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    while let Some(at) = line.find(['[', '`']) {
        let rest = &line[at + 1..];
        let linked = || {
            let (_, target) = rest.split_once("](")?;
            target.split_once(')')
        };
        line = if line[at..].starts_with('`') {
            let Some((code, rest)) = rest.split_once('`') else { break };
            found.push(Span::Code(code));
            rest
        } else if let Some((target, rest)) = linked() {
            found.push(Span::Link(target));
            rest
        } else {
            rest
        };
    }
    found
}

/// The rows of the table below a heading, without its head.
fn rows<'t>(page: &'t str, heading: &str) -> Vec<&'t str> {
    let lines = page.lines().skip_while(|line| *line != heading).skip(1);
    let table = lines.skip_while(|line| !line.starts_with('|')).skip(2);
    table.take_while(|line| line.starts_with('|')).collect()
}

/// The crates that the workspace's `Cargo.toml` names, without those of the workspace.
fn dependencies() -> Vec<String> {
    let manifest = page("Cargo.toml");
    let (_, section) = manifest.split_once("[workspace.dependencies]\n").expect("dependencies");
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let named = lines.filter(|line| !line.starts_with('#') && !line.contains("path = "));
    named.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
}

/// How a file's name ends: `rs`.
fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// Every file below a folder, as a path from the repository's root.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.path().is_symlink() || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if entry.path().is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names of the files and all that is written in them; of a folder, of everything below it.
fn text_of(path: &str) -> String {
    let paths = if root().join(path).is_dir() { files(path) } else { vec![path.to_owned()] };
    let mut text = String::new();
    for path in paths {
        text.push_str(&path);
        text.push('\n');
        text.push_str(&fs::read_to_string(root().join(path)).unwrap_or_default());
    }
    text
}

/// Whether each part of a name (`IsoWeek::containing`, `join()`) is in a text, as a whole word.
fn names(text: &str, name: &str) -> bool {
    let is_inside = |c: char| c.is_alphanumeric() || c == '_';
    let parts = name.trim_end_matches("()").split("::");
    parts.into_iter().all(|part| {
        text.match_indices(part).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + part.len()..].chars().next();
            !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
        })
    })
}

/// What is wrong with a row that says where something is.
fn wrong_in(row: &str) -> Vec<String> {
    let (_, answer) = row.trim_matches('|').split_once('|').expect("two cells");
    let mut wrong = Vec::new();
    let mut file: Option<(&str, String)> = None;
    for span in spans(answer) {
        match span {
            Span::Link(target) => {
                let path = target.split('#').next().unwrap_or_default();
                file = root().join(path).exists().then(|| (path, text_of(path)));
                if file.is_none() {
                    wrong.push(format!("there is no {path}"));
                }
            }
            Span::Code(name) => {
                if let Some((path, text)) = &file
                    && !names(text, name)
                {
                    wrong.push(format!("{path} has no `{name}`"));
                }
            }
        }
    }
    if !spans(answer).iter().any(|span| matches!(span, Span::Link(_))) {
        wrong.push("it links to no file".to_owned());
    }
    wrong
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The pages of a folder, without those of the folders in it.
fn pages_of(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("a folder of pages");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    pages.sort();
    pages
}

/// A page as the index names it: `use/report.md`.
fn in_docs(page: &Path) -> String {
    let path = page.strip_prefix(root().join("docs")).expect("a page of docs");
    path.to_str().expect("a name in UTF-8").replace('\\', "/")
}

#[test]
fn where_is_names_files_that_exist_and_names_that_are_in_them() {
    let architecture = page("ARCHITECTURE.md");
    let rows = rows(&architecture, "## Where is …?");
    assert!(rows.len() > 40, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        for problem in wrong_in(row) {
            let asked = row.trim_matches('|').split('|').next().unwrap_or_default().trim();
            wrong.push(format!("the code that {asked}: {problem}"));
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md, \"Where is …?\":\n{}", wrong.join("\n"));
}

#[test]
fn the_architecture_says_of_each_dependency_why_it_is_there() {
    let architecture = page("ARCHITECTURE.md");
    let (_, section) = architecture.split_once("## Dependencies").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("a section behind it");
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let mut listed: Vec<&str> = cells
        .map(|(name, why)| {
            assert!(why.len() > 10, "{name} is there for {why}");
            name
        })
        .collect();
    let named = dependencies();
    let mut named: Vec<&str> = named.iter().map(String::as_str).collect();
    named.sort_unstable();
    listed.sort_unstable();
    assert!(named.len() > 50, "{named:?}");
    assert_eq!(listed, named);
}

#[test]
fn every_other_file_that_the_architecture_mentions_exists() {
    let architecture = page("ARCHITECTURE.md");
    let known = files("");
    let mut wrong = Vec::new();
    let (before, _) = architecture.split_once("## Where is …?").expect("the table");
    for span in before.lines().flat_map(spans) {
        let exists = match span {
            Span::Link(target) => {
                root().join(target.split('#').next().unwrap_or_default()).exists()
            }
            Span::Code(name) if name.contains(' ') => true,
            Span::Code(name) if ENDINGS.contains(&ending(name)) => known.iter().any(|path| {
                path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
            }),
            Span::Code(_) => true,
        };
        if !exists {
            wrong.push(format!("{span:?}"));
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md mentions, and there is not:\n{}", wrong.join("\n"));
}

#[test]
fn the_index_lists_every_page_and_no_other() {
    let index = page("docs/README.md");
    let listed: Vec<&str> = index
        .lines()
        .flat_map(spans)
        .filter_map(|span| if let Span::Link(target) = span { Some(target) } else { None })
        .collect();
    let pages = FOLDERS.into_iter().flat_map(pages_of).map(|page| in_docs(&page));
    let missing: Vec<String> = pages.filter(|page| !listed.contains(&page.as_str())).collect();
    assert!(missing.is_empty(), "docs/README.md does not list:\n{}", missing.join("\n"));
    assert!(listed.contains(&"develop/adr"), "docs/README.md does not list the decision records");
    let lost = listed.iter().filter(|target| !root().join("docs").join(target).exists());
    let lost: Vec<&str> = lost.copied().collect();
    assert!(lost.is_empty(), "docs/README.md lists what is not there:\n{}", lost.join("\n"));
    let beside = pages_of("docs").into_iter().map(|page| in_docs(&page));
    let beside: Vec<String> = beside.filter(|page| page != "README.md").collect();
    assert!(beside.is_empty(), "pages that are in no folder:\n{}", beside.join("\n"));
}

#[test]
fn every_page_says_first_for_whom_it_is() {
    let mut wrong = Vec::new();
    for file in FOLDERS.into_iter().flat_map(pages_of) {
        let text = fs::read_to_string(&file).expect("a page");
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let title = lines.next().unwrap_or_default();
        let first = lines.next().unwrap_or_default();
        if !title.starts_with("# ") || !first.starts_with("For ") {
            wrong.push(format!("{}: {title:?}, then {first:?}", in_docs(&file)));
        }
    }
    assert!(
        wrong.is_empty(),
        "a page begins with its title and a line \"For …\":\n{}",
        wrong.join("\n")
    );
}

/// The pages that a text names by their path from the repository's root.
fn named_pages(text: &str) -> Vec<&str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let mut named = Vec::new();
    for (at, _) in text.match_indices("docs/") {
        let is_inside = text[..at].chars().next_back().is_some_and(is_path);
        let rest = &text[at..];
        let path = &rest[..rest.find(|c| !is_path(c)).unwrap_or(rest.len())];
        let path = path.trim_end_matches('.');
        if !is_inside && ending(path) == "md" {
            named.push(path);
        }
    }
    named
}

#[test]
fn every_page_that_a_source_names_exists() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in files("") {
        if !ENDINGS.contains(&ending(&file)) || file == "xtask/src/documents.rs" {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
        for path in named_pages(&text) {
            count += 1;
            if !root().join(path).exists() {
                wrong.push(format!("{file} names {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "pages that are not there:\n{}", wrong.join("\n"));
    assert!(count > 30, "{count} mentions");
}

#[test]
fn pages_repeat_the_limits_of_the_sources() {
    let sources: Vec<String> =
        files("crates").into_iter().filter(|file| ending(file) == "rs").collect();
    let sources: String = sources.iter().map(|file| page(file)).collect();
    let mut wrong = Vec::new();
    for (constant, repeated) in FACTS {
        if !sources.contains(&format!("const {constant};")) {
            wrong.push(format!("no source has `const {constant};`; see {repeated:?}"));
        }
        for (file, words) in repeated {
            if !words_of(file).contains(words) {
                wrong.push(format!("{file} does not say {words:?} of `{constant}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "what pages repeat:\n{}", wrong.join("\n"));
}

/// A file's text with one blank between words.
fn words_of(file: &str) -> String {
    page(file).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fact at a path as `alarms.cv-analytics-silence.periods`; one of a list is found by its name.
fn fact<'f>(facts: &'f Value, path: &str) -> Option<&'f Value> {
    path.split('.').try_fold(facts, |facts, step| match facts {
        Value::Array(list) => list.iter().find(|one| one.get("name") == Some(&step.into())),
        other => other.get(step),
    })
}

#[test]
fn files_repeat_the_facts_of_the_aws_install() {
    let facts: Value = serde_json::from_str(&page("infra/install.json")).expect("JSON");
    let mut wrong = Vec::new();
    for (path, repeated) in INSTALL_FACTS {
        let Some(value) = fact(&facts, path).map(ToString::to_string) else {
            wrong.push(format!("infra/install.json has no {path}"));
            continue;
        };
        let word = WORDS.iter().find(|(digits, _)| *digits == value).map_or("", |(_, word)| word);
        for (file, words) in repeated {
            let text = words_of(file);
            if ![&*value, word].iter().any(|value| text.contains(&words.replace("{}", value))) {
                let said = words.replace("{}", &value);
                wrong.push(format!(
                    "{file} does not say {said:?}, as infra/install.json does in {path}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "what files repeat:\n{}", wrong.join("\n"));
}

/// Every route of the program as `GET /weeks/{week}`.
fn routes() -> BTreeSet<String> {
    let sources = files("crates").into_iter().filter(|file| ending(file) == "rs");
    let sources = sources.filter(|file| !file.contains("/tests"));
    let mut routes = BTreeSet::new();
    for source in sources.map(|file| page(&file)) {
        for route in source.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').expect("a path");
            let handlers = rest.split_once('\n').map_or(rest, |(line, _)| line);
            for method in ["get", "post"] {
                let call = format!("{method}(");
                if handlers.contains(&format!(" {call}")) || handlers.contains(&format!(".{call}"))
                {
                    routes.insert(format!("{} {path}", method.to_uppercase()));
                }
            }
        }
    }
    routes
}

#[test]
fn the_table_of_addresses_lists_every_route_and_no_other() {
    let server = page("docs/operate/server.md");
    let listed = rows(&server, "## Every address").into_iter().flat_map(spans);
    let listed: BTreeSet<String> = listed
        .filter_map(|span| if let Span::Code(route) = span { Some(route.to_owned()) } else { None })
        .collect();
    assert_eq!(listed, routes(), "docs/operate/server.md, \"Every address\", and the routes");
}

#[test]
fn every_page_that_the_dashboards_table_lists_is_a_route() {
    let dashboard = page("docs/use/dashboard.md");
    let table = dashboard.lines().skip_while(|line| *line != "| page | what |").skip(2);
    let routes = routes();
    let mut count = 0;
    for row in table.take_while(|line| line.starts_with('|')) {
        let Some(Span::Code(address)) = spans(row).into_iter().next() else { panic!("{row}") };
        let address = address.split('?').next().unwrap_or_default();
        count += 1;
        let is_same = |route: &String| {
            let route = route.strip_prefix("GET ").unwrap_or_default();
            let parts = || route.split('/').zip(address.split('/'));
            route.split('/').count() == address.split('/').count()
                && parts().all(|(route, part)| route == part || route.starts_with('{'))
        };
        assert!(
            routes.iter().any(is_same),
            "docs/use/dashboard.md lists {address}, which is no route"
        );
    }
    assert!(count > 10, "{count} pages");
}

#[test]
fn pages_are_found_in_messages_and_not_in_addresses() {
    let text = "See docs/use/report.md. (docs/lost.md), https://e.org/docs/far.md, ../docs/up.md";
    assert_eq!(named_pages(text), ["docs/use/report.md", "docs/lost.md"]);
}

#[test]
fn rows_that_are_wrong_are_found() {
    let row = |answer: &str| wrong_in(&format!("| asked | {answer} |"));
    assert_eq!(
        row("[`core/week.rs`](crates/lost/week.rs): `IsoWeek`"),
        ["there is no crates/lost/week.rs"]
    );
    assert_eq!(row("[`documents`](xtask/src/documents.rs): `FOLDERS`, `wrong_in()`"), [""; 0]);
    let lost = format!("LO{}", "ST_NAME");
    assert_eq!(
        row(&format!("[`it`](xtask/src/documents.rs): `{lost}`")),
        [format!("xtask/src/documents.rs has no `{lost}`")]
    );
    assert_eq!(row("`week.rs`"), ["it links to no file"]);
    assert_eq!(row("[all](xtask/src): `documents.rs`, `wrong_in`"), [""; 0]);
    let part = format!("[it](xtask/src/documents.rs): `FOLDE{}`", "R");
    assert_eq!(row(&part).len(), 1, "a part is not the name");
}
