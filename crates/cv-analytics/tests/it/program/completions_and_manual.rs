//! What a package of the program brings for shells and for `man`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{run, text};

/// The names of the commands that a help text lists.
fn commands(folder: &Path, words: &[&str]) -> Vec<String> {
    let help = text(&run(folder, &[words, &["--help"]].concat()).stdout);
    let Some((_, listed)) = help.split_once("Commands:\n") else { return Vec::new() };
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
}

/// The names of the pages of a command and of those below it.
fn pages(folder: &Path, words: &[&str]) -> BTreeSet<String> {
    let mut names =
        BTreeSet::from([format!("{}.1", [&["cv-analytics"], words].concat().join("-"))]);
    for name in commands(folder, words) {
        names.extend(pages(folder, &[words, &[&*name]].concat()));
    }
    names
}

#[test]
fn the_last_commands_of_the_help_are_those_that_packages_call() {
    let folder = TempDir::new().unwrap();
    let commands = commands(folder.path(), &[]);
    assert_eq!(commands[commands.len() - 2..], ["completions", "man"]);
}

#[test]
fn each_command_has_a_page_that_man_reads_without_a_warning() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["man", "share/man1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let man = folder.path().join("share/man1");
    let files = fs::read_dir(&man).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(files, pages(folder.path(), &[]));
    assert!(files.contains("cv-analytics-events-import.1"), "{files:?}");
    for name in files {
        let page = man.join(&name);
        let source = fs::read_to_string(&page).unwrap();
        assert!(source.contains(".SH SYNOPSIS"), "{name}: {source}");
        // Each option has a line after its name that says what it is for.
        let untold = source.split(".TP\n").skip(1).find(|option| {
            option.starts_with("\\fB\\-")
                && option.lines().nth(1).is_none_or(|line| line.starts_with('.'))
        });
        assert_eq!(untold, None, "{name}");
        // A machine that has no `man` reads none.
        let mut reader = Command::new("man");
        reader.args(["--warnings", "--local-file"]).arg(&page).env("LC_ALL", "C.UTF-8");
        if let Ok(read) = reader.env("MANWIDTH", "80").env("MANPAGER", "cat").output() {
            assert_eq!(text(&read.stderr), "", "{name}");
        }
    }
}

#[test]
fn a_manual_that_cannot_be_written_is_told_with_its_folder() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    super::check_refusal(
        folder.path(),
        &["man", "file"],
        1,
        "error: cannot write the manual into file",
    );
}

#[cfg(unix)]
#[test]
fn bash_completes_commands_options_and_values() {
    let folder = TempDir::new().unwrap();
    let script = run(folder.path(), &["completions", "bash"]).stdout;
    fs::write(folder.path().join("completions"), script).unwrap();
    for (words, completed) in [
        ("se", "serve\nsettings"),
        ("events im", "import"),
        ("dead-letters r", "retry"),
        ("report --form", "--format"),
        ("report --format e", "eml"),
        ("completions po", "powershell"),
    ] {
        let last = words.rsplit(' ').next().unwrap();
        let typed = format!(
            "set -e; . ./completions; COMP_WORDS=(cv-analytics {words}); \
             COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             [[ $(complete -p cv-analytics) =~ -F\\ ([^ ]+) ]]; \
             \"${{BASH_REMATCH[1]}}\" cv-analytics {last} \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output =
            Command::new("bash").args(["--norc", "-c", &typed]).current_dir(&folder).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{words}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout).trim(), completed, "{words}");
    }
}

#[test]
fn every_shell_has_completions_and_another_is_refused() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(folder.path(), &["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
        let script = text(&output.stdout);
        assert!(script.contains("dead-letters") && script.contains("trusted-proxy"), "{shell}");
    }
    super::check_refusal(folder.path(), &["completions", "tcsh"], 2, "invalid value 'tcsh'");
}
