//! The suite that every store runs.

use std::future::{Ready, ready};
use std::sync::Arc;

use cv_analytics_core::store::SharedStore;
use cv_analytics_store_suite::store_suite;

use super::setup::Folder;

fn open(_: &str) -> Ready<(SharedStore, Folder)> {
    let folder = Folder::new();
    ready((Arc::new(folder.open()), folder))
}

store_suite!(open);
