//! Fails: a real `i32.div_u` by zero. No panic, no message: the trap is all there is.
//!
//! The divisor claims to be non-zero by its type, so that Rust leaves its own check out; the claim
//! is false, as it can be in C, or in Rust after a mistake in `unsafe` code.

use std::hint::black_box;
use std::num::NonZeroU32;

struct Ratio {
    teeth: u32,
    driven: NonZeroU32,
}

impl Ratio {
    fn from_raw(raw: [u32; 2]) -> Self {
        let [teeth, driven] = raw;
        // Not sound, and that is the point; `new_unchecked` would check in a debug build.
        #[expect(clippy::transmute_int_to_non_zero)]
        let driven = unsafe { std::mem::transmute::<u32, NonZeroU32>(driven) };
        Self { teeth, driven }
    }

    #[inline(never)]
    fn turns(&self, turns: u32) -> u32 {
        let total = turns * self.teeth;
        total / self.driven // <- fails
    }
}

fn main() {
    for raw in [[12, 4], [30, 0]] {
        let ratio = Ratio::from_raw(black_box(raw));
        println!("{raw:?}: {}", ratio.turns(10)); // <- turns
    }
}
