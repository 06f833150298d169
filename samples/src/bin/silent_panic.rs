//! Fails: with a panic whose hook keeps the message to itself, in words of its own.

use std::panic;
use std::sync::Mutex;

static KEPT: Mutex<String> = Mutex::new(String::new());

struct Scale {
    capacity: u32,
}

impl Scale {
    fn weigh(&self, parcel: u32) -> u32 {
        assert!(parcel <= self.capacity, "{parcel} g is too heavy"); // <- fails
        parcel
    }
}

fn main() {
    panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or_default();
        if let Ok(mut kept) = KEPT.lock() {
            *kept = format!("sorry: {message}");
        }
    }));
    let scale = Scale { capacity: 30_000 };
    for parcel in [900, 31_000] {
        println!("{parcel}: {}", scale.weigh(parcel)); // <- weighs
    }
}
