//! Which places of the guest are armed: changed by difference, since an edit makes the machine code of
//! whole modules writable for a moment.

use std::sync::Arc;
use wasmscope_runner::debuggee::{CodePlace, PausedGuest};

/// What is armed.
#[derive(Debug, Default)]
pub(super) struct Arming {
    armed: Vec<CodePlace>,
    /// The lists that `armed` is the union of.
    of: [Option<Arc<[CodePlace]>>; 3],
    single_step: bool,
}

impl Arming {
    /// Arms the places of these lists, each of them rising, and no others.
    pub fn set(&mut self, guest: &mut dyn PausedGuest, lists: [Option<&Arc<[CodePlace]>>; 3]) {
        let same = |(known, wanted): (&Option<Arc<_>>, &Option<&Arc<_>>)| match (known, wanted) {
            (Some(known), Some(wanted)) => Arc::ptr_eq(known, wanted),
            (None, None) => true,
            _ => false,
        };
        if self.of.iter().zip(&lists).all(same) {
            return;
        }
        let all = lists.iter().flatten().flat_map(|list| list.iter().copied());
        let mut wanted: Vec<CodePlace> = all.collect();
        wanted.sort_unstable();
        wanted.dedup();
        let arm = missing(&wanted, &self.armed);
        let disarm = missing(&self.armed, &wanted);
        if !arm.is_empty() || !disarm.is_empty() {
            // A place without machine code is one that is never executed.
            let _ = guest.edit(&arm, &disarm);
        }
        self.armed = wanted;
        self.of = lists.map(|list| list.map(Arc::clone));
    }

    /// Whether to stop at every opcode.
    pub fn single_step(&mut self, guest: &mut dyn PausedGuest, on: bool) {
        if self.single_step != on {
            guest.set_single_step(on);
            self.single_step = on;
        }
    }
}

/// Those of `of` that `from` has not; both are rising.
fn missing(of: &[CodePlace], from: &[CodePlace]) -> Vec<CodePlace> {
    of.iter()
        .filter(|place| from.binary_search(place).is_err())
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pcs: &[u64]) -> Vec<CodePlace> {
        pcs.iter().map(|&pc| CodePlace { module: 0, pc }).collect()
    }

    #[test]
    fn only_differences_are_changed() {
        let (old, new) = (places(&[1, 2, 5]), places(&[2, 3, 5, 9]));
        assert_eq!(missing(&new, &old), places(&[3, 9]));
        assert_eq!(missing(&old, &new), places(&[1]));
        assert_eq!(missing(&[], &new), []);
    }
}
