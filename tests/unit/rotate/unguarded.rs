//! Ordinary memory, where there is no other.

pub(super) struct Guarded(Vec<u8>);

impl Guarded {
    pub(super) fn new(least: usize) -> Self {
        Self(vec![0; least])
    }

    pub(super) fn bytes(&mut self, len: usize, at_end: bool) -> &mut [u8] {
        let skip = if at_end { self.0.len() - len } else { 0 };
        &mut self.0[skip..][..len]
    }
}
