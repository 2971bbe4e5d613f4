//! What the server acknowledged is there: killed, on a full disk, on one that fails.

pub(crate) mod acknowledged_events;
pub(crate) mod full_disk;
pub(crate) mod io_errors;
pub(crate) mod kill_under_load;
pub(crate) mod sync_before_answer;
