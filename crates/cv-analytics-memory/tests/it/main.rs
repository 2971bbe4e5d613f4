//! The suite that every store runs.

use std::future::{Ready, ready};
use std::sync::Arc;

use cv_analytics_core::store::SharedStore;
use cv_analytics_memory::MemoryStore;
use cv_analytics_store_suite::store_suite;

fn open(_: &str) -> Ready<(SharedStore, ())> {
    ready((Arc::new(MemoryStore::default()), ()))
}

store_suite!(open);
