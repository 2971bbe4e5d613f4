//! `cv-analytics-reporter`: the function behind the schedule.

fn main() {}
