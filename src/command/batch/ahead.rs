//! Inputs on a disk are asked for before it is their turn, so that it is busy while pictures are
//! turned.

use std::collections::VecDeque;
use std::path::Path;

use crate::command::plan::Job;
use crate::file;

/// So many files, and no more than a file beyond so many bytes, are asked for at a time.
const FILES: usize = 32;
const BYTES: u64 = 64 << 20;

/// What has been asked for and has not been begun.
#[derive(Default)]
pub(super) struct Ahead {
    /// The first job that was not asked for.
    next: usize,
    /// The jobs before it, and the bytes of each.
    asked: VecDeque<(usize, u64)>,
}

impl Ahead {
    /// Asks for some of the inputs after that of job `at`.
    pub(super) fn ask(&mut self, jobs: &[Job], at: usize) {
        self.asked.retain(|&(job, _)| job > at);
        self.next = self.next.max(at + 1);
        let mut bytes: u64 = self.asked.iter().map(|&(_, bytes)| bytes).sum();
        while bytes < BYTES
            && self.asked.len() < FILES
            && let Some(job) = jobs.get(self.next)
        {
            let size = file::read_ahead(Path::new(&*job.input));
            self.asked.push_back((self.next, size));
            self.next += 1;
            bytes += size;
        }
    }
}
