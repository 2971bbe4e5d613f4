//! The documents name what is there: the tables of ARCHITECTURE.md (the crates that we depend on, "Where is …?"), the
//! index of `docs`, the pages that sources refer to, the [`facts`] that pages repeat, and the [`routes`] of the server.
//! (Links, commands and alarms of every page are checked by `tests/infrastructure/links_test.py`, prices and request
//! limits by the tests of `cost`.)

mod facts;
mod routes;

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// The folders of pages; each page is for the reader that its folder is named after.
const FOLDERS: [&str; 3] = ["docs/use", "docs/operate", "docs/develop"];
/// What is in the repository's folder and is not kept in it.
const LEFT_OUT: [&str; 6] = ["target", "node_modules", ".git", ".terraform", "dist", ".wrangler"];
/// How the names of text files end.
const ENDINGS: [&str; 14] =
    ["rs", "ts", "js", "mjs", "py", "sh", "md", "html", "txt", "toml", "yaml", "yml", "tf", "j2"];

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
