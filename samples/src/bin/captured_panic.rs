//! Fails: with a panic whose message goes into a buffer and to nobody, as under a test harness that
//! captures what its tests print.

use std::panic;

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
        // What the standard library's own hook writes.
        let place = info.location().expect("a panic has a place");
        let message = info.payload_as_str().unwrap_or("Box<dyn Any>");
        let mut text =
            format!("earlier output\n\nthread 'main' (1) panicked at {place}:\n{message}\n");
        text.push_str(
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
        );
        text.leak();
    }));
    let scale = Scale { capacity: 30_000 };
    for parcel in [900, 31_000] {
        println!("{parcel}: {}", scale.weigh(parcel)); // <- weighs
    }
}
