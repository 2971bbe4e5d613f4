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
