//! The image for containers: built from nothing, saved, and started from the saved file.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::io::Errno;

use super::contents::Contents;
use super::debian::SYSTEM;
use super::podman::Podman;
use super::{VERSION, say_made};
use crate::commands::{output, output_for};
use crate::root;
use crate::tools::Cache;

/// The name by which `podman load` and `docker load` know it.
const NAME: &str = "localhost/cv-analytics:latest";
/// Whom the program runs as, as the Containerfile says.
const USER: u32 = 65_532;
/// A container on whose root nothing can be written, also not where podman would put memory by default, and that has none
/// of root's rights.
const BOUNDED: [&str; 6] = [
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop",
    "all",
    "--security-opt",
    "no-new-privileges",
];
/// Where `compose.yaml` puts Caddy.
const PROXY: &str = "172.31.87.250";
/// The image that stands for Caddy's.
const CADDY: &str = "localhost/caddy:debian";

/// Builds the image and saves it in `dist`, with what runs it beside.
pub(crate) fn pack(contents: &Contents, dist: &Path) -> Result<PathBuf> {
    let podman = Podman::open()?;
    let context = podman.folder.path().join("context");
    let data = context.join("volume/data");
    fs::create_dir_all(&data)?;
    fs::set_permissions(&data, Permissions::from_mode(0o700))?;
    for name in ["cv-analytics", "LICENSE-APACHE", "LICENSE-MIT", "THIRD-PARTY.txt"] {
        fs::copy(contents.folder.join(name), context.join(name))?;
    }
    fs::write(context.join("ca-certificates.crt"), certificate_authorities())?;
    let processor = contents.target.processor()?;
    let file = root().join("packaging/Containerfile");
    // The format of Docker's: that of the Open Container Initiative has no health check.
    let mut build =
        podman.command(&["build", "--layers=false", "--format", "docker", "--timestamp", "0"]);
    build.args(["--isolation", "chroot", "--platform", &format!("linux/{processor}")]);
    build.args(["--tag", NAME, "--file"]).arg(file).arg(&context);
    output(&mut build)?;
    // Not compressed: podman 4.3 does not read one that is.
    let image = dist.join(format!("cv-analytics-v{VERSION}-image-{processor}.tar"));
    if image.exists() {
        fs::remove_file(&image)?;
    }
    let save = ["save", "--format", "docker-archive", "--output"];
    output(podman.command(&save).arg(&image).arg(NAME))?;
    for name in ["compose.yaml", "Caddyfile"] {
        fs::copy(root().join("packaging").join(name), dist.join(name))?;
    }
    say_made(&image)?;
    println!(
        "unpacked: {} bytes",
        podman.said(&["image", "inspect", "--format", "{{.Size}}", NAME])?
    );
    Ok(image)
}

/// Mozilla's certificate authorities, as a file of PEM.
fn certificate_authorities() -> String {
    let mut file = String::new();
    for certificate in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        file.push_str("-----BEGIN CERTIFICATE-----\n");
        let encoded = STANDARD.encode(certificate);
        for line in encoded.as_bytes().chunks(64) {
            file.push_str(&String::from_utf8_lossy(line));
            file.push('\n');
        }
        file.push_str("-----END CERTIFICATE-----\n");
    }
    file
}

/// Starts a container from the saved image as its users do, sends it an event, and looks for that in another container on
/// the same volume.
pub(crate) fn check(image: &Path) -> Result<()> {
    let podman = Podman::open()?;
    output(podman.command(&["load", "--input"]).arg(image))?;
    let start = || {
        let mut start =
            podman.command(&["run", "--detach", "--name", "server", "--network", "none"]);
        start.args(BOUNDED).args(["--volume", "data:/data", NAME]);
        output(&mut start)?;
        podman.wait_for_health("server")
    };
    println!("healthy after {:.1} s", start()?.as_secs_f64());
    ensure_bounded(&podman)?;
    let doctor = podman.said(&["exec", "server", "cv-analytics", "doctor"])?;
    ensure!(!doctor.contains("warn "), "the doctor warns:\n{doctor}");
    println!("{}", doctor.lines().last().unwrap_or_default());
    send(&podman, &["server"])?;
    podman.run(&["stop", "--time", "30", "server"])?;
    let code = podman.said(&["inspect", "--format", "{{.State.ExitCode}}", "server"])?;
    ensure!(code == "0", "the server ended with {code} after SIGTERM");
    podman.run(&["rm", "server"])?;
    start()?;
    ensure_kept(&podman, "server")?;
    println!("the event is there in another container on the volume");
    Ok(())
}

/// Sends an event to the queue's address, from a container.
fn send(podman: &Podman, container: &[&str]) -> Result<()> {
    let event = r#"{"eventType":"query","requestId":"r1","timestamp":1763000000000,"query":"Is this kept in the volume?"}"#;
    let command = ["cv-analytics", "events", "send", "-"];
    let mut sending = podman.command(&[&["exec", "--interactive"], container, &command].concat());
    output_for(&mut sending, event.as_bytes()).map(drop)
}

/// Whether the event that was sent is there.
fn ensure_kept(podman: &Podman, container: &str) -> Result<()> {
    let kept = podman.said(&["exec", container, "cv-analytics", "events", "export"])?;
    ensure!(kept.contains("kept in the volume"), "the event is lost; the export says {kept:?}");
    Ok(())
}

/// Whether the program is not root, cannot become it, and cannot write on its root.
fn ensure_bounded(podman: &Podman) -> Result<()> {
    let id = podman.said(&["inspect", "--format", "{{.State.Pid}}", "server"])?;
    let process = PathBuf::from("/proc").join(&id);
    let status = fs::read_to_string(process.join("status"))?;
    let line = |name: &str| {
        let found = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.map(str::trim).with_context(|| format!("{id} has no {name}"))
    };
    let user = USER.to_string();
    ensure!(line("Uid")?.split_whitespace().all(|id| id == user), "it runs as {}", line("Uid")?);
    ensure!(line("CapBnd")?.bytes().all(|digit| digit == b'0'), "it may gain {}", line("CapBnd")?);
    // As root, outside: what refuses is the file system.
    let written = fs::write(process.join("root/written"), "");
    let refused = written.as_ref().err().and_then(io::Error::raw_os_error);
    ensure!(refused == Some(Errno::ROFS.raw_os_error()), "its root can be written: {written:?}");
    println!("user {user}, no capabilities, root read-only");
    Ok(())
}

/// Runs `compose.yaml` as it is released, and sends an event through Caddy and its certificate. The image of Caddy's is
/// made here, of Debian's package: no registry of images is needed.
pub(crate) fn check_compose(image: &Path, cache: &Cache) -> Result<()> {
    let podman = Podman::open()?;
    output(podman.command(&["load", "--input"]).arg(image))?;
    make_caddy_image(&podman, cache)?;
    let project = podman.folder.path().join("project");
    fs::create_dir_all(project.join("config"))?;
    for name in ["compose.yaml", "Caddyfile"] {
        fs::copy(image.with_file_name(name), project.join(name))?;
    }
    let python = cache.python_with(&root().join("tests/packages/requirements.txt"))?;
    let compose = |arguments: &[&str]| {
        let mut compose = Command::new(python.with_file_name("podman-compose"));
        podman.apart(&mut compose).args(arguments).current_dir(&project);
        // Caddy makes the certificate of an address itself.
        output(compose.env("DOMAIN", PROXY).env("CADDY_IMAGE", CADDY)).map(drop)
    };
    compose(&["up", "--detach"])?;
    let server = "project_server_1";
    podman.wait_for_health(server)?;
    // The image knows many authorities and not Caddy's own: a client that knew none would say so instead.
    let doctor = podman.command(&["exec", server, "cv-analytics", "doctor"]).output()?;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    ensure!(
        said.contains("UnknownIssuer"),
        "a certificate of nobody known is not refused as such:\n{said}"
    );
    let authority = project.join("config/caddy.crt");
    let made = "project_caddy_1:/data/caddy/pki/authorities/local/root.crt";
    output(podman.command(&["cp", made]).arg(&authority))?;
    fs::set_permissions(&authority, Permissions::from_mode(0o644))?;
    let trusting = ["--env", "SSL_CERT_FILE=/config/caddy.crt", server];
    let said = podman.said(&[&["exec"], &trusting[..], &["cv-analytics", "doctor"]].concat())?;
    let public = said.lines().find(|line| line.contains("public-url"));
    println!("{}", public.unwrap_or_default());
    send(&podman, &trusting)?;
    ensure_kept(&podman, server)?;
    compose(&["down"])
}

/// Debian's Caddy on Debian, under a name that `compose.yaml` takes.
fn make_caddy_image(podman: &Podman, cache: &Cache) -> Result<()> {
    let file = podman.folder.path().join("Containerfile.caddy");
    let steps = "FROM scratch\nCOPY . /\nENV XDG_DATA_HOME=/data\n\
                 CMD [\"/usr/bin/caddy\", \"run\", \"--config\", \"/etc/caddy/Caddyfile\"]\n";
    fs::write(&file, steps)?;
    let mut build = podman.command(&["build", "--layers=false", "--isolation", "chroot"]);
    build.args(["--tag", CADDY, "--file"]).arg(file).arg(cache.debian_system(SYSTEM)?);
    output(&mut build).map(drop)
}
