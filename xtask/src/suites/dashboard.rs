//! The dashboard in a real Chromium: its tests, and its pictures for the documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cv_analytics_harness::server_process::{ServerProcess, under};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::run;
use crate::product_program::{self, Profile};
use crate::root;
use crate::tools::{Cache, chromium};

/// The pictures of README.md and docs/use/dashboard.md, made anew.
const IMAGES: &str = "docs/images";
/// Tests that change what others see, or count attempts to sign in.
const CHANGING: [&str; 5] = [
    "changes.test.js",
    "live.test.js",
    "mail.test.js",
    "signing-in.test.js",
    "without-script.test.js",
];
/// Characters of a skill in the settings, with room for what tells an alias from it.
const NAME_CHARS: usize = 90;
/// Who gets the mail of the server that is told hostile texts.
const RECIPIENTS: &str = "A person with quite a long name <somebody.with.a.long.address@mail.example.org>, b@example.org";
/// What makes the pictures small.
const SHRINKER: &str = "pngquant";

/// Runs every test of `tests/dashboard`: those that only look beside one another, and then the others.
pub(crate) fn check(program: &Path, cache: &Cache) -> Result<()> {
    let visited = Visited::start(program, cache)?;
    for (changes, at_once) in [(false, "2"), (true, "1")] {
        let mut node = visited.node();
        node.args(["--test", "--test-concurrency", at_once, "--test-reporter", "spec"]);
        for file in fs::read_dir(&visited.project)? {
            let name = file?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".test.js") && CHANGING.contains(&name.as_str()) == changes {
                node.arg(name);
            }
        }
        let tests = run(&mut node);
        tests.with_context(|| format!("the servers' last words:\n{}", visited.last_words()))?;
    }
    visited.stop()
}

/// Takes the pictures for the documents.
pub(crate) fn screenshots() -> Result<()> {
    let program = product_program::build(Profile::Dev, "cv-analytics")?;
    let visited = Visited::start(&program, &Cache::open()?)?;
    let images = root().join(IMAGES);
    run(visited.node().arg("screenshots.js").arg(&images))?;
    visited.stop()?;
    crate::tools::require_program(SHRINKER)?;
    for image in fs::read_dir(&images)? {
        let image = image?.path();
        if image.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dashboard-")) {
            run(Command::new(SHRINKER)
                .args(["--force", "--strip", "--ext", ".png", "64"])
                .arg(&image))?;
        }
    }
    Ok(())
}

/// What the tests visit: a server with the demo's weeks, one without an event, and one whose owner has
/// written texts that mean harm into his own settings.
struct Visited {
    work: TempDir,
    project: PathBuf,
    chromium: PathBuf,
    servers: Vec<(&'static str, ServerProcess)>,
}

impl Visited {
    fn start(program: &Path, cache: &Cache) -> Result<Self> {
        let chromium = chromium()?;
        let work = tempfile::tempdir()?;
        let source = root().join("tests/dashboard");
        let project = work.path().join("dashboard");
        lay_out(&source, &project)?;
        std::os::unix::fs::symlink(cache.node_modules(&source)?, project.join("node_modules"))?;
        let (cv, aliases) = hostile_settings(&source, work.path())?;
        let mut servers = Vec::new();
        for (name, arguments) in [
            ("demo", vec!["demo"]),
            ("empty", vec!["serve"]),
            ("hostile", vec!["serve", "--cv", &cv, "--aliases", &aliases, "--mail-to", RECIPIENTS]),
        ] {
            let arguments = [arguments, vec!["--listen", "127.0.0.1:0"]].concat();
            let data = work.path().join(name);
            let mut command = under(&["env"], program, &arguments, &data);
            let log = work.path().join(format!("{name}.log"));
            servers.push((name, ServerProcess::start(&mut command, &log)?));
        }
        Ok(Self { work, project, chromium, servers })
    }

    /// Node.js among the tests, told where everything is.
    fn node(&self) -> Command {
        let mut node = Command::new("node");
        node.current_dir(&self.project).env("CV_ANALYTICS_CHROMIUM", &self.chromium);
        for (name, server) in &self.servers {
            let variable = format!("CV_ANALYTICS_{}", name.to_uppercase());
            node.env(format!("{variable}_URL"), format!("http://{}", server.authority));
            node.env(format!("{variable}_DATA"), self.work.path().join(name));
        }
        for proxy in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
            node.env_remove(proxy);
        }
        node
    }

    fn last_words(&self) -> String {
        let words =
            self.servers.iter().map(|(name, server)| format!("{name}:\n{}", server.log_tail()));
        words.collect::<Vec<_>>().join("\n")
    }

    fn stop(self) -> Result<()> {
        self.servers.into_iter().try_for_each(|(name, server)| {
            server.stop().with_context(|| format!("stop the server {name}"))
        })
    }
}

/// Copies the tests beside a link to their packages, since modules are looked for from where a file is.
fn lay_out(source: &Path, project: &Path) -> Result<()> {
    fs::create_dir(project)?;
    for entry in fs::read_dir(source).with_context(|| format!("read {}", source.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), project.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// A CV list and aliases of the texts in `hostile.json`, as files for `serve`.
fn hostile_settings(source: &Path, work: &Path) -> Result<(String, String)> {
    let texts: Vec<String> = serde_json::from_slice(&fs::read(source.join("hostile.json"))?)?;
    let texts = texts.iter().map(|text| text.chars().take(NAME_CHARS).collect());
    let texts: Vec<String> = texts.collect();
    let aliases = texts.iter().map(|text| (text.clone(), json!([format!("{text} too")])));
    let aliases = Value::Object(aliases.collect());
    let write = |name: &str, value: &Value| -> Result<String> {
        let path = work.join(name);
        fs::write(&path, value.to_string())?;
        Ok(path.to_string_lossy().into_owned())
    };
    Ok((write("cv.json", &json!({ "skills": texts }))?, write("aliases.json", &aliases)?))
}
