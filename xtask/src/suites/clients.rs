//! Real AWS clients against a real server: each suite of `tests/clients` gets its own server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cv_analytics_harness::server_process::{CredentialsFile, ServerProcess, serve_command};
use serde_json::Value;

use crate::commands::run;
use crate::product_program::exported_events;
use crate::root;
use crate::tools::{Cache, require_program};

/// A folder of tests under `tests/clients`, and what runs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suite {
    SignedForm,
    Python,
    PythonQueryProtocol,
    JavaScript,
    Interface,
}

impl Suite {
    /// The commands that run the suite's tests, each once, with their tools installed.
    fn commands(self, cache: &Cache, work: &Path) -> Result<Vec<Command>> {
        let python = clients().join("python");
        let unittest = |program: &Path, module: &str| {
            let mut command = Command::new(program);
            command.args(["-B", "-m", "unittest", "--verbose", module]).current_dir(&python);
            command
        };
        let boto = |requirements: &str| -> Result<Vec<Command>> {
            let program = cache.python_with(&python.join(requirements))?;
            Ok(vec![unittest(&program, "boto3_test"), unittest(&program, "aws_cli_test")])
        };
        match self {
            Self::SignedForm => Ok(vec![unittest(&Cache::bare_python()?, "signed_form_test")]),
            Self::Python => {
                require_program("curl")?;
                let program = cache.python_with(&python.join("requirements.txt"))?;
                let mut commands = boto("requirements.txt")?;
                commands.push(unittest(&program, "bodies_test"));
                commands.push(unittest(&program, "recipes_test"));
                Ok(commands)
            }
            Self::PythonQueryProtocol => boto("requirements-query-protocol.txt"),
            Self::Interface => {
                let program = cache.python_with(&python.join("requirements-interface.txt"))?;
                Ok(vec![unittest(&program, "interface_test")])
            }
            Self::JavaScript => {
                let project = clients().join("javascript");
                // Beside a link to the packages, since modules are looked for from where a file is.
                let linked = work.join("javascript");
                fs::create_dir(&linked)?;
                std::os::unix::fs::symlink(
                    cache.node_modules(&project)?,
                    linked.join("node_modules"),
                )?;
                for name in ["package.json", "questions.js", "sdk.test.js", "aws4fetch.test.js"] {
                    fs::copy(project.join(name), linked.join(name))
                        .with_context(|| format!("copy {name}"))?;
                }
                let test = |file: &str| {
                    let mut command = Command::new("node");
                    command.args(["--test", "--test-reporter", "spec", file]).current_dir(&linked);
                    command
                };
                Ok(vec![test("sdk.test.js"), test("aws4fetch.test.js")])
            }
        }
    }
}

fn clients() -> PathBuf {
    root().join("tests/clients")
}

/// Runs a suite, each of its clients against its own server.
pub(crate) fn run_suite(suite: Suite, program: &Path, cache: &Cache) -> Result<()> {
    let work = tempfile::tempdir()?;
    for (number, mut command) in suite.commands(cache, work.path())?.into_iter().enumerate() {
        let data = work.path().join(format!("data-{number}"));
        let log = work.path().join("server.log");
        let server = ServerProcess::start(&mut serve_command(program, &data), &log)?;
        let tests = run(as_a_user_sets(&mut command, &data, &server.authority)?);
        tests.with_context(|| format!("the server's last words:\n{}", server.log_tail()))?;
        server.stop()?;
        check_questions(&exported_events(program, &data)?)?;
    }
    Ok(())
}

/// Sets what `tests/clients/README.md` lists, and nothing that the tester's own machine has set.
fn as_a_user_sets<'c>(
    command: &'c mut Command,
    data: &Path,
    authority: &str,
) -> Result<&'c mut Command> {
    let credentials = CredentialsFile::read(data)?;
    for name in [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "AWS_SQS_URL",
        "CV_ANALYTICS_TOKEN",
    ] {
        command.env(name, credentials.value(name)?);
    }
    for name in
        ["AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    {
        command.env_remove(name);
    }
    Ok(command
        .env("AWS_DEFAULT_REGION", credentials.value("AWS_REGION")?)
        .env("AWS_ENDPOINT_URL", format!("http://{authority}"))
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("NO_PROXY", "127.0.0.1")
        .env("QUESTIONS_FILE", clients().join("questions.json"))
        .env("OPENAPI_FILE", root().join("docs/schemas/openapi.json")))
}

/// Every question is in the export once, letter by letter.
fn check_questions(events: &[Value]) -> Result<()> {
    let questions = fs::read_to_string(clients().join("questions.json"))?;
    let questions: Vec<String> = serde_json::from_str(&questions)?;
    for (index, question) in questions.iter().enumerate() {
        let request_id = format!("question-{index}");
        let mut found = events
            .iter()
            .filter(|event| event.get("requestId").is_some_and(|found| *found == request_id));
        let Some(event) = found.next() else { bail!("the export has no {request_id}") };
        ensure!(found.next().is_none(), "the export has {request_id} more than once");
        let kept = event.get("query").and_then(Value::as_str);
        ensure!(kept == Some(question), "{request_id} was {question:?}, and came back as {kept:?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn events() -> Vec<Value> {
        let file = fs::read_to_string(clients().join("questions.json")).unwrap();
        let questions: Vec<String> = serde_json::from_str(&file).unwrap();
        let events = questions.iter().enumerate();
        events
            .map(|(n, text)| json!({"requestId": format!("question-{n}"), "query": text}))
            .collect()
    }

    #[test]
    fn a_question_that_is_lost_doubled_or_changed_is_found() {
        assert!(check_questions(&events()).is_ok());
        assert!(check_questions(&events()[1..]).is_err());
        let doubled = [events(), events()].concat();
        assert!(check_questions(&doubled).is_err());
        let mut changed = events();
        changed[0]["query"] = json!("?");
        assert!(check_questions(&changed).is_err());
    }
}
