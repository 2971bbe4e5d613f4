//! The program from outside, as tests and benchmarks see it: nothing here links the product.
//!
//! In reading order:
//!
//! 1. [`server_process`]: `cv-analytics serve`, started, killed or stopped.
//! 2. [`signer`]: HTTP requests of AWS JSON 1.0, signed with Signature Version 4.
//! 3. [`connection`]: one keep-alive connection that sends them and reads the answers.
//! 4. [`seeded`]: random numbers that are the same for the same seed.

pub mod connection;
pub mod seeded;
pub mod server_process;
pub mod signer;
