//! The server behind the proxies that its owners put before it: the suite of `tests/proxies`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::commands::run;
use crate::root;
use crate::tools::Cache;

/// Runs the suite against `program`, with proxies that it starts itself.
pub(crate) fn check(program: &Path, cache: &Cache) -> Result<()> {
    run(Command::new(Cache::bare_python()?)
        .args(["-B", "-m", "unittest", "--verbose", "proxies_test"])
        .current_dir(root().join("tests/proxies"))
        .env("CV_ANALYTICS_PROGRAM", program)
        .env("CV_ANALYTICS_NGINX", cache.unpacked("nginx", "usr/sbin/nginx")?)
        .env("CV_ANALYTICS_CADDY", cache.unpacked("caddy", "usr/bin/caddy")?)
        .env("NO_PROXY", "127.0.0.1"))
}
