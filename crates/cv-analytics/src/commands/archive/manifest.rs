//! What an archive says of itself: its parts with their checksums, and how far it has come.

use serde::{Deserialize, Serialize};

/// The form of archives that this program writes and reads.
pub(crate) const ARCHIVE_VERSION: u32 = 1;

/// The contents of `manifest.json`, and of `in-progress.json` until the archive is complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) archive_version: u32,
    /// The version of the program that began it.
    pub(crate) program: String,
    /// The store: `sqlite` or `dynamodb`.
    pub(crate) source: String,
    /// ISO 8601, UTC.
    pub(crate) began_at: String,
    /// ISO 8601, UTC; absent until it is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finished_at: Option<String>,
    pub(crate) counts: ArchiveCounts,
    pub(crate) parts: Vec<Part>,
    /// Where the store is read on; absent once it is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

/// What a manifest of any version has.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Version {
    pub(crate) archive_version: u64,
}

/// How many lines of each kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArchiveCounts {
    /// Events: one or two an interaction.
    pub(crate) events: u64,
    /// Settings, marks, erasures, counts of deliveries, dead letters.
    pub(crate) other: u64,
    /// Items of another program or version, which are not in the archive.
    pub(crate) unreadable: u64,
}

/// What the lines of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum PartKind {
    /// Events in canonical form.
    Events,
    /// Everything else.
    State,
}

/// A file of compressed lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) kind: PartKind,
    pub(crate) lines: u64,
    /// Bytes of the file as it is, compressed.
    pub(crate) bytes: u64,
    /// Of the file as it is, in hexadecimal.
    pub(crate) sha256: String,
}
