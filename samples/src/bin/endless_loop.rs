//! Never ends: looks for a cycle in a sequence that has none within its bounds. Shows time limits.

use std::hint::black_box;

fn step(value: u64) -> u64 {
    value
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1)
        | 1
}

fn main() {
    println!("searching");
    let mut value = 1;
    while black_box(value) != 0 {
        value = step(value);
    }
    println!("found");
}
