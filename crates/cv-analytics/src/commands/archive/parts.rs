//! The files of an archive: lines compressed by gzip, each file with its checksum.

use std::collections::HashSet;
use std::io::Write;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Part, PartKind};
use super::place::ArchiveLocation;

/// The most bytes of a part as it is. The program's own have 16 MiB before they are compressed.
const MAX_PACKED_BYTES: u64 = 512 << 20;

/// A part that is being filled.
pub(super) struct PartWriter {
    kind: PartKind,
    lines: u64,
    plain_bytes: u64,
    compressed: GzEncoder<Vec<u8>>,
}

impl PartWriter {
    pub(super) fn new(kind: PartKind) -> Self {
        let compressed = GzEncoder::new(Vec::new(), Compression::default());
        Self { kind, lines: 0, plain_bytes: 0, compressed }
    }

    pub(super) fn add(&mut self, line: &[u8]) -> Result<()> {
        self.compressed.write_all(line)?;
        self.lines += 1;
        self.plain_bytes += line.len() as u64;
        Ok(())
    }

    /// Bytes before compression.
    pub(super) fn plain_bytes(&self) -> u64 {
        self.plain_bytes
    }

    /// Writes the part as the archive's next one, and begins anew; does nothing where it is empty.
    pub(super) async fn flush(
        &mut self,
        place: &ArchiveLocation,
        manifest: &mut Manifest,
    ) -> Result<()> {
        if self.lines == 0 {
            return Ok(());
        }
        let Self { kind, lines, compressed, .. } = std::mem::replace(self, Self::new(self.kind));
        let bytes = compressed.finish()?;
        let stem = match kind {
            PartKind::Events => "events",
            PartKind::State => "state",
        };
        let part = Part {
            name: format!("{stem}-{:05}.jsonl.gz", manifest.parts.len()),
            kind,
            lines,
            bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
        };
        place.put(&part.name, bytes).await?;
        manifest.parts.push(part);
        Ok(())
    }
}

/// A part's bytes, checked against what the manifest says of it.
pub(crate) async fn read_part(place: &ArchiveLocation, part: &Part) -> Result<Bytes> {
    let name = &part.name;
    let is_plain_name =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    ensure!(
        is_plain_name && !name.starts_with('.'),
        "invalid part name {name:?} in the manifest in {}",
        place.named()
    );
    let bytes = place.get(name, MAX_PACKED_BYTES).await?;
    let bytes = bytes.with_context(|| format!("missing {name} in {}", place.named()))?;
    ensure!(
        bytes.len() as u64 == part.bytes && hex::encode(Sha256::digest(&bytes)) == part.sha256,
        "invalid checksum of {name} in {}: it differs from the manifest's",
        place.named()
    );
    Ok(bytes)
}

/// Digests of lines, 16 bytes each.
#[derive(Debug, Default)]
pub(super) struct LineDigests(HashSet<[u8; 16]>);

impl LineDigests {
    pub(super) fn add(&mut self, line: &[u8]) {
        self.0.insert(Self::of(line));
    }

    pub(super) fn has(&self, line: &[u8]) -> bool {
        self.0.contains(&Self::of(line))
    }

    fn of(line: &[u8]) -> [u8; 16] {
        let digest = Sha256::digest(line.strip_suffix(b"\n").unwrap_or(line));
        digest.first_chunk().copied().unwrap_or_default()
    }
}
