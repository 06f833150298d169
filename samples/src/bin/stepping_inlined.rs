//! For stepping: functions that are always inlined, into one another too, and macros: std's and
//! the program's own.
#![allow(clippy::useless_vec, reason = "steps go over the macro")]

use std::hint::black_box;

macro_rules! square {
    ($x:expr) => {{
        let x = $x; // <- macro: let
        x * x // <- macro: product
    }};
}

macro_rules! add_all {
    ($first:expr $(, $rest:expr)*) => {
        $first $(+ $rest)*
    };
}

#[inline(always)]
fn innermost(x: u32) -> u32 {
    let y = black_box(x) + 1; // <- innermost: first
    black_box(y) * 2 // <- innermost: second
}

#[inline(always)]
fn middle(x: u32) -> u32 {
    let before = black_box(x) + 10; // <- middle: first
    let inside = innermost(before); // <- middle: call
    black_box(inside) + 100 // <- middle: last
}

#[inline(never)]
fn outer(x: u32) -> u32 {
    let a = black_box(x); // <- outer: first
    let b = middle(a); // <- outer: call
    let c = innermost(b); // <- outer: second call
    black_box(c) // <- outer: last
} // <- outer: end

#[inline(never)]
fn macros(x: u32) -> u32 {
    let list = vec![x, x + 1, x + 2]; // <- macros: vec
    assert!(list.len() == 3, "three of them"); // <- macros: assert
    let s = square!(list[1]); // <- macros: square
    let t = add_all!(s, list[0], 5); // <- macros: add
    println!("{s} {t}"); // <- macros: print
    t // <- macros: result
} // <- macros: end

fn main() {
    let a = outer(black_box(1)); // <- main: outer
    let b = macros(black_box(2)); // <- main: macros
    println!("{a} {b}"); // <- main: print
} // <- main: end
