//! Fails: below functions whose stack frames are unlike the usual: over-aligned, very large,
//! empty, and with a frame that only some paths use. For whoever recovers frames from linear
//! memory after a trap.

use std::hint::black_box;

#[repr(align(64))]
#[derive(Debug)]
struct CacheLine([u32; 4]);

#[inline(never)]
fn no_frame(value: u32) -> u32 {
    leaf(value.rotate_left(3)) // <- no frame
}

#[inline(never)]
fn large(value: u32) -> u32 {
    let mut table = [0_u32; 20_000];
    table[value as usize] = value;
    let result = no_frame(black_box(&table)[value as usize]); // <- large
    result + table[0]
}

#[inline(never)]
fn over_aligned(value: u32) -> u32 {
    let line = CacheLine([value; 4]);
    let result = large(black_box(&line).0[3]); // <- over-aligned
    result + line.0[0]
}

#[inline(never)]
fn sometimes(value: u32, slow: bool) -> u32 {
    if slow {
        let buffer = [value; 32];
        return over_aligned(black_box(&buffer)[31]); // <- sometimes
    }
    no_frame(value)
}

#[inline(never)]
fn many_arguments(a: u32, b: u64, c: f32, d: f64, e: &str, f: [u8; 3], g: Option<u32>) -> u32 {
    let sum = a + b as u32 + c as u32 + d as u32 + e.len() as u32 + u32::from(f[2]);
    sometimes(sum + g.unwrap_or(0), true) // <- many arguments
}

#[inline(never)]
fn leaf(value: u32) -> u32 {
    let limit = black_box(8_u32);
    if value > limit {
        panic!("{value} is above {limit}"); // <- fails
    }
    value
}

fn main() {
    let result = many_arguments(1, 2, 3.0, 4.0, "five", [6, 7, 8], Some(9));
    println!("{result}");
}
