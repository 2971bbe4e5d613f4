//! The functions of Lambda: built for their processor, packed, measured, and run on emulators.

pub(crate) mod architecture;
pub(crate) mod aws_demo;
pub(crate) mod bootstraps;
pub(crate) mod dist;
pub(crate) mod lambda_subjects;
pub(crate) mod system_needs;
