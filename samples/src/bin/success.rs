//! Works: adds up a small stock list and exits with 0.
//!
//! Shows that wasmscope is silent when nothing is wrong. Arguments, if any, are printed after the
//! total, one a line.

struct Item {
    name: &'static str,
    quantity: u32,
    price_in_cents: u64,
}

fn total_value(items: &[Item]) -> u64 {
    items
        .iter()
        .map(|item| u64::from(item.quantity) * item.price_in_cents)
        .sum()
}

fn main() {
    let items = [
        Item {
            name: "bolt",
            quantity: 120,
            price_in_cents: 15,
        },
        Item {
            name: "bracket",
            quantity: 8,
            price_in_cents: 450,
        },
        Item {
            name: "hinge",
            quantity: 24,
            price_in_cents: 210,
        },
    ];
    for item in &items {
        println!("{:>8} x {}", item.quantity, item.name);
    }
    println!("total: {} cents", total_value(&items));
    for argument in std::env::args().skip(1) {
        println!("argument: {argument}");
    }
}
