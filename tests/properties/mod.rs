//! What must hold of any input: the bodies of the fuzzers' targets, which tests replay.

pub(crate) mod embedded;
pub(crate) mod huffman;
pub(crate) mod parse;
pub(crate) mod run_length;
pub(crate) mod turn;
