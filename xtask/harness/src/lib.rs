//! The program from outside, as tests and benchmarks see it: nothing here links the product.
//!
//! In reading order:
//!
//! 1. [`server_process`]: `cv-analytics serve`, started, killed or stopped.
//! 2. [`signer`]: HTTP requests of AWS JSON 1.0, signed with Signature Version 4.
//! 3. [`connection`]: one keep-alive connection that sends them and reads the answers.
//! 4. [`seeded`]: random numbers that are the same for the same seed, and simulations by seed.
//! 5. [`emulators`]: emulators of AWS, started and stopped.
//! 6. [`lambda`]: a function of Lambda, started, invoked and measured through its own Runtime API;
//!    [`memory`] is what it needs.
//! 7. [`number_links`]: the numbers of a page or a mail, and what they promise.
//! 8. [`readme`]: the README's steps, for tests that follow them.
//! 9. [`tools_cache`]: where `cargo xtask test` installs the emulators and tests find them.

pub mod connection;
pub mod emulators;
pub mod lambda;
pub mod memory;
pub mod number_links;
pub mod readme;
pub mod seeded;
pub mod server_process;
pub mod signer;
pub mod tools_cache;
