//! Fails, with one local of every kind of Rust type in scope, after having printed each.
//!
//! What it prints is the truth that a debugger's answers are compared with: one line for each
//! local, `name = value` in Rust's own `Debug` form. Each group of locals has a function of its
//! own; they call one another, so that at the end all of them are on the stack.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::rc::Rc;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Suit {
    Clubs,
    Hearts = 7,
    Spades,
}

#[derive(Debug)]
#[allow(dead_code)]
enum Shape {
    Empty,
    Circle(f64),
    Rectangle { width: u16, height: u16 },
    Group(Vec<Shape>),
}

#[derive(Debug)]
struct Unit;

#[derive(Debug)]
#[allow(dead_code)]
struct Metres(f32);

#[derive(Debug)]
#[allow(dead_code)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug)]
#[allow(dead_code)]
struct Account {
    id: u64,
    name: String,
    home: Option<Point>,
    tags: Vec<&'static str>,
    r#type: Suit,
}

#[derive(Debug)]
#[allow(dead_code)]
struct Pair<A, B = A> {
    first: A,
    second: B,
}

#[allow(dead_code)]
union Bits {
    float: f32,
    int: u32,
}

trait Greet {
    fn greet(&self) -> String;
}

impl Greet for Account {
    fn greet(&self) -> String {
        format!("hello {}", self.name)
    }
}

/// Prints locals by name, one a line.
macro_rules! show {
    ($($name:ident),+ $(,)?) => { $(println!("{} = {:?}", stringify!($name), $name);)+ };
}

#[inline(never)]
fn numbers() {
    let byte = 200_u8;
    let signed_byte = -100_i8;
    let short = 60_000_u16;
    let signed_short = -30_000_i16;
    let word = 4_000_000_000_u32;
    let signed_word = -2_000_000_000_i32;
    let long = 18_000_000_000_000_000_000_u64;
    let signed_long = -9_000_000_000_000_000_000_i64;
    let wide = u128::MAX - 1;
    let signed_wide = i128::MIN + 1;
    let size = 123_456_usize;
    let signed_size = -123_456_isize;
    let float = 1.5_f32;
    let double = -2.5e-7_f64;
    let not_a_number = f64::NAN;
    let infinite = f32::NEG_INFINITY;
    let yes = true;
    let no = false;
    let letter = 'ß';
    let crab = '🦀';
    let newline = '\n';
    let nonzero = NonZeroU32::new(42);
    let no_nonzero: Option<NonZeroU32> = None;
    show!(
        byte,
        signed_byte,
        short,
        signed_short,
        word,
        signed_word,
        long,
        signed_long
    );
    show!(
        wide,
        signed_wide,
        size,
        signed_size,
        float,
        double,
        not_a_number,
        infinite
    );
    show!(yes, no, letter, crab, newline, nonzero, no_nonzero);
    texts(); // <- numbers
}

#[inline(never)]
fn texts() {
    let empty = "";
    let str_slice = "grüezi \"mitenand\"";
    let string = String::from("owned\ttext\n");
    let empty_string = String::new();
    let long_string = "ab".repeat(500);
    let string_reference = &string;
    let boxed_str: Box<str> = "boxed".into();
    let bytes = b"raw\0bytes";
    let byte_slice: &[u8] = &bytes[..3];
    let chars: Vec<char> = "añ✓".chars().collect();
    show!(
        empty,
        str_slice,
        string,
        empty_string,
        long_string,
        string_reference,
        boxed_str
    );
    show!(bytes, byte_slice, chars);
    sequences(); // <- texts
}

#[inline(never)]
fn sequences() {
    let array = [1_u16, 2, 3];
    let empty_array: [u8; 0] = [];
    let nested_array = [[1_i8, -1], [2, -2]];
    let slice = &array[1..];
    let vector = vec![10_i64, -20, 30];
    let empty_vector: Vec<u32> = Vec::new();
    let long_vector: Vec<u32> = (0..1_000).collect();
    let strings = vec![String::from("one"), String::from("two")];
    let points = vec![Point { x: 1, y: 2 }, Point { x: -3, y: 4 }];
    let boxed_slice: Box<[u8]> = vec![1, 2].into_boxed_slice();
    let tuple = (7_u8, "seven", 7.0_f32);
    let unit = ();
    let nested_tuple = ((1_u8, 2_u16), [3_u32; 2]);
    let deque = VecDeque::from([1_u8, 2, 3]);
    let map = BTreeMap::from([(1_u8, "one"), (2, "two")]);
    let table: HashMap<&str, u32> = HashMap::from([("only", 1)]);
    show!(
        array,
        empty_array,
        nested_array,
        slice,
        vector,
        empty_vector,
        long_vector,
        strings
    );
    show!(
        points,
        boxed_slice,
        tuple,
        unit,
        nested_tuple,
        deque,
        map,
        table
    );
    enums(); // <- sequences
}

#[inline(never)]
fn enums() {
    let suit = Suit::Hearts;
    let other_suit = Suit::Spades;
    let first_suit = Suit::Clubs;
    let none: Option<u32> = None;
    let some = Some(5_u32);
    let some_string = Some(String::from("niche"));
    let no_string: Option<String> = None;
    let some_reference = Some(&suit);
    let no_reference: Option<&Suit> = None;
    let nested: Option<Option<bool>> = Some(None);
    let nested_some: Option<Option<bool>> = Some(Some(true));
    let nested_none: Option<Option<bool>> = None;
    let ok: Result<u8, String> = Ok(9);
    let err: Result<u8, String> = Err(String::from("bad"));
    let result_of_option: Result<Option<i16>, ()> = Ok(Some(-4));
    let empty_shape = Shape::Empty;
    let circle = Shape::Circle(0.5);
    let rectangle = Shape::Rectangle {
        width: 640,
        height: 480,
    };
    let group = Shape::Group(vec![Shape::Empty, Shape::Circle(2.0)]);
    let ordering = 1.cmp(&2);
    let boxed_option: Option<Box<u8>> = Some(Box::new(3));
    let wide_option: Option<u128> = Some(1 << 100);
    show!(
        suit,
        other_suit,
        first_suit,
        none,
        some,
        some_string,
        no_string,
        some_reference
    );
    show!(
        no_reference,
        nested,
        nested_some,
        nested_none,
        ok,
        err,
        result_of_option
    );
    show!(
        empty_shape,
        circle,
        rectangle,
        group,
        ordering,
        boxed_option,
        wide_option
    );
    structs(3, &rectangle); // <- enums
}

#[inline(never)]
fn structs(depth: u8, shape: &Shape) {
    let unit_struct = Unit;
    let metres = Metres(12.5);
    let point = Point { x: -1, y: 1 };
    let account = Account {
        id: 1,
        name: String::from("erin"),
        home: Some(Point { x: 5, y: 6 }),
        tags: vec!["new", "vip"],
        r#type: Suit::Spades,
    };
    let pair = Pair {
        first: 1_u8,
        second: "two",
    };
    let pair_of_points = Pair {
        first: Point { x: 0, y: 0 },
        second: Point { x: 9, y: 9 },
    };
    show!(
        depth,
        shape,
        unit_struct,
        metres,
        point,
        account,
        pair,
        pair_of_points
    );
    pointers(&account, &point); // <- structs
}

#[inline(never)]
fn pointers(account: &Account, point: &Point) {
    let boxed = Box::new(77_u32);
    let boxed_struct = Box::new(Point { x: 2, y: 3 });
    let counted = Rc::new(String::from("shared"));
    let second_owner = Rc::clone(&counted);
    let cell = Cell::new(-8_i32);
    let ref_cell = RefCell::new(vec![1_u8]);
    let mut changing = 10_u64;
    let mutable = &mut changing;
    *mutable += 1;
    let raw: *const Point = point;
    let null: *const u8 = std::ptr::null();
    let reference_to_reference = &&point.x;
    let greeter: &dyn Greet = account;
    let greeting = greeter.greet();
    let function: fn(u32) -> String = describe;
    let factor = 3_u32;
    let closure = |n: u32| n * factor;
    let tripled = closure(5);
    let described = function(tripled);
    let bits = Bits { float: 1.0 };
    // Both fields cover the same four bytes, and every bit pattern is a `u32`.
    let bits_as_int = unsafe { bits.int };
    show!(
        boxed,
        boxed_struct,
        counted,
        second_owner,
        cell,
        ref_cell,
        mutable
    );
    show!(
        reference_to_reference,
        greeting,
        tripled,
        described,
        bits_as_int
    );
    println!("raw is point = {:?}", std::ptr::eq(raw, point));
    println!("null = {null:?}");
    finish(&boxed); // <- pointers
    println!("{second_owner} {account:?}");
}

fn describe(number: u32) -> String {
    format!("number {number}")
}

#[inline(never)]
fn finish(answer: &u32) {
    let answer = *answer;
    panic!("all values are on the stack, the answer is {answer}"); // <- fails
}

fn main() {
    numbers();
}
