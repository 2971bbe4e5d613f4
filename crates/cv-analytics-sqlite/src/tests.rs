//! Runs the store as the program does: real files, real threads.

mod browse;
mod canary;
mod dead_letters;
mod deduplication;
mod erasure;
mod joining;
mod moved_files;
mod opening;
mod refusals;
mod retention;
mod round_trip;
mod setup;
mod simulation;
mod suite;
mod trouble;
