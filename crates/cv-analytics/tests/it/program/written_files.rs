//! What commands write: modes, links, devices and pipes.
#![cfg(unix)]

use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The commands that write the file `name`, each with what its file holds.
fn writers(name: &str) -> Vec<(Vec<&str>, &'static str)> {
    vec![
        (
            vec!["report", "--week", "2026-W47", "--format", "json", "--output", name],
            "reportVersion",
        ),
        (vec!["events", "export", "--output", name], "k8s"),
        (vec!["settings", "export", "--output", name], "gapMarks"),
    ]
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_new_file_is_its_owners_and_one_that_is_there_keeps_its_mode() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let file = folder.path().join("out");
    for (arguments, holds) in writers("out") {
        let _ = fs::remove_file(&file);
        for expect in [0o600, 0o644, 0o440] {
            if file.exists() {
                fs::set_permissions(&file, fs::Permissions::from_mode(expect)).unwrap();
            }
            done(folder.path(), &arguments);
            assert_eq!(mode(&file), expect, "{arguments:?}");
            assert!(fs::read_to_string(&file).unwrap().contains(holds), "{arguments:?}");
        }
    }
}

#[test]
fn links_are_followed_and_devices_and_pipes_are_written_to() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("there")).unwrap();
    symlink("there/out", at("link")).unwrap();
    for (arguments, holds) in writers("link") {
        done(folder.path(), &arguments);
        assert!(at("link").is_symlink());
        assert!(fs::read_to_string(at("there/out")).unwrap().contains(holds), "{arguments:?}");
    }
    for name in ["/dev/stdout", "/dev/fd/1", "-"] {
        for (arguments, holds) in writers(name) {
            let printed = done(folder.path(), &arguments);
            assert!(printed.contains(holds) && !printed.contains("written to"), "{printed}");
        }
    }
    for (arguments, _) in writers("/dev/null") {
        done(folder.path(), &arguments);
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
    assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    for (arguments, holds) in writers("pipe") {
        let pipe = at("pipe");
        let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
        done(folder.path(), &arguments);
        assert!(reader.join().unwrap().contains(holds), "{arguments:?}");
        assert!(fs::metadata(at("pipe")).unwrap().file_type().is_fifo());
    }
}

/// Runs the program's `arguments` in a shell, with `redirections`, and gives its standard output.
#[cfg(target_os = "linux")]
fn redirected(folder: &Path, arguments: &[&str], redirections: &str) -> String {
    let mut shell = Command::new("bash");
    shell.current_dir(folder).arg("-c").arg(format!("\"$@\" {redirections}")).arg("bash");
    let output = shell.arg(env!("CARGO_BIN_EXE_cv-analytics")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?} {redirections}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[cfg(target_os = "linux")]
#[test]
fn an_open_descriptor_is_added_to_and_never_replaced() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let log = folder.path().join("log");
    symlink("/dev/stdout", folder.path().join("link")).unwrap();
    for (name, redirections) in [
        ("/dev/stderr", "2>>log"),
        ("/proc/self/fd/2", "2>>log"),
        ("/dev/stdout", ">>log"),
        ("/proc/thread-self/fd/1", ">>log"),
        ("link", ">>log"),
        ("/dev/fd/3", "3>>log"),
    ] {
        for (arguments, holds) in writers(name) {
            fs::write(&log, "before\n").unwrap();
            redirected(folder.path(), &arguments, redirections);
            let added = fs::read_to_string(&log).unwrap();
            assert!(added.starts_with("before\n") && added.contains(holds), "{name}: {added}");
        }
    }
    for (arguments, holds) in writers("/dev/fd/3") {
        let piped = redirected(folder.path(), &arguments, "3>&1 >/dev/null | cat");
        assert!(piped.contains(holds), "{arguments:?}: {piped}");
    }
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["cv-analytics-data", "link", "log"]);
    check_refusal(
        folder.path(),
        &["settings", "export", "--output", "/dev/fd/77"],
        1,
        "cannot write /dev/fd/77",
    );
}

#[test]
fn everything_in_an_archive_and_a_data_folder_is_its_owners() {
    let folder = folder_with(&[QUERY, RESPONSE]);
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("open")).unwrap();
    fs::set_permissions(at("open"), fs::Permissions::from_mode(0o755)).unwrap();
    done(folder.path(), &["archive", "open"]);
    done(folder.path(), &["archive", "made/deeper"]);
    drop(Serving::start(folder.path(), &[]));
    for made in ["made", "made/deeper", "cv-analytics-data"] {
        assert_eq!(mode(&at(made)), 0o700, "{made}");
    }
    for folder in ["open", "made/deeper", "cv-analytics-data"] {
        for entry in fs::read_dir(at(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}
