//! What a program needs of the system that it runs on, and whether Lambda's has it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use object::Endianness;
use object::elf::{DT_NEEDED, EM_AARCH64, EM_X86_64, FileHeader64, Machine, VER_FLG_WEAK};
use object::read::elf::{Dyn, FileHeader};

use crate::functions::architecture::Architecture;

/// The C library of `provided.al2023`: Amazon Linux 2023 keeps it for all of its life.
const NEWEST_GLIBC: (u32, u32) = (2, 34);
/// Libraries in the image of `provided.al2023`.
const LIBRARIES: [&str; 8] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// What the dynamic linker looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemNeeds {
    machine: Machine,
    libraries: BTreeSet<String>,
    /// Versions of glibc's interfaces.
    glibc: BTreeSet<(u32, u32)>,
}

impl SystemNeeds {
    /// Reads them from an ELF program.
    pub(crate) fn of(program: &[u8]) -> Result<Self> {
        let header = FileHeader64::<Endianness>::parse(program).context("read an ELF header")?;
        let endian = header.endian()?;
        let sections = header.sections(endian, program)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut libraries = BTreeSet::new();
        if let Some((entries, link)) = sections.dynamic(endian, program)? {
            let strings = sections.strings(endian, program, link)?;
            for entry in entries.iter().filter(|entry| entry.d_tag(endian) == DT_NEEDED) {
                libraries.insert(text(entry.string(endian, strings)?));
            }
        }
        let mut glibc = BTreeSet::new();
        if let Some((mut files, link)) = sections.gnu_verneed(endian, program)? {
            let strings = sections.strings(endian, program, link)?;
            while let Some((_, mut versions)) = files.next()? {
                while let Some(version) = versions.next()? {
                    let is_weak = version.vna_flags.get(endian) & VER_FLG_WEAK == VER_FLG_WEAK;
                    let name = text(version.name(endian, strings)?);
                    if let (false, Some(number)) = (is_weak, glibc_version(&name)) {
                        glibc.insert(number);
                    }
                }
            }
        }
        Ok(Self { machine: header.e_machine(endian), libraries, glibc })
    }

    /// The libraries that are loaded when it starts.
    pub(crate) fn libraries(&self) -> &BTreeSet<String> {
        &self.libraries
    }

    /// Whether the program runs on Lambda's `provided.al2023` for that processor.
    ///
    /// # Errors
    /// What is missing there, and how to build without it.
    pub(crate) fn ensure_met_by_lambda(&self, architecture: Architecture) -> Result<()> {
        let machine = match architecture {
            Architecture::Arm64 => EM_AARCH64,
            Architecture::X86_64 => EM_X86_64,
        };
        ensure!(self.machine == machine, "the program is not one for {}", architecture.name());
        if let Some(library) =
            self.libraries.iter().find(|name| !LIBRARIES.contains(&name.as_str()))
        {
            bail!("the program needs {library}, which Lambda's provided.al2023 does not have");
        }
        let (major, minor) = self.newest_glibc();
        if (major, minor) > NEWEST_GLIBC {
            bail!(
                "the program needs glibc {major}.{minor}, and Lambda's provided.al2023 has {}.{}: build \
                 on a system with an older one, as Debian 12, or with cargo-lambda (docs/develop/release.md)",
                NEWEST_GLIBC.0,
                NEWEST_GLIBC.1
            );
        }
        Ok(())
    }

    /// The newest glibc interface that it uses; 0.0 for a program without glibc.
    pub(crate) fn newest_glibc(&self) -> (u32, u32) {
        self.glibc.last().copied().unwrap_or_default()
    }
}

/// `GLIBC_2.34` or `GLIBC_2.2.5`, without what is after the second number.
fn glibc_version(name: &str) -> Option<(u32, u32)> {
    let mut numbers = name.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(glibc_version("GLIBC_2.34"), Some((2, 34)));
        assert_eq!(glibc_version("GLIBC_2.2.5"), Some((2, 2)));
        assert_eq!(glibc_version("GCC_3.0"), None);
        assert_eq!(glibc_version("GLIBC_PRIVATE"), None);
        assert!(glibc_version("GLIBC_2.9") < glibc_version("GLIBC_2.34"));
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    #[test]
    fn the_needs_of_this_very_program_are_read() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = SystemNeeds::of(&program).unwrap();
        assert!(needs.libraries.contains("libc.so.6"), "{needs:?}");
        assert!(needs.newest_glibc() >= (2, 2), "{needs:?}");
    }

    #[test]
    fn what_lambda_does_not_have_is_refused() {
        let check = |libraries: &[&str], glibc: (u32, u32), expect: &str| {
            let needs = SystemNeeds {
                machine: EM_X86_64,
                libraries: libraries.iter().map(|name| (*name).to_owned()).collect(),
                glibc: BTreeSet::from([(2, 2), glibc]),
            };
            let outcome = needs.ensure_met_by_lambda(Architecture::X86_64);
            let said = outcome.map_or_else(|error| error.to_string(), |()| "met".to_owned());
            assert!(said.starts_with(expect), "{said}");
        };
        check(&["libc.so.6"], (2, 34), "met");
        check(&["libc.so.6"], (2, 38), "the program needs glibc 2.38, and");
        check(&["libssl.so.3"], (2, 17), "the program needs libssl.so.3, which");
        let needs =
            SystemNeeds { machine: EM_AARCH64, libraries: BTreeSet::new(), glibc: BTreeSet::new() };
        assert!(needs.ensure_met_by_lambda(Architecture::X86_64).is_err());
    }
}
