//! Fails: divides by zero, which Rust checks and turns into a panic before any Wasm instruction
//! could trap. `trap_divide_by_zero` is the other way.

#[derive(Debug, Default)]
struct Shift {
    pieces: u32,
    minutes: u32,
}

fn pieces_per_hour(shift: &Shift) -> u32 {
    let pieces = shift.pieces * 60;
    pieces / shift.minutes // <- fails
}

fn main() {
    let shifts = [
        Shift {
            pieces: 480,
            minutes: 450,
        },
        Shift::default(),
    ];
    for (number, shift) in shifts.iter().enumerate() {
        println!("shift {number}: {} an hour", pieces_per_hour(shift)); // <- asks
    }
}
