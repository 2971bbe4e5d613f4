//! Bodies: read with bounds, unpacked, and the events in them.

pub mod json_texts;
pub(crate) mod request;
pub mod text_encoding;
pub(crate) mod unread;
