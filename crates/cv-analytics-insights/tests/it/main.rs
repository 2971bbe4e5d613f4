//! What `cv-analytics-insights` does as a whole, one file a subject.

mod names_from_models;
mod report;
mod report_forms;
mod skills_dictionary;
mod skills_of_questions;
mod topic_groups;
mod topic_rules;
mod topics_of_questions;
mod trends_of_names;
