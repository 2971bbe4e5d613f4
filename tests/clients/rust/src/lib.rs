//! Nothing: `tests` holds all there is.
