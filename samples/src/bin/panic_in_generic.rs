//! Fails: inside of a generic function and a generic type's method, each in two instantiations;
//! only one of them fails. Names in the report tell which.

use std::fmt::Debug;

#[derive(Debug)]
struct Ring<T, const N: usize> {
    slots: [Option<T>; N],
    next: usize,
}

impl<T: Clone + Debug, const N: usize> Ring<T, N> {
    fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| None),
            next: 0,
        }
    }

    fn push(&mut self, value: T) {
        let slot = &mut self.slots[self.next];
        if let Some(old) = slot {
            panic!("{old:?} would be overwritten by {value:?}"); // <- fails
        }
        *slot = Some(value);
        self.next = (self.next + 1) % N;
    }
}

fn fill<T: Clone + Debug, const N: usize>(values: &[T]) -> Ring<T, N> {
    let mut ring = Ring::new();
    for value in values {
        ring.push(value.clone()); // <- pushes
    }
    ring
}

fn main() {
    let numbers = fill::<u16, 4>(&[10, 20, 30]);
    println!("{numbers:?}");
    let words = fill::<&str, 2>(&["one", "two", "three"]); // <- fills
    println!("{words:?}");
}
