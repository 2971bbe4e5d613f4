//! Words as they are compared: without case, accents and endings.

pub(crate) mod accents;
pub(crate) mod endings;
pub(crate) mod english;
pub(crate) mod folded;
pub(crate) mod forms;
pub(crate) mod links;
