//! Fuzzes the target that `CV_ANALYTICS_FUZZ_TARGET` names; arguments are libFuzzer's.
#![no_main]

use std::sync::OnceLock;

use cv_analytics_fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

#[expect(clippy::disallowed_methods, reason = "libFuzzer takes the arguments")]
fn target() -> Target {
    let name = std::env::var("CV_ANALYTICS_FUZZ_TARGET").unwrap_or_default();
    let Some(target) = TARGETS.into_iter().find(|target| target.name == name) else {
        let names = TARGETS.map(|target| target.name).join(", ");
        eprintln!("CV_ANALYTICS_FUZZ_TARGET is {name:?}: set one of {names}");
        std::process::exit(2);
    };
    target
}

fuzz_target!(|data: &[u8]| (TARGET.get_or_init(target).check)(data));
