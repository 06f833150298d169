//! For stepping: loops of every kind, with `break` and `continue`, one in another, and a call that
//! runs for as many rounds as the argument after `long` says.

use std::hint::black_box;

#[inline(never)]
fn count(limit: u32) -> u32 {
    let mut sum = 0; // <- for: before
    for i in 0..limit {
        sum += i; // <- for: body
    }
    sum // <- for: after
} // <- for: end

#[inline(never)]
fn halve(start: u32) -> u32 {
    let mut left = start; // <- while: before
    let mut rounds = 0; // <- while: rounds
    while left > 1 {
        left /= 2; // <- while: first
        rounds += 1; // <- while: second
    }
    rounds // <- while: after
} // <- while: end

#[inline(never)]
fn search(wanted: u32) -> u32 {
    let mut at = 0; // <- loop: before
    loop {
        at += 1; // <- loop: first
        if at % 2 == 0 {
            continue; // <- loop: continue
        }
        if at > wanted {
            break; // <- loop: break
        }
    }
    at // <- loop: after
} // <- loop: end

#[inline(never)]
fn grid(width: u32, height: u32) -> u32 {
    let mut cells = 0; // <- nested: before
    'rows: for y in 0..height {
        for x in 0..width {
            if x > y {
                continue 'rows; // <- nested: continue
            }
            cells += 1; // <- nested: body
        }
    }
    cells // <- nested: after
} // <- nested: end

/// So many rounds.
#[inline(never)]
fn long(rounds: u64) -> u64 {
    let mut state = 1_u64;
    for round in 0..rounds {
        state = state.rotate_left(5) ^ round;
    }
    state
}

fn main() {
    let a = count(black_box(3)); // <- main: count
    let b = halve(black_box(4)); // <- main: halve
    let c = search(black_box(2)); // <- main: search
    let d = grid(black_box(2), black_box(2)); // <- main: grid
    println!("{a} {b} {c} {d}"); // <- main: print
    if std::env::args().nth(1).as_deref() == Some("long") {
        let rounds = std::env::args().nth(2).unwrap().parse().unwrap();
        let state = long(rounds); // <- main: long
        println!("{state}"); // <- main: after long
    }
} // <- main: end
