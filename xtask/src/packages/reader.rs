//! The README followed with the archive of a release: on a system that has what the README asks for and nothing else, its
//! commands copied as they are, from the download to the report.
//!
//! Without a network: Caddy, which the README puts in front of the server, serves the release in GitHub's name too. Visitors
//! ask by curl, which signs as SQS's clients do; Node.js, which the commands for a Worker need, is not there.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use cv_analytics_harness::readme::{blocks, fill_in, section, steps, without_comment};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::podman::Podman;
use super::target::Target;
use crate::commands::{output, output_for, run};
use crate::tools::Cache;
use crate::{now, root};

/// What the README asks for, besides what is in every Debian (a shell, coreutils, tar, gzip): the certificates of curl's,
/// and Caddy.
const SYSTEM: &str = "ca-certificates,caddy,curl,sudo";
/// The target for which the README has the download.
const TARGET: &str = "x86_64-unknown-linux-musl";
const USER: &str = "reader";
const USER_ID: u32 = 1000;
/// Where the user is in the container.
const HOME: &str = "/home/reader";
/// What the two commands begin with that go on until they are told to end.
const SERVERS: [&str; 2] = ["cv-analytics demo", "cv-analytics serve"];
/// Signs a message with what is in the file of credentials, and sends it to the address there.
const SEND: &str = r#". ./cv-analytics-data/credentials.env
curl --silent --show-error --fail-with-body --aws-sigv4 "aws:amz:$AWS_REGION:sqs" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  "$AWS_SQS_URL" -d Action=SendMessage -d "MessageGroupId=$0" --data-urlencode "MessageBody=$1""#;
const PATIENCE: Duration = Duration::from_mins(1);

/// Follows the README; `archive` is what its first line downloads.
pub(crate) fn check(archive: &Path, target: &Target, cache: &Cache) -> Result<()> {
    // A reader on another system takes another archive, as the README says.
    let readme = fs::read_to_string(root().join("README.md"))?.replace(TARGET, target.name());
    let see_it = section(&readme, "See it")?;
    let own_agent = section(&readme, "Your own agent")?;
    let reader = Reader::arrive(&readme, archive, cache)?;
    reader.see_it(see_it)?;
    reader.set_up(own_agent)
}

/// Puts into `web` what Caddy serves, and its settings; gives the archive's address, and the name of the reader's server.
fn lay_out_web(readme: &str, archive: &Path, web: &Path) -> Result<(String, String)> {
    let url = readme.split_whitespace().find(|word| word.ends_with(".tar.gz"));
    let url = url.context("the README's first command downloads an archive")?;
    let place = url.strip_prefix("https://github.com/").context("the release is on GitHub")?;
    let release = web.join(place);
    fs::create_dir_all(release.parent().context("a release has a folder")?)?;
    fs::copy(archive, release)?;
    let blocks = blocks(readme)?;
    let proxy = blocks.iter().find(|(_, lines)| lines.contains("reverse_proxy"));
    let (_, proxy) = proxy.context("the README puts a proxy in front of the server")?;
    let domain = proxy.split_whitespace().next().context("the proxy has a name")?;
    let github = "github.com {\n\troot * /web\n\tfile_server\n}\n";
    fs::write(web.join("Caddyfile"), format!("{{\n\tlocal_certs\n}}\n{proxy}\n{github}"))?;
    Ok((url.to_owned(), domain.to_owned()))
}

/// A container with a user in it.
struct Reader {
    podman: Podman,
    home: PathBuf,
    /// When the visitors ask.
    asked_at: Timestamp,
}

impl Reader {
    fn arrive(readme: &str, archive: &Path, cache: &Cache) -> Result<Self> {
        let podman = Podman::open()?;
        let folder = podman.folder.path().to_owned();
        let system = folder.join("system");
        run(Command::new("cp").arg("--archive").arg(cache.debian_system(SYSTEM)?).arg(&system))?;
        fs::write(
            system.join("etc/sudoers.d/reader"),
            format!("{USER} ALL=(ALL) NOPASSWD: ALL\n"),
        )?;

        let home = folder.join("home");
        fs::create_dir(&home)?;
        chown(&home, Some(USER_ID), Some(USER_ID))?;
        let reader = Self { podman, home, asked_at: now() };

        let web = folder.join("web");
        let (url, domain) = lay_out_web(readme, archive, &web)?;
        let mut start = reader.podman.command(&["run", "--detach", "--name", USER]);
        start.args(["--network", "none", "--add-host", "github.com:127.0.0.1"]);
        start.args(["--add-host", &format!("{domain}:127.0.0.1")]);
        start.args(["--volume", &format!("{}:{HOME}", reader.home.display())]);
        start.args(["--volume", &format!("{}:/web:ro", web.display())]);
        start.arg("--rootfs").arg(&system).args(["sleep", "infinity"]);
        output(&mut start)?;
        let user = format!("useradd --uid {USER_ID} --home-dir {HOME} --shell /bin/sh {USER}");
        reader.podman.run(&["exec", USER, "sh", "-c", &user])?;
        // Caddy has the system trust the certificates that it makes.
        let caddy = ["exec", "--detach", "--env", "HOME=/root", USER, "caddy", "run", "--config"];
        reader.podman.run(&[&caddy[..], &["/web/Caddyfile"]].concat())?;
        reader.wait_for(&format!("curl --silent --fail --head {url}"))?;
        Ok(reader)
    }

    /// Waits until a command succeeds.
    fn wait_for(&self, command: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.typed(command, "") {
                Err(error) if began.elapsed() > PATIENCE => return Err(error),
                Err(_) => thread::sleep(Duration::from_millis(200)),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// A command that the user gives a shell.
    fn shell(&self, command: &str) -> Command {
        let exec = ["exec", "--interactive", "--user", USER, "--workdir", HOME, USER];
        self.podman.command(&[&exec[..], &["sh", "-e", "-c", command]].concat())
    }

    /// Runs commands to their end, with `input` for one that asks, and gives what they print.
    fn typed(&self, commands: &str, input: &str) -> Result<String> {
        let said = output_for(&mut self.shell(commands), input.as_bytes())
            .with_context(|| format!("run {commands:?}"))?;
        String::from_utf8(said).context("what it prints is text")
    }

    fn start(&self, server: &str) -> Result<ServerProcess> {
        let mut start = self.shell(&format!("echo $$ >server.pid; exec {server}"));
        ServerProcess::start(&mut start, &self.home.join("server.log"))
    }

    /// Ctrl-C.
    fn interrupt(&self, server: ServerProcess) -> Result<()> {
        self.typed(r#"kill -INT "$(cat server.pid)""#, "")?;
        server.ended()
    }

    /// The download, the demo, and what its visitors asked in vain.
    fn see_it(&self, section: &str) -> Result<()> {
        let (_, commands) =
            *blocks(section)?.first().context("the section begins with commands")?;
        let demo = self.follow(commands)?.context("the commands end with the demo")?;
        for form in ["html", "txt", "md", "json", "eml"] {
            self.typed(&format!("test -s cv-analytics-demo/report-*.{form}"), "")?;
        }
        let listing = section.split('`').find(|code| code.starts_with("cv-analytics gaps list"));
        let gaps = self.typed(listing.context("the section lists gaps")?, "")?;
        ensure!(gaps.contains("Kubernetes"), "the demo's gaps are\n{gaps}");
        println!("{}", demo.printed.trim_end());
        self.interrupt(demo)
    }

    /// The steps for an agent: its visitors ask after each start of the server, and the report has every question.
    fn set_up(&self, section: &str) -> Result<()> {
        fs::write(self.home.join("my-cv.txt"), "Rust\nTypeScript\n")?;
        let configuration = self.home.join("cv-analytics.toml");
        let mut running: Option<ServerProcess> = None;
        let mut asked = 0;
        let mut address = String::new();
        for (number, blocks) in (1..).zip(steps(section)?) {
            for (language, lines) in blocks {
                if language == "toml" {
                    for setting in lines.lines() {
                        let filled = fill_in(&fs::read_to_string(&configuration)?, setting)?;
                        fs::write(&configuration, filled)?;
                    }
                }
                let needs_node = ["npx ", "npm "].iter().any(|tool| lines.starts_with(tool));
                if language != "sh" || needs_node {
                    continue;
                }
                if lines.contains(SERVERS[1])
                    && let Some(server) = running.take()
                {
                    self.interrupt(server)?;
                }
                if let Some(server) = self.follow(lines)? {
                    self.ensure_told(&server, &mut address)?;
                    self.ask(&format!("step-{number}"))?;
                    asked += 1;
                    running = Some(server);
                }
            }
        }
        self.interrupt(running.context("the steps start the server")?)?;
        ensure!(asked >= 3, "the steps start the server, give it an address, and have it mailed");
        self.ensure_reported(asked)
    }

    /// Runs a block's commands; the last may be a server, which goes on.
    fn follow(&self, commands: &str) -> Result<Option<ServerProcess>> {
        for line in commands.lines() {
            println!("$ {line}");
        }
        let (before, last) = commands.rsplit_once('\n').unwrap_or(("", commands));
        let last = without_comment(last);
        if !SERVERS.contains(&last) {
            self.typed(commands, "a password\n")?;
            return Ok(None);
        }
        self.typed(before, "a password\n")?;
        self.start(last).map(Some)
    }

    /// The values that the server prints for the agent are those that it keeps: all at its first start, later a new address.
    fn ensure_told(&self, server: &ServerProcess, address: &mut String) -> Result<()> {
        let credentials = CredentialsFile::read(&self.home.join("cv-analytics-data"))?;
        let mut told = vec!["AWS_SQS_URL"];
        if address.is_empty() {
            told.extend(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]);
        } else if credentials.value("AWS_SQS_URL")? == address {
            return Ok(());
        }
        for name in told {
            let value = credentials.value(name)?;
            let is_told = server.printed.contains(name) && server.printed.contains(value);
            ensure!(is_told, "{name}={value} is not in\n{}", server.printed);
        }
        credentials.value("AWS_SQS_URL")?.clone_into(address);
        println!("AWS_SQS_URL={address}");
        Ok(())
    }

    /// A visitor asks, and the agent has no answer.
    fn ask(&self, id: &str) -> Result<()> {
        let asked = self.asked_at.as_millisecond();
        let query = json!({"eventType": "query", "requestId": id, "timestamp": asked, "sessionId": id,
            "query": "Do you know GraphQL?"});
        let response = json!({"eventType": "response", "requestId": id, "timestamp": asked + 900,
            "matchType": "none", "matchScore": 5, "missingSkills": ["GraphQL"]});
        for event in [query, response] {
            let mut send = self.shell(SEND);
            output(send.args([id, &event.to_string()]).stdin(Stdio::null()))?;
        }
        Ok(())
    }

    fn ensure_reported(&self, asked: u64) -> Result<()> {
        let week = self.asked_at.strftime("%G-W%V");
        let report = self.typed(&format!("cv-analytics report --week {week} --format json"), "")?;
        let report: Value = serde_json::from_str(&report)?;
        let figure = |pointer: &str| report.pointer(pointer).cloned().unwrap_or_default();
        for (pointer, expect) in [
            ("/capture/queries", json!(asked)),
            ("/capture/joined", json!(asked)),
            ("/conversations", json!(asked)),
            ("/match/none", json!(asked)),
            ("/gaps/0/name", json!("GraphQL")),
            ("/gaps/0/kind", json!("not_on_cv")),
            ("/gaps/0/queries", json!(asked)),
        ] {
            let found = figure(pointer);
            ensure!(found == expect, "{pointer} of the report is {found}, not {expect}");
        }
        println!(
            "the report has {asked} questions: {} is {}",
            figure("/gaps/0/name"),
            figure("/gaps/0/kind")
        );
        Ok(())
    }
}
