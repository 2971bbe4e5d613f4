//! The table of `docs/develop/planted-faults.md`, row by row, in one account.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cv_analytics_harness::emulators::moto::MotoServer;
use serde_json::{Value, json};

use crate::doctor::account::{ACCOUNT, Environment};
use crate::doctor::diagnosis::Diagnosis;
use crate::doctor::emulator::{self, REGION, SERVER};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/develop/planted-faults.md");
const INSTALL: &str = include_str!("../../../../../infra/install.json");
const THE_FIX: &str = "the fix";
/// What is not looked at where neither zip files nor a canary are asked for.
const SKIPPED: [&str; 3] = ["processor-code", "reporter-code", "canary"];

/// A row of the table.
struct Fault<'p> {
    name: &'p str,
    plant: Vec<&'p str>,
    outcome: &'static str,
    check: &'p str,
    message: &'p str,
    fix: &'p str,
    is_mended_by_fix: bool,
    mend: Vec<&'p str>,
}

impl<'p> Fault<'p> {
    fn read(row: &'p str) -> Self {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, plant, check, message, fix, mend] = *cells else { panic!("{row}") };
        let (check, outcome) = match check.strip_suffix(" (warn)") {
            Some(check) => (check, "warn"),
            None => (check, "fail"),
        };
        let [fix] = *code(fix) else { panic!("{row}") };
        let is_mended_by_fix = mend.starts_with(THE_FIX);
        let (plant, mend) = (code(plant), code(mend));
        Self { name, plant, outcome, check, message, fix, is_mended_by_fix, mend }
    }
}

/// What is between backticks.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The account, and what runs commands in it.
struct Account {
    environment: Environment,
    install: Value,
    commands: Child,
    lines: (ChildStdin, BufReader<ChildStdout>),
}

impl Account {
    fn new() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/doctor/aws_commands.py");
        let mut commands = Command::new(MotoServer::python().unwrap())
            .args(["-B", script, &SERVER.endpoint_url(), REGION])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(commands.stdout.take().unwrap());
        Self {
            environment: Environment::new(""),
            install: serde_json::from_str(INSTALL).unwrap(),
            lines: (commands.stdin.take().unwrap(), answers),
            commands,
        }
    }

    /// The text with a value for every `${…}`.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${");
        let mut filled = parts.next().unwrap().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            filled += &self.value(name);
            filled += rest;
        }
        filled
    }

    fn value(&self, name: &str) -> String {
        let url = |queue: &str| format!("{}/{ACCOUNT}/{queue}", SERVER.endpoint_url());
        match name {
            "QUEUE_URL" => url("cv-analytics-events.fifo"),
            "DEAD_LETTER_QUEUE_URL" => url("cv-analytics-dlq.fifo"),
            "SCHEDULE_QUEUE_URL" => url("cv-analytics-schedule-dlq"),
            "MAPPING" => Self::mapping(true),
            "OTHER_MAPPING" => Self::mapping(false),
            "elsewhere" => {
                "set AWS_REGION and AWS_PROFILE to where the installation is, and --prefix to its \
                            environment's; if it is not there, set it up anew by infra/README.md"
                    .to_owned()
            }
            _ => {
                let (path, factor) = name.split_once('*').unwrap_or((name, "1"));
                let found = self.install.pointer(&format!("/{}", path.replace('.', "/"))).unwrap();
                match found.as_u64() {
                    Some(number) => (number * factor.parse::<u64>().unwrap()).to_string(),
                    None => found.as_str().unwrap().to_owned(),
                }
            }
        }
    }

    /// The id of the mapping from the queue to the processor, or to another function.
    fn mapping(is_processors: bool) -> String {
        let list = format!(
            "/2015-03-31/event-source-mappings/?EventSourceArn=arn:aws:sqs:{REGION}:{ACCOUNT}:cv-analytics-events.fifo"
        );
        let found = emulator::lambda("GET", &list, &json!(null));
        let mut mappings = found["EventSourceMappings"].as_array().unwrap().iter();
        let is_sought = |mapping: &&Value| {
            mapping["FunctionArn"].as_str().unwrap().ends_with("-processor") == is_processors
        };
        mappings.find(is_sought).unwrap()["UUID"].as_str().unwrap().to_owned()
    }

    fn run(&mut self, command: &str) {
        let command = self.filled(command);
        match command.split_once(' ').unwrap() {
            ("answer", rule) => {
                let [part, status, body] = *rule.splitn(3, ' ').collect::<Vec<_>>() else {
                    panic!("{rule}")
                };
                self.environment.front.answer(part, status.parse().unwrap(), body);
            }
            ("forget", part) => self.environment.front.forget(part),
            ("set-variable", change) => Self::set_variable(change),
            _ => {
                let (commands, answers) = &mut self.lines;
                writeln!(commands, "{}", json!(command)).unwrap();
                let mut answer = String::new();
                answers.read_line(&mut answer).unwrap();
                assert_eq!(answer.trim(), "null", "{command}");
            }
        }
    }

    fn set_variable(change: &str) {
        let (function, variable) = change.split_once(' ').unwrap();
        let (name, value) = variable.split_once('=').unwrap();
        let path = format!("/2015-03-31/functions/{function}/configuration");
        let mut environment = emulator::lambda("GET", &path, &json!(null))["Environment"].clone();
        environment["Variables"][name] = json!(value);
        emulator::lambda("PUT", &path, &json!({"Environment": environment}));
    }

    /// The checks that are not well, and the whole diagnosis.
    fn findings(&self) -> (Vec<Value>, Diagnosis) {
        let diagnosis = self.environment.looked_at();
        let is_finding = |check: &&Value| {
            let skipped = check["outcome"] == "skipped" && check["fix"].is_string();
            check["outcome"] == "fail" || check["outcome"] == "warn" || skipped
        };
        (diagnosis.checks.iter().filter(is_finding).cloned().collect(), diagnosis)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        drop(self.commands.kill());
        drop(self.commands.wait());
    }
}

#[test]
fn each_planted_fault_is_found_by_itself_and_its_fix_makes_it_well() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ")).skip(2);
    let faults: Vec<Fault<'_>> = rows.map(Fault::read).collect();
    assert!(faults.len() > 41, "{} faults", faults.len());
    let mut account = Account::new();
    let (findings, diagnosis) = account.findings();
    assert_eq!(findings, [json!(null); 0]);
    assert_eq!(diagnosis.that_are("skipped"), SKIPPED);
    let mut wrong = Vec::new();
    for fault in &faults {
        for command in &fault.plant {
            account.run(command);
        }
        let (findings, diagnosis) = account.findings();
        let (message, fix) = (account.filled(fault.message), account.filled(fault.fix));
        let expected = [fault.outcome, fault.check, &message, &fix].map(|text| json!(text));
        let fields = |check: &Value| {
            ["outcome", "check", "message", "fix"].map(|field| check[field].clone())
        };
        let found: Vec<[Value; 4]> = findings.iter().map(fields).collect();
        if found != [expected.clone()] || diagnosis.code != Some(i32::from(fault.outcome == "fail"))
        {
            wrong.push(format!("{}: {found:#?}, not {expected:#?}", fault.name));
        }
        if fault.is_mended_by_fix {
            account.run(fix.split("; ").next().unwrap());
        }
        for command in &fault.mend {
            account.run(command);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let (findings, _) = account.findings();
    assert_eq!(findings, [json!(null); 0]);
}
