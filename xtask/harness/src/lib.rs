//! The program from outside, as tests and benchmarks see it: nothing here links the product.
//!
//! In reading order:
//!
//! 1. [`server_process`]: `cv-analytics serve`, started, killed or stopped.
//! 2. [`signer`]: HTTP requests of AWS JSON 1.0, signed with Signature Version 4.
//! 3. [`connection`]: one keep-alive connection that sends them and reads the answers.
//! 4. [`seeded`]: random numbers that are the same for the same seed, and simulations by seed.
//! 5. [`dynoxide_server`] and [`moto_server`]: emulators of AWS, started and stopped;
//!    [`emulated_tables`]: the two tables in one; [`tls_front`]: TLS before one.
//! 6. [`lambda_runtime`]: a function of Lambda, started, invoked and measured through a Runtime API
//!    of its own (`runtime_api`, which reads each [`http_request`]); [`memory`] is what it needs.
//! 7. [`event_source_mapping`]: feeds a queue to it as AWS does, through [`sqs_client`].
//! 8. [`number_links`]: the numbers of a page or a mail, and what they promise.
//! 9. [`tools_cache`]: where `cargo xtask test` installs these and tests find them.

pub mod connection;
pub mod dynoxide_server;
pub mod emulated_tables;
mod emulator_process;
pub mod event_source_mapping;
pub mod http_request;
pub mod lambda_runtime;
pub mod memory;
pub mod moto_server;
pub mod number_links;
mod runtime_api;
pub mod seeded;
pub mod server_process;
pub mod signer;
pub mod sqs_client;
pub mod tls_front;
pub mod tools_cache;
