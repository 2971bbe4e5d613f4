//! The file as a file: opened, locked, watched, examined.

pub(crate) mod connection;
pub(crate) mod health;
pub(crate) mod integrity_check;
pub(crate) mod open_files;
pub(crate) mod serving_lock;
