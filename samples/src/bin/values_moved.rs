//! Variables that are in scope and hold no value any more: moved out of, wholly or in part, dropped,
//! on some ways only, or not given a value yet. Each call of `look` says which of its caller's they
//! are: `a` is gone, `a.0` a part of it, `-a` was not given a value.

use std::hint::black_box;
use std::rc::Rc;

/// Where a debugger stops: in the caller, what is named is gone, and nothing else.
#[inline(never)]
fn look(gone: &str) {
    black_box(gone);
}

#[inline(never)]
fn take<T>(value: T) -> T {
    black_box(value)
}

#[inline(never)]
fn is(answer: bool) -> bool {
    black_box(answer)
}

struct Order {
    name: String,
    id: u32,
}

struct Loud(u32);

impl Drop for Loud {
    fn drop(&mut self) {
        black_box(self.0);
    }
}

enum Shape {
    Named(String),
    Sides(u32),
}

#[inline(never)]
fn at_once() {
    let text = String::from("a text");
    let number = 7;
    let list = vec![1, 2, 3];
    look("");
    let other = take(text);
    look("text");
    drop(list);
    look("text list");
    let shared = Rc::new(other.clone());
    let also = Rc::clone(&shared);
    drop(shared);
    look("text list shared");
    println!("{number} {other} {also}");
    look("text list shared");
}

#[inline(never)]
fn on_some_ways(yes: bool) {
    let order = Order {
        name: String::from("an order"),
        id: 3,
    };
    let loud = Loud(4);
    let boxed = Box::new([1u64; 4]);
    if yes {
        drop(loud);
        take(order.name);
        look("loud order.name");
    } else {
        look("");
    }
    look(if yes { "loud order.name" } else { "" });
    if !yes {
        let inside = take(boxed);
        look("boxed");
        println!("{inside:?}");
    } else {
        println!("{boxed:?}");
    }
    look(if yes { "loud order.name" } else { "boxed" });
    println!("{}", order.id);
}

#[inline(never)]
fn in_loops() {
    let mut kept = Vec::new();
    for round in 0..3u32 {
        let text = format!("round {round}");
        look("");
        if is(round == 1) {
            drop(text);
            look("text");
            continue;
        }
        look("");
        kept.push(text);
        look("text"); // <- moved in every round
    }
    let mut left = take(Some(Box::new(3u8)));
    while let Some(number) = left {
        look("left");
        left = (*number > 0).then(|| Box::new(*number - 1));
        look("");
    }
    // What is left is `None`, and nothing can be moved out of that.
    look("");
    let all = kept;
    for text in all {
        look("kept all");
        take(text);
        look("kept all text");
    }
    look("kept all");
}

#[inline(never)]
fn in_parts() {
    let pair = (String::from("left"), vec![1u8, 2]);
    let left = pair.0;
    look("pair.0");
    let nested = ((left, 5), pair.1);
    look("left pair");
    take(nested.0.0);
    look("left pair nested.0.0");
    let both = [String::from("a"), String::from("b")];
    let [first, second] = both;
    look("left pair nested.0.0 both");
    println!("{first} {second} {} {:?}", nested.0.1, nested.1);
}

#[inline(never)]
fn out_of_variants(shape: Shape, maybe: Option<String>, result: Result<u32, String>) {
    look("");
    match shape {
        Shape::Named(name) => {
            look("shape");
            take(name);
            look("shape name");
        }
        Shape::Sides(sides) => {
            println!("{sides}");
            look("");
        }
    }
    if let Some(text) = &maybe {
        println!("{text}");
        look("shape");
    }
    let text = maybe.unwrap_or_default();
    look(if text.is_empty() { "" } else { "shape maybe" });
    let Err(message) = result else { return };
    look(if text.is_empty() {
        "result"
    } else {
        "shape maybe result"
    });
    println!("{message}");
}

#[inline(never)]
fn later(yes: bool) {
    let late;
    let second: Vec<u8>;
    look("-late -second");
    if yes {
        late = String::from("late");
        look("-second");
    } else {
        second = vec![4];
        late = String::new();
        look("");
        println!("{second:?}");
    }
    println!("{late}");
}

/// Arguments are moved out of as well.
#[inline(never)]
fn of_arguments(order: Order, boxed: Box<str>, list: Vec<String>) -> usize {
    look("");
    let id = order.id;
    let length = take(order).name.len();
    look("order.name");
    let joined = list.into_iter().collect::<String>();
    look("order.name list");
    drop(boxed);
    look("order.name list boxed");
    joined.len() + length + id as usize
}

/// Where nothing returns any more, what was moved before stays so.
#[inline(never)]
fn before_a_panic(number: u32) -> u32 {
    let text = take(String::from("a text"));
    let kept = take(String::from("kept"));
    let sum = take(text).len() as u32;
    let list = [1, 2, 3];
    if number as usize >= list.len() {
        look("text");
        panic!("{kept}: there is no {number}");
    }
    sum + list[number as usize] + u32::try_from(kept.len()).unwrap_or(0)
}

fn main() {
    at_once();
    on_some_ways(is(true));
    on_some_ways(is(false));
    in_loops();
    in_parts();
    out_of_variants(
        Shape::Named("square".into()),
        Some("text".into()),
        Err("no".into()),
    );
    out_of_variants(Shape::Sides(4), None, Err("no".into()));
    later(is(true));
    later(is(false));
    of_arguments(
        Order {
            name: "last".into(),
            id: 1,
        },
        "boxed".into(),
        vec!["a".into(), "b".into()],
    );
    before_a_panic(take(3));
}
