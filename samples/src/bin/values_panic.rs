//! Panics with values of every kind in scope, after printing each of them.
//!
//! Shows how values read in a report. Every variable of the functions below is printed to standard
//! error as `function.variable = {:?}` before the panic, so that what a debugger shows can be
//! compared, line by line, with what the program says of itself.

#![allow(dead_code, reason = "fields are read by `{:?}` and the debugger only")]

use std::marker::PhantomData;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Color {
    Red,
    Green,
    Blue = 40,
}

#[derive(Debug, Clone, Copy)]
#[repr(i8)]
enum Signed {
    Below = -2,
    Zero = 0,
    Above = 100,
}

#[derive(Debug, Clone)]
enum Shape {
    Empty,
    Circle { radius: f64 },
    Rectangle(u32, u32),
    Named(String, Color),
}

#[derive(Debug, Clone, Copy)]
#[repr(u128)]
enum Wide {
    Small = 1,
    SameLowHalf = (1 << 64) + 1,
    Huge = u128::MAX,
}

#[derive(Debug)]
enum Single {
    Only(u16),
}

#[derive(Debug)]
#[repr(u8)]
enum Explicit {
    First(u64) = 7,
    Second { text: &'static str } = 200,
}

#[derive(Debug, Clone, Copy)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug)]
struct Unit;

#[derive(Debug)]
struct Metres(f32);

#[derive(Debug)]
struct Tagged<T> {
    id: u8,
    kind: PhantomData<T>,
}

#[derive(Debug, Clone)]
struct Item {
    sku: String,
    quantity: u32,
}

#[derive(Debug)]
enum State {
    Open,
    Paid(Color),
}

#[derive(Debug)]
struct Order {
    id: u64,
    items: Vec<Item>,
    state: State,
    note: Option<&'static str>,
}

/// A list whose tail is behind a box: the deepest of the nested values.
#[derive(Debug)]
enum Chain {
    Link(u8, Box<Chain>),
    End,
}

/// Prints variables by the names of their function and their own, a line each.
macro_rules! show {
    ($function:ident: $($variable:ident)*) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {:?}"),
            $variable
        );)*
    };
}

fn numbers() {
    let byte: u8 = 200;
    let small: i8 = -8;
    let short: u16 = 60_000;
    let negative_short: i16 = -30_000;
    let word: u32 = 4_000_000_000;
    let negative_word: i32 = -2_000_000_000;
    let long: u64 = u64::MAX - 1;
    let negative_long: i64 = i64::MIN + 1;
    let wide: u128 = u128::MAX - 2;
    let negative_wide: i128 = i128::MIN + 3;
    let size: usize = 4_096;
    let offset: isize = -4_096;
    let single: f32 = 1.5;
    let double: f64 = -0.1;
    let whole: f64 = 3.0;
    let tiny: f64 = 1e-300;
    let not_a_number: f64 = f64::NAN;
    let infinite: f32 = f32::NEG_INFINITY;
    let yes = true;
    let no = false;
    let letter = 'é';
    let quote = '\'';
    let tab = '\t';
    let crab = '🦀';
    let nothing = ();
    show!(numbers: byte small short negative_short word negative_word long negative_long wide
        negative_wide size offset single double whole tiny not_a_number infinite yes no letter
        quote tab crab nothing);
    text();
    show!(numbers: byte);
}

fn text() {
    let borrowed = "héllo";
    let empty = "";
    let escaped = "tab\t \"quoted\" \\ line\nend \u{1b}[31m\u{7f}";
    let owned = String::from("owned string");
    let no_text = String::new();
    let boxed: Box<str> = "boxed".into();
    let reference = &owned;
    let bytes: &[u8] = b"raw";
    let words = vec!["one", "two"];
    let owned_words = vec![String::from("a"), String::from("bb")];
    show!(text: borrowed empty escaped owned no_text boxed reference bytes words owned_words);
    sequences();
    show!(text: owned);
}

fn sequences() {
    let array = [1u16, 2, 3];
    let grid = [[1i8, -1], [2, -2]];
    let no_elements: [u32; 0] = [];
    let vector = vec![10i64, 20, 30];
    let spare: Vec<u32> = {
        let mut with_capacity = Vec::with_capacity(16);
        with_capacity.push(7);
        with_capacity
    };
    let no_vector: Vec<String> = Vec::new();
    let nested = vec![vec![1u8], vec![], vec![2, 3]];
    let slice = &vector[1..];
    let boxed_slice: Box<[u32]> = vec![5, 6].into_boxed_slice();
    let units = vec![(), ()];
    let points = [Point { x: 1, y: -1 }, Point { x: 2, y: -2 }];
    show!(sequences: array grid no_elements vector spare no_vector nested slice boxed_slice units points);
    composites();
    show!(sequences: vector);
}

fn composites() {
    let point = Point { x: 5, y: -6 };
    let tuple = (1u8, "two", 3.5f32);
    let one_tuple = (Color::Red,);
    let unit = Unit;
    let metres = Metres(2.5);
    let tagged: Tagged<String> = Tagged {
        id: 9,
        kind: PhantomData,
    };
    let boxed = Box::new(Point { x: 7, y: 8 });
    let by_reference = &point;
    let number = 42u32;
    let to_number = &number;
    let to_reference = &to_number;
    let order = Order {
        id: 7,
        items: vec![
            Item {
                sku: String::from("A-1"),
                quantity: 2,
            },
            Item {
                sku: String::from("B-22"),
                quantity: 1,
            },
        ],
        state: State::Paid(Color::Blue),
        note: Some("ring twice"),
    };
    let open = State::Open;
    let chain = Chain::Link(1, Box::new(Chain::Link(2, Box::new(Chain::End))));
    show!(composites: point tuple one_tuple unit metres tagged boxed by_reference number to_number
        to_reference order open chain);
    enums();
    show!(composites: point);
}

fn enums() {
    let green = Color::Green;
    let blue = Color::Blue;
    let below = Signed::Below;
    let zero = Signed::Zero;
    let above = Signed::Above;
    let no_shape = Shape::Empty;
    let circle = Shape::Circle { radius: 2.0 };
    let rectangle = Shape::Rectangle(3, 4);
    let named = Shape::Named(String::from("box"), Color::Red);
    let small = Wide::Small;
    let same_low_half = Wide::SameLowHalf;
    let huge = Wide::Huge;
    let only = Single::Only(300);
    let first = Explicit::First(1);
    let second = Explicit::Second { text: "second" };
    show!(enums: green blue below zero above no_shape circle rectangle named small same_low_half huge
        only first second);
    options();
    show!(enums: named);
}

fn options() {
    let some = Some(5u32);
    let none: Option<u32> = None;
    let some_text = Some(String::from("inner"));
    let no_text: Option<String> = None;
    let some_reference = Some(&some);
    let no_reference: Option<&u32> = None;
    let some_boxed = Some(Box::new(1u8));
    let no_boxed: Option<Box<u8>> = None;
    let some_char = Some('x');
    let no_char: Option<char> = None;
    let some_bool = Some(true);
    let no_bool: Option<bool> = None;
    let deep: Option<Option<Option<bool>>> = Some(Some(None));
    let deeper: Option<Option<Option<bool>>> = Some(None);
    let some_order = Some(std::cmp::Ordering::Less);
    let good: Result<u8, String> = Ok(1);
    let bad: Result<u8, String> = Err(String::from("bad"));
    let some_wide = Some(u128::MAX);
    let some_unit = Some(());
    let some_vector = Some(vec![1u8, 2]);
    let some_shape = Some(Shape::Named(String::from("niche"), Color::Green));
    let no_result: Option<Result<String, Shape>> = None;
    let some_result: Option<Result<String, Shape>> = Some(Err(Shape::Rectangle(1, 2)));
    show!(options: some none some_text no_text some_reference no_reference some_boxed no_boxed some_char
        no_char some_bool no_bool deep deeper some_order good bad some_wide some_unit some_vector
        some_shape no_result some_result);
    arguments(11, "argument", &[1, 2, 3], Point { x: 1, y: 2 }, Some(0.5));
    show!(options: some_text);
}

fn arguments(count: u32, name: &str, list: &[u8], point: Point, ratio: Option<f32>) {
    show!(arguments: count name list point ratio);
    let limit = list.len();
    let past = list[limit + count as usize]; // <- fails
    show!(arguments: past name list point ratio);
}

fn main() {
    numbers();
}
