//! For stepping: closures that are called here, passed on, and called by iterators whose chain
//! goes over several lines.

use std::hint::black_box;

#[inline(never)]
fn twice(f: impl Fn(u32) -> u32, x: u32) -> u32 {
    let once = f(x); // <- twice: first
    f(once) // <- twice: second
} // <- twice: end

#[inline(never)]
fn local(x: u32) -> u32 {
    let add = |y: u32| {
        let sum = x + y; // <- closure: sum
        sum * 2 // <- closure: result
    }; // <- closure: end
    let a = add(1); // <- local: first
    let b = add(2); // <- local: second
    a + b // <- local: result
} // <- local: end

#[inline(never)]
fn chain(numbers: &[u32]) -> u32 {
    let total = numbers
        .iter() // <- chain: iter
        .map(|n| n * 3) // <- chain: map
        .filter(|n| n % 2 == 1) // <- chain: filter
        .sum::<u32>(); // <- chain: sum
    total + 1 // <- chain: result
} // <- chain: end

#[inline(never)]
fn sorted(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_by(|a, b| {
        b.cmp(a) // <- sort: compare
    }); // <- sort: end
    numbers // <- sort: result
} // <- sort: function's end

fn main() {
    let a = twice(
        |x| {
            x + 1 // <- main: closure
        },
        black_box(1), // <- main: argument
    ); // <- main: twice
    let b = local(black_box(3)); // <- main: local
    let c = chain(black_box(&[1, 2, 3])); // <- main: chain
    let d = sorted(black_box(vec![1, 3, 2])); // <- main: sorted
    println!("{a} {b} {c} {d:?}"); // <- main: print
} // <- main: end
