//! Fails: `assert_eq!` with a message of its own. The panic message has several lines.

#[derive(Clone, Debug, PartialEq)]
struct Point {
    x: i32,
    y: i32,
}

fn rotate(point: &Point) -> Point {
    Point {
        x: -point.y,
        y: point.x,
    }
}

fn full_turn(start: &Point, turns: usize) {
    let mut point = start.clone();
    for _ in 0..turns {
        point = rotate(&point);
    }
    assert_eq!(&point, start, "after {turns} quarter turns"); // <- fails
}

fn main() {
    let start = Point { x: 3, y: 4 };
    full_turn(&start, 4);
    println!("four quarter turns are a full one");
    full_turn(&start, 3); // <- turns
}
