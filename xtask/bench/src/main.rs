//! Measures intake and reports: run by `cargo xtask bench`.

fn main() {}
