//! What users install, so that they have nothing to compile.
//!
//! In reading order: [`target`], the system that a program is built for; [`contents`], what every package holds;
//! [`archive`], [`image`], [`debian`] and [`formula`], the packages, each with the way in which it is tried; [`reader`], the
//! README followed with the archive; [`podman`], which runs containers.

mod archive;
mod contents;
mod debian;
mod formula;
mod image;
mod podman;
mod reader;
mod target;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use self::contents::Contents;
use self::target::Target;
use crate::root;
use crate::steps::Steps;
use crate::tools::Cache;

/// The version that is packed.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// For which system, and how, a package is built.
#[derive(Debug, clap::Args)]
pub(crate) struct Packing {
    /// Build for this target of Rust [default: this machine's, on Linux with musl if that is installed]
    #[arg(long)]
    target: Option<String>,
    /// Only show that it works: with a program that is built quickly and not for release
    #[arg(long)]
    quick: bool,
}

impl Packing {
    fn contents(&self, built_elsewhere: Option<&Path>, cache: &Cache) -> Result<Contents> {
        let target = self
            .target
            .clone()
            .map_or_else(Target::of_this_machine, |name| Ok(Target::new(name)))?;
        Contents::lay_out(target, built_elsewhere, self.quick, cache)
    }
}

/// Packs the archive of one system, and runs the program in it, unless that was built elsewhere.
pub(crate) fn pack_archive(packing: &Packing, built_elsewhere: Option<&Path>) -> Result<()> {
    let cache = Cache::open()?;
    let mut steps = Steps::new();
    let contents = steps.step("program", || packing.contents(built_elsewhere, &cache))?;
    let archive = steps.step("archive", || archive::pack(&contents, &dist()?))?;
    if built_elsewhere.is_none() {
        steps.step("archive: the program", || archive::check(&archive))?;
    }
    steps.finish();
    Ok(())
}

/// Packs all that there is for Linux, and runs it.
pub(crate) fn pack_all(packing: &Packing) -> Result<()> {
    let cache = Cache::open()?;
    let mut steps = Steps::new();
    let contents = steps.step("program", || packing.contents(None, &cache))?;
    steps.step("program: static", || contents.ensure_static())?;
    let dist = dist()?;
    let archive = steps.step("archive", || archive::pack(&contents, &dist))?;
    steps.step("archive: the program", || archive::check(&archive))?;
    steps.step("archive: the README, from the download to the report", || {
        reader::check(&archive, &contents.target, &cache)
    })?;
    let image = steps.step("image", || image::pack(&contents, &dist))?;
    steps.step("image: a container", || image::check(&image))?;
    steps.step("image: compose.yaml", || image::check_compose(&image, &cache))?;
    let package = steps.step("Debian package", || debian::pack(&contents, &dist, &cache))?;
    steps.step("Debian package: on a system", || debian::check(&package, &cache))?;
    steps.step("Homebrew formula", formula::check)?;
    steps.finish();
    Ok(())
}

pub(crate) use self::formula::write as write_formula;

/// Where what is released lies.
fn dist() -> Result<PathBuf> {
    let folder = root().join("dist");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Says which file was made, and how large it is.
fn say_made(file: &Path) -> Result<()> {
    let bytes = std::fs::metadata(file).with_context(|| format!("read {}", file.display()))?.len();
    println!("{}: {} kB", file.display(), bytes.div_ceil(1000));
    Ok(())
}
