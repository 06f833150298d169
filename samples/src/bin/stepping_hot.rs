//! For stepping: lines that call themselves thousands of times, and a line that is a hot loop once
//! everything in it is inlined.

use std::hint::black_box;

#[inline(never)]
fn fibonacci(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n); // <- fibonacci: small
    }
    let first = fibonacci(n - 1); // <- fibonacci: first
    let second = fibonacci(n - 2); // <- fibonacci: second
    first + second // <- fibonacci: sum
} // <- fibonacci: end

#[inline(never)]
fn mixed(rounds: u64) -> u64 {
    let from = black_box(0); // <- mixed: from
    let sum: u64 = (from..rounds).map(|x| black_box(x) ^ 5).sum(); // <- mixed: hot
    black_box(sum) // <- mixed: result
} // <- mixed: end

fn main() {
    println!("{}", fibonacci(black_box(18))); // <- main: fibonacci
    println!("{}", mixed(black_box(1_000_000))); // <- main: mixed
} // <- main: end
