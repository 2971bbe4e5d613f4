//! The program from outside, as tests and benchmarks see it: nothing here links the product.
//!
//! In reading order:
//!
//! 1. [`server_process`]: `cv-analytics serve`, started, killed or stopped.
//! 2. [`signer`]: HTTP requests of AWS JSON 1.0, signed with Signature Version 4.
//! 3. [`connection`]: one keep-alive connection that sends them and reads the answers.
//! 4. [`seeded`]: random numbers that are the same for the same seed.
//! 5. [`dynoxide_server`] and [`moto_server`]: emulators of AWS, started and stopped.
//! 6. [`tools_cache`]: where `cargo xtask test` installs these and tests find them.

pub mod connection;
pub mod dynoxide_server;
mod emulator_process;
pub mod moto_server;
pub mod seeded;
pub mod server_process;
pub mod signer;
pub mod tools_cache;
