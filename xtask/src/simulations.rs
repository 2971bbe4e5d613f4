//! `cargo xtask simulate`: the simulations of both stores with many more seeds than the tests have, and errors of
//! a real server's disk.

use anyhow::Result;
use cv_analytics_harness::seeded::SEEDS_VARIABLE;

use crate::commands::{cargo, run};
use crate::durability::io_errors;
use crate::product_program::{self, EVERY_TEST, Profile};
use crate::root;

/// Which tests of the workspace are simulations, and what of them is to be run.
const SIMULATIONS: [&[&str]; 2] =
    [&["--lib", "simulation"], &["--test", "it", "simulated_pipeline"]];

/// Runs each with that many seeds. One that fails says how to run its seed again.
pub(crate) fn simulate(seeds: u64) -> Result<()> {
    for simulation in SIMULATIONS {
        run(cargo()
            .args(EVERY_TEST)
            .args(simulation)
            .args(["--", "--nocapture"])
            .env(SEEDS_VARIABLE, seeds.to_string())
            .current_dir(root()))?;
    }
    io_errors::check_many(&product_program::build(Profile::Dev, "cv-analytics")?)
}
