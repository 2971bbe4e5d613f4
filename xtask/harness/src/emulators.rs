//! Emulators of AWS, started and stopped, and the tables in one.

pub mod dynamodb;
pub mod dynoxide;
pub mod moto;
pub mod process;
pub mod tables;
pub mod tls_front;
