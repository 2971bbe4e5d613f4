//! Both functions: their configuration against what this version needs.

use std::path::Path;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cv_analytics_aws::install::{self, INSTALL};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Account;
use super::calls::call_error::MISPLACED;
use super::names::ResourceNames;
use crate::commands::doctor::check::{Check, Findings};

/// A function's configuration as Lambda tells it.
#[derive(Clone, Debug)]
pub(crate) struct Function(Value);

/// What this version needs of a function.
struct Needs<'n> {
    /// `processor` or `reporter`.
    role: &'static str,
    name: String,
    names: &'n ResourceNames,
    facts: &'static install::Function,
}

const RUNTIME: &str = "provided.al2023";
/// The variable that a function may be without, and what it is then.
const ENVIRONMENT: &str = "ENVIRONMENT";
const DEFAULT_ENVIRONMENT: &str = "prod";

/// Looks at both functions; gives those that are there.
pub(crate) async fn check(
    account: &Account,
    findings: &mut Findings,
) -> Result<(Option<Function>, Option<Function>)> {
    let names = &account.names;
    let needs = |role, facts: &'static install::Function| Needs {
        role,
        name: names.prefixed(&facts.name),
        names,
        facts,
    };
    let processor = check_one(account, &needs("processor", &INSTALL.processor), findings).await?;
    let reporter = check_one(account, &needs("reporter", &INSTALL.reporter), findings).await?;
    Ok((processor, reporter))
}

async fn check_one(
    account: &Account,
    needs: &Needs<'_>,
    findings: &mut Findings,
) -> Result<Option<Function>> {
    let Needs { role, name, names, .. } = needs;
    let path = format!("/2015-03-31/functions/{name}/configuration");
    match account.calls.lambda(&path, "lambda:GetFunctionConfiguration").await {
        Ok(configuration) => {
            let function = Function(configuration);
            findings.add_all(needs.judge(&function))?;
            findings.add(concurrency(account, needs).await)?;
            findings.add(code(needs, &function, account.functions.as_deref()))?;
            Ok(Some(function))
        }
        Err(error) => {
            let message = format!("missing function {name} in {}", names.region);
            findings.add(error.missing(*role, message, MISPLACED.to_owned()))?;
            Ok(None)
        }
    }
}

impl Function {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// How long an invocation may take.
    pub(crate) fn timeout_s(&self) -> Option<i64> {
        self.number("Timeout")
    }

    /// The name of its role.
    pub(crate) fn role(&self) -> Option<&str> {
        self.text("Role").rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// The value of its metrics' dimension `Environment`.
    pub(crate) fn environment(&self) -> String {
        self.variable(ENVIRONMENT).unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned())
    }

    /// A variable of its environment; `None` where it is missing or empty.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let value = self.0.pointer("/Environment/Variables")?.get(name)?.as_str()?;
        Some(value.to_owned()).filter(|value| !value.trim().is_empty())
    }
}

impl Needs<'_> {
    fn judge(&self, function: &Function) -> [Check; 4] {
        [
            self.state(function),
            self.runtime(function),
            self.size(function),
            self.environment(function),
        ]
    }

    fn state(&self, function: &Function) -> Check {
        let name = &self.name;
        let (state, update) = (function.text("State"), function.text("LastUpdateStatus"));
        let problem = if !matches!(state, "" | "Active" | "Inactive") {
            Some((
                format!("{name} is {state}: {}", function.text("StateReason")),
                MISPLACED.to_owned(),
            ))
        } else if update == "Failed" {
            let message = format!(
                "the last update of {name} failed: {}",
                function.text("LastUpdateStatusReason")
            );
            Some((message, format!("release it again: {}", self.names.release())))
        } else {
            None
        };
        Check::of(self.role, format!("{name} is there"), problem)
    }

    fn runtime(&self, function: &Function) -> Check {
        let runtime = function.text("Runtime");
        let architecture = function.0.pointer("/Architectures/0").and_then(Value::as_str);
        let architecture = architecture.unwrap_or("x86_64");
        let problem = (runtime != RUNTIME).then(|| {
            let fix = format!(
                "aws lambda update-function-configuration --function-name {} --runtime {RUNTIME} --handler bootstrap",
                self.name
            );
            (format!("the runtime is {runtime}, where {RUNTIME} is needed"), fix)
        });
        let good = format!("{RUNTIME} on {architecture}");
        Check::of(format!("{}-runtime", self.role), good, problem)
    }

    fn size(&self, function: &Function) -> Check {
        let memory = function.number("MemorySize").unwrap_or_default();
        let timeout = function.number("Timeout").unwrap_or_default();
        let message = format!("{memory} MB and {timeout} s");
        let memory_mb = i64::from(self.facts.memory_mb);
        let timeout_s = i64::from(self.facts.timeout_seconds);
        let problem = (memory < memory_mb || timeout < timeout_s).then(|| {
            let name = &self.name;
            let fix = format!(
                "aws lambda update-function-configuration --function-name {name} --memory-size {} --timeout {}",
                memory.max(memory_mb),
                timeout.max(timeout_s)
            );
            (format!("{message}, where {memory_mb} MB and {timeout_s} s are needed"), fix)
        });
        Check::of(format!("{}-size", self.role), message, problem)
    }

    fn environment(&self, function: &Function) -> Check {
        let names = self.names;
        let needed: Vec<&str> = self
            .facts
            .variables
            .iter()
            .map(String::as_str)
            .filter(|name| *name != ENVIRONMENT)
            .collect();
        let (mut wrong, mut messages) = (Vec::new(), Vec::new());
        for name in &needed {
            let found = function.variable(name).unwrap_or_default();
            let (wanted, is_wanted) = match *name {
                "QUERY_EVENTS_TABLE" => (&names.query_events, found == names.query_events),
                "ANALYTICS_TABLE" => (&names.analytics, found == names.analytics),
                "QUEUE_URL" => (&names.events_queue, names.is_queue(&found, &names.events_queue)),
                "DEAD_LETTER_QUEUE_URL" => {
                    let wanted = &names.dead_letter_queue;
                    (wanted, names.is_queue(&found, wanted))
                }
                _ => (&found, !found.is_empty()),
            };
            if is_wanted {
                continue;
            }
            wrong.push(*name);
            messages.push(if found.is_empty() {
                format!("{name} is not set")
            } else {
                format!("{name} is {found}, where {wanted} is looked at")
            });
        }
        let problem = (!wrong.is_empty()).then(|| {
            let wrong = wrong.join(" and ");
            let fix = format!(
                "deploy again ({} or apply.sh), which sets {wrong} of {}; if the function is right, set {wrong} here, or \
                 --prefix",
                names.deploy(),
                self.name
            );
            (messages.join("; "), fix)
        });
        let good = format!("all {} that it needs", needed.len());
        Check::of(format!("{}-variables", self.role), good, problem)
    }
}

/// Whether Lambda may start the function at all: a reserved concurrency of 0 switches it off
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>).
async fn concurrency(account: &Account, needs: &Needs<'_>) -> Check {
    let Needs { role, name, .. } = needs;
    let check = format!("{role}-concurrency");
    let path = format!("/2019-09-30/functions/{name}/concurrency");
    let found = match account.calls.lambda(&path, "lambda:GetFunctionConcurrency").await {
        Ok(found) => found,
        Err(error) => return error.inconclusive(check),
    };
    let reserved = found.get("ReservedConcurrentExecutions").and_then(Value::as_i64);
    let problem = (reserved == Some(0)).then(|| {
        (
            format!("Lambda does not start {name}: its reserved concurrency is 0"),
            format!("aws lambda delete-function-concurrency --function-name {name}"),
        )
    });
    let good = reserved.map_or_else(
        || "none reserved: it shares the account's".to_owned(),
        |reserved| format!("{reserved} reserved"),
    );
    Check::of(check, good, problem)
}

/// Whether the code that runs is the one in `folder`.
fn code(needs: &Needs<'_>, function: &Function, folder: Option<&Path>) -> Check {
    let Needs { role, names, .. } = needs;
    let name = format!("{role}-code");
    let running = function.text("CodeSha256");
    let Some(folder) = folder else {
        let why = format!("--functions DIR compares it with zip files; SHA-256 {running} runs");
        return Check::skipped(name, why);
    };
    let architecture = function.0.pointer("/Architectures/0").and_then(Value::as_str);
    let file = folder.join(format!("{role}-{}.zip", architecture.unwrap_or("x86_64")));
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("cannot read {} ({error})", file.display());
            return Check::inconclusive(
                name,
                message,
                "build it: `cargo xtask dist`, with --arch x86_64 for that one",
            );
        }
    };
    let built = STANDARD.encode(Sha256::digest(&bytes));
    let problem = (built != running).then(|| {
        let fix = format!("release it: {}, or {} --code", names.release(), names.deploy());
        (
            format!("{} is not what runs (SHA-256 {built} there, {running} runs)", file.display()),
            fix,
        )
    });
    Check::of(name, format!("{} is what runs", file.display()), problem)
}
