//! Faults of disks, systems and people: outputs are whole or not there, and each error is told.
#![cfg(all(target_os = "linux", feature = "cli"))]

#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "each test program uses its part")]
mod support;

mod case;
mod changing;
mod closing;
mod cold;
mod descriptors;
mod disk;
mod folders;
mod hidden;
mod hostile;
mod inputs;
mod killed;
mod limits;
mod links;
mod stress;
mod swapped;
mod walking;
