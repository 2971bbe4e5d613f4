//! What calls cost, as DynamoDB itself counts it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// Request units that calls have consumed, the index's share included. Clones count together.
///
/// A call whose condition fails is billed too, but its answer does not say so and it is not counted here
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).
#[derive(Clone, Debug, Default)]
pub struct RequestUnits(Arc<Mutex<Units>>);

/// A number of request units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read request units.
    pub read: f64,
    /// Write request units.
    pub write: f64,
}

impl RequestUnits {
    /// What was consumed since the last call of this function.
    pub fn take(&self) -> Units {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn read(&self, capacity: Option<&ConsumedCapacity>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read += total(capacity);
    }

    pub(crate) fn wrote(&self, capacity: Option<&ConsumedCapacity>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write += total(capacity);
    }
}

fn total(capacity: Option<&ConsumedCapacity>) -> f64 {
    capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default()
}
