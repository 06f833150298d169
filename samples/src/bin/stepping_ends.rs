//! For stepping: a step that calls the host, and steps that do not come to their end. The first
//! argument says what happens: `panic`, `exit`, `trap`, or nothing.

use std::hint::black_box;
use std::io::Write;

#[inline(never)]
fn tell(text: &str) {
    let mut out = std::io::stdout().lock(); // <- tell: lock
    writeln!(out, "{text}").unwrap(); // <- tell: write
    out.flush().unwrap(); // <- tell: flush
} // <- tell: end

#[inline(never)]
fn pick(list: &[u32], at: usize) -> u32 {
    list[at] // <- pick: index
} // <- pick: end

#[inline(never)]
fn leave(code: i32) {
    println!("leaving"); // <- leave: print
    std::process::exit(code); // <- leave: exit
}

#[inline(never)]
fn divide(a: u32, b: u32) -> u32 {
    if b == 0 {
        std::process::abort(); // <- divide: abort
    }
    a / b // <- divide: quotient
} // <- divide: end

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default(); // <- main: what
    tell("started"); // <- main: tell
    match what.as_str() {
        "panic" => {
            let found = pick(black_box(&[1, 2, 3]), black_box(5)); // <- main: pick
            println!("{found}"); // <- main: not reached
        }
        "exit" => leave(3), // <- main: leave
        "trap" => {
            divide(black_box(1), black_box(0)); // <- main: divide
        }
        _ => {}
    }
    tell("done"); // <- main: done
} // <- main: end
