//! What is written down holds: the man page, completions, the schema of records, examples, recipes.
#![cfg(all(unix, feature = "cli"))]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part")]
mod support;

mod examples;
mod generated;
mod recipes;
mod schema;
