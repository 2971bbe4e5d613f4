//! The pages, one file each.

pub(crate) mod connect;
pub(crate) mod conversation;
pub(crate) mod dead_letters;
pub(crate) mod http_interface;
pub(crate) mod interaction;
pub(crate) mod live;
pub(crate) mod login;
pub(crate) mod mail;
pub(crate) mod overview;
pub(crate) mod questions;
pub(crate) mod settings;
pub(crate) mod week;
