//! What `cv-analytics-mail` does as a whole, one file a subject.

mod mailer;
mod message;
mod smtp;
mod weekly_mail;
