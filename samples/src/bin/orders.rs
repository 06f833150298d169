//! Fails: ships a list of orders out of a small warehouse and runs into one that names a shelf
//! the warehouse does not have.
//!
//! The program reads as a bigger one would: orders are parsed out of text, grouped by customer,
//! and picked line by line; the mistake is in the data of order 1003, and shows four calls below
//! `main` as an index out of bounds. This is the program that wasmscope's introduction runs.

use std::collections::BTreeMap;
use std::fmt;

const ORDERS: &str = "\
1001 alice  bolt:40@0 washer:80@1
1002 bob    hinge:6@2
1003 carol  bolt:12@0 bracket:4@7
1004 alice  hinge:2@2";

/// What is ordered of one article, and on which shelf it is said to lie.
#[derive(Clone, Debug)]
struct Line {
    article: String,
    quantity: u32,
    shelf: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Status {
    Open,
    Picked { parcels: u8 },
    Refused(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reason {
    OutOfStock,
}

#[derive(Debug)]
struct Order {
    number: u32,
    customer: String,
    lines: Vec<Line>,
    status: Status,
    note: Option<&'static str>,
}

#[derive(Debug)]
struct Shelf {
    article: &'static str,
    stock: u32,
    price_in_cents: u64,
}

struct Inventory {
    shelves: Vec<Shelf>,
    removed: u32,
}

impl Inventory {
    fn new() -> Self {
        let shelf = |article, stock, price_in_cents| Shelf {
            article,
            stock,
            price_in_cents,
        };
        Self {
            shelves: vec![
                shelf("bolt", 500, 15),
                shelf("washer", 1_000, 4),
                shelf("hinge", 6, 210),
            ],
            removed: 0,
        }
    }

    /// Takes what `line` asks for off its shelf and answers its price.
    fn remove(&mut self, line: &Line) -> Result<u64, Reason> {
        let wanted = line.quantity;
        let shelf = &mut self.shelves[line.shelf]; // <- fails
        if shelf.stock < wanted || shelf.article != line.article {
            return Err(Reason::OutOfStock);
        }
        shelf.stock -= wanted;
        self.removed += wanted;
        Ok(shelf.price_in_cents * u64::from(wanted))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} of {}: ", self.number, self.customer)?;
        match self.status {
            Status::Open => write!(f, "open"),
            Status::Picked { parcels } => write!(f, "picked, {parcels} parcel(s)"),
            Status::Refused(reason) => write!(f, "refused, {reason:?}"),
        }
    }
}

fn parse_line(text: &str) -> Option<Line> {
    let (article, rest) = text.split_once(':')?;
    let (quantity, shelf) = rest.split_once('@')?;
    Some(Line {
        article: article.to_owned(),
        quantity: quantity.parse().ok()?,
        shelf: shelf.parse().ok()?,
    })
}

fn parse_order(text: &str) -> Option<Order> {
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let customer = words.next()?.to_owned();
    let lines = words.map(parse_line).collect::<Option<Vec<_>>>()?;
    Some(Order {
        number,
        note: (customer == "carol").then_some("leave with the neighbour"),
        customer,
        lines,
        status: Status::Open,
    })
}

/// Picks every line of `order`; the price of all of them, or why it can't be had.
fn pick(inventory: &mut Inventory, order: &Order) -> Result<u64, Reason> {
    let mut total = 0;
    for line in &order.lines {
        let price = inventory.remove(line)?; // <- removes
        total += price;
    }
    Ok(total)
}

fn ship(inventory: &mut Inventory, orders: &mut [Order]) -> BTreeMap<String, u64> {
    let mut owed = BTreeMap::new();
    for order in orders {
        order.status = match pick(inventory, order) {
            Ok(total) => {
                *owed.entry(order.customer.clone()).or_insert(0) += total;
                Status::Picked {
                    parcels: order.lines.len() as u8,
                }
            }
            Err(reason) => Status::Refused(reason),
        };
        println!("{order}");
    }
    owed
}

fn main() {
    let mut inventory = Inventory::new();
    let mut orders: Vec<Order> = ORDERS.lines().filter_map(parse_order).collect();
    println!(
        "{} orders, {} shelves",
        orders.len(),
        inventory.shelves.len()
    );
    let noted = orders.iter().filter(|order| order.note.is_some()).count();
    println!("{noted} with a note");
    for (customer, cents) in ship(&mut inventory, &mut orders) {
        println!("{customer} owes {cents} cents");
    }
}
