//! What `cv-analytics` does as a whole, one file a subject.

#[cfg(not(feature = "aws"))]
compile_error!(
    "the program is tested with everything in it: cargo test --workspace --features cv-analytics/aws"
);

mod archive;
mod cost;
mod doctor;
mod dynamodb_store;
mod hostile;
mod http;
mod program;
mod report_mail;
