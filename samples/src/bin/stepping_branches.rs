//! For stepping: arms of `match`, `if let`, `let … else`, `?` that goes on and `?` that returns,
//! and `return` in the middle.

use std::hint::black_box;

enum Shape {
    Dot,
    Line(u32),
    Box { width: u32, height: u32 },
}

#[inline(never)]
fn boxed(width: u32, height: u32) -> Shape {
    black_box(Shape::Box { width, height })
}

#[inline(never)]
fn area(shape: &Shape) -> u32 {
    match shape {
        Shape::Dot => 0, // <- match: dot
        Shape::Line(length) => {
            let doubled = length * 2; // <- match: doubled
            doubled / 2 // <- match: halved
        } // <- match: line's end
        Shape::Box { width, height } if width == height => {
            width * width // <- match: square
        }
        Shape::Box { width, height } => {
            width * height // <- match: box
        }
    }
} // <- match: end

#[inline(never)]
fn describe(found: Option<u32>) -> u32 {
    if let Some(number) = found {
        number + 1 // <- if let: some
    } else {
        0 // <- if let: none
    }
} // <- if let: end

#[inline(never)]
fn needed(found: Option<u32>) -> u32 {
    let Some(number) = found else {
        return 99; // <- let else: none
    };
    number // <- let else: some
} // <- let else: end

#[inline(never)]
fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    let number: u32 = text.parse()?; // <- ?: parse
    Ok(number * 10) // <- ?: ok
} // <- ?: end

#[inline(never)]
fn add(a: &str, b: &str) -> Result<u32, std::num::ParseIntError> {
    let a = parse(a)?; // <- ?: first
    let b = parse(b)?; // <- ?: second
    Ok(a + b) // <- ?: sum
} // <- ?: add's end

#[inline(never)]
fn first_even(numbers: &[u32]) -> u32 {
    for number in numbers {
        if number % 2 == 0 {
            return *number; // <- return: found
        }
    }
    0 // <- return: nothing
} // <- return: end

fn main() {
    let dot = area(&black_box(Shape::Dot)); // <- main: dot
    let line = area(&black_box(Shape::Line(3))); // <- main: line
    let square = area(&boxed(2, 2)); // <- main: square
    let oblong = area(&boxed(2, 3)); // <- main: box
    println!("{dot} {line} {square} {oblong}"); // <- main: shapes
    let some = describe(black_box(Some(1))); // <- main: some
    let none = describe(black_box(None)); // <- main: none
    let kept = needed(black_box(Some(5))); // <- main: kept
    let lost = needed(black_box(None)); // <- main: lost
    println!("{some} {none} {kept} {lost}"); // <- main: options
    let good = add(black_box("1"), black_box("2")); // <- main: good
    let bad = add(black_box("1"), black_box("x")); // <- main: bad
    println!("{good:?} {}", bad.is_err()); // <- main: results
    let even = first_even(black_box(&[1, 4, 6])); // <- main: even
    println!("{even}"); // <- main: print
} // <- main: end
