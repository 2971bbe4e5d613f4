//! What `cv-analytics` does as a whole, one file a subject.

mod archive;
mod cost;
mod doctor;
mod dynamodb_store;
mod hostile;
mod http;
mod program;
mod report_mail;
