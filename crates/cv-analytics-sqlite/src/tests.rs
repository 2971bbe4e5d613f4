//! Runs the store as the program does: real files, real threads.

mod ports;
mod setup;
