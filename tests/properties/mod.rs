//! What must hold of any input: the bodies of the fuzzers' targets, which tests replay.

pub(crate) mod headers;
pub(crate) mod rotate;
pub(crate) mod run_length;
