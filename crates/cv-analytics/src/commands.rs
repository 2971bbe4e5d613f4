//! What each command does, one file each.

pub(crate) mod archive;
pub(crate) mod completions;
#[cfg(feature = "aws")]
pub(crate) mod cost;
pub(crate) mod dashboard;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod forget;
pub(crate) mod gaps;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod report;
pub(crate) mod restore;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod skills;
