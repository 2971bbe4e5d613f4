//! What `cv-analytics-core` does as a whole, one file a subject.

mod event_schema;
mod golden_events;
mod privacy_corpus;
