//! What `cv-analytics-core` does as a whole, one file a subject.

mod golden_events;
mod privacy_corpus;
