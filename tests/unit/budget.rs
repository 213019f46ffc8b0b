use std::sync::atomic::{AtomicU64, Ordering};

use super::MemoryBudget;

#[test]
fn no_more_is_taken_than_there_is() {
    let budget = MemoryBudget::new(100);
    let in_use = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for bytes in [30, 60, 100, 1000, 1, 99] {
            let (budget, in_use) = (&budget, &in_use);
            scope.spawn(move || {
                for _ in 0..200 {
                    let _taken = budget.take(bytes);
                    let own = bytes.min(100);
                    assert!(in_use.fetch_add(own, Ordering::SeqCst) + own <= 100);
                    in_use.fetch_sub(own, Ordering::SeqCst);
                }
            });
        }
    });
}
