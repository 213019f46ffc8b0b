//! The command: which files, in which order, where outputs go, what is printed.
#![cfg(all(unix, feature = "cli"))]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part")]
mod support;

mod meant;
mod modes;
mod names;
mod operands;
mod outputs;
mod plan;
mod report;
mod results;
mod streams;
mod terminal;
mod tips;
mod update;
