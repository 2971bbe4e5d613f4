//! Who may have how much: connections, bodies, failures, and what of it is told.

pub(crate) mod client_address;
pub(crate) mod failed_logins;
pub(crate) mod occasional_log;
pub(crate) mod rate_limits;
pub(crate) mod refusals;
pub(crate) mod slot_pool;
