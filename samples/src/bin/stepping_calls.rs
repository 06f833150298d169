//! For stepping: generic functions in several instances, methods of trait objects, `Display` and
//! `Drop` that std calls back, and functions that call themselves and each other.

use std::fmt;
use std::hint::black_box;

trait Animal {
    fn legs(&self) -> u32;
}

struct Dog;
struct Bird {
    wounded: bool,
}

impl Animal for Dog {
    #[inline(never)]
    fn legs(&self) -> u32 {
        4 // <- dog: legs
    } // <- dog: end
}

impl Animal for Bird {
    #[inline(never)]
    fn legs(&self) -> u32 {
        if self.wounded { 1 } else { 2 } // <- bird: legs
    } // <- bird: end
}

#[inline(never)]
fn largest<T: PartialOrd + Copy>(items: &[T]) -> T {
    let mut best = items[0]; // <- largest: first
    for item in items {
        if *item > best {
            best = *item; // <- largest: better
        }
    }
    best // <- largest: result
} // <- largest: end

#[inline(never)]
fn factorial(n: u64) -> u64 {
    if n < 1 {
        return 1; // <- factorial: one
    }
    let rest = factorial(n - 1); // <- factorial: call
    n * rest // <- factorial: product
} // <- factorial: end

#[inline(never)]
fn is_even(n: u32) -> bool {
    let zero = n == 0; // <- even: test
    if zero {
        return true; // <- even: true
    }
    is_odd(n - 1) // <- even: call
} // <- even: end

#[inline(never)]
fn is_odd(n: u32) -> bool {
    let nothing = n == 0; // <- odd: test
    if nothing {
        return false; // <- odd: false
    }
    is_even(n - 1) // <- odd: call
} // <- odd: end

struct Named(u32);

impl fmt::Display for Named {
    #[inline(never)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0; // <- display: number
        write!(f, "number {number}") // <- display: write
    } // <- display: end
}

impl Drop for Named {
    #[inline(never)]
    fn drop(&mut self) {
        self.0 = 0; // <- drop: body
    } // <- drop: end
}

fn main() {
    let zoo: [Box<dyn Animal>; 2] = black_box([Box::new(Dog), Box::new(Bird { wounded: false })]); // <- main: zoo
    let mut legs = 0; // <- main: zero
    for animal in &zoo {
        legs += animal.legs(); // <- main: legs
    }
    println!("{legs}"); // <- main: print legs
    let whole = largest(black_box(&[1, 3, 2])); // <- main: whole
    let real = largest(black_box(&[1.5, 0.5])); // <- main: real
    println!("{whole} {real}"); // <- main: print largest
    let product = factorial(black_box(3)); // <- main: factorial
    let even = is_even(black_box(3)); // <- main: even
    println!("{product} {even}"); // <- main: print recursion
    let named = black_box(Named(7)); // <- main: named
    println!("{named}"); // <- main: display
    drop(named); // <- main: drop
    println!("dropped"); // <- main: last
} // <- main: end
