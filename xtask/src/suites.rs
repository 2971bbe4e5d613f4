//! The real program with independent clients, browsers, mail servers, proxies and clouds.

pub(crate) mod clients;
pub(crate) mod dashboard;
pub(crate) mod infrastructure;
pub(crate) mod mail;
pub(crate) mod proxies;
pub(crate) mod worker;
