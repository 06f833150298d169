//! Fails: recursion without an end, because a part is, by way of another one, made of itself.
//!
//! Its frames are small: the engine's own stack runs out before the stack in linear memory does.
//! `stack_overflow_large_frames` is the other way round.

struct Part {
    name: &'static str,
    cents: u64,
    made_of: Vec<usize>,
}

/// What the part `number` costs, with all it is made of.
fn cost(parts: &[Part], number: usize) -> u64 {
    let part = &parts[number];
    let mut total = part.cents;
    for &inner in &part.made_of {
        total += cost(parts, inner); // <- recurs
    }
    total
}

fn main() {
    let part = |name, cents, made_of: &[usize]| Part {
        name,
        cents,
        made_of: made_of.to_vec(),
    };
    let parts = [
        part("frame", 4_000, &[]),
        part("wheel", 900, &[3]),
        part("bicycle", 1_500, &[0, 1, 1]),
        part("spoke", 20, &[4]),
        part("nipple", 5, &[3]),
    ];
    for number in [0, 2] {
        println!("{}: {} cents", parts[number].name, cost(&parts, number)); // <- asks
    }
}
