//! Panics with pointers of every kind in scope, after printing what they stand for: counted ones,
//! trait objects, functions, closures, raw ones, cycles.
//!
//! What `{:?}` does not print, or prints as an address, is printed in words.

#![allow(dead_code, reason = "fields are read by `{:?}` and the debugger only")]

use std::cell::RefCell;
use std::fmt::Debug;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
struct Point {
    x: i32,
    y: i32,
}

trait Speak: Debug {
    fn speak(&self) -> String;
}

#[derive(Debug)]
struct Dog {
    age: u8,
}

#[derive(Debug)]
struct Cat(String);

#[derive(Debug)]
struct Quiet;

impl Speak for Dog {
    fn speak(&self) -> String {
        format!("woof {}", self.age)
    }
}

impl Speak for Cat {
    fn speak(&self) -> String {
        self.0.clone()
    }
}

impl Speak for Quiet {
    fn speak(&self) -> String {
        String::new()
    }
}

impl Speak for u32 {
    fn speak(&self) -> String {
        self.to_string()
    }
}

/// An error of the program's own.
#[derive(Debug)]
struct Late(u8);

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} late", self.0)
    }
}

impl std::error::Error for Late {}

#[derive(Debug)]
struct Node {
    name: &'static str,
    parent: RefCell<Weak<Node>>,
    children: RefCell<Vec<Rc<Node>>>,
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

/// Says what a variable stands for.
macro_rules! say {
    ($function:ident: $($variable:ident = $text:literal),* $(,)?) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {}"),
            $text
        );
        std::hint::black_box(&$variable);)*
    };
}

fn counted() {
    let once = Rc::new(Point { x: 5, y: 6 });
    let twice = Rc::new(String::from("two"));
    let again = Rc::clone(&twice);
    let watched = Rc::downgrade(&twice);
    let empty: Weak<String> = Weak::new();
    let gone = Rc::downgrade(&Rc::new(1u64));
    let shared = Arc::new(vec![1, 2]);
    let other = Arc::clone(&shared);
    let observer = Arc::downgrade(&shared);
    let list: Rc<[u16]> = Rc::from([1, 2, 3]);
    let texts: Arc<[String]> = Arc::from(["a".to_owned()]);
    let changing = Rc::new(RefCell::new(7));
    let boxed = Box::new(Point { x: 1, y: 2 });
    let nested: Box<Box<u8>> = Box::new(Box::new(9));
    let pinned: Pin<Box<u32>> = Box::pin(8);
    let kept = ManuallyDrop::new(String::from("kept"));
    let unset = MaybeUninit::<u32>::uninit();
    let maybe_boxed: Option<Box<u32>> = Some(Box::new(3));
    let maybe_counted: Option<Rc<u32>> = None;
    let root = Rc::new(Node {
        name: "root",
        parent: RefCell::new(Weak::new()),
        children: RefCell::new(Vec::new()),
    });
    let leaf = Rc::new(Node {
        name: "leaf",
        parent: RefCell::new(Rc::downgrade(&root)),
        children: RefCell::new(Vec::new()),
    });
    root.children.borrow_mut().push(Rc::clone(&leaf));
    show!(counted: once twice again shared other list texts changing boxed nested pinned kept
        unset maybe_boxed maybe_counted);
    say!(counted:
        watched = "Weak(strong 2, weak 1) \"two\"",
        empty = "Weak(dangling)",
        gone = "Weak(strong 0, weak 1) <dropped>",
        observer = "Weak(strong 2, weak 1) [1, 2]",
    );
    std::hint::black_box(&root);
    objects();
    show!(counted: once again other boxed kept);
}

fn objects() {
    let dog = Dog { age: 4 };
    let lent: &dyn Speak = &dog;
    let boxed: Box<dyn Speak> = Box::new(Cat("meow".to_owned()));
    let counted: Rc<dyn Speak> = Rc::new(Dog { age: 5 });
    let shared: Arc<dyn Debug + Send + Sync> = Arc::new([1u8, 2]);
    let number: &dyn Speak = &77u32;
    let quiet: Box<dyn Speak> = Box::new(Quiet);
    let all: Vec<Box<dyn Speak>> = vec![Box::new(Dog { age: 1 }), Box::new(Cat("c".to_owned()))];
    let maybe: Option<Box<dyn Speak>> = Some(Box::new(Dog { age: 2 }));
    let error: Box<dyn std::error::Error> = Box::new(Late(3));
    let any: Box<dyn std::any::Any> = Box::new(Point { x: 3, y: 4 });
    show!(objects: lent boxed counted shared number quiet all maybe);
    // Not what `Debug` makes of them, but what is in them.
    say!(objects: error = "Late(3)", any = "Point { x: 3, y: 4 }");
    let heard = lent.speak() + &boxed.speak() + &counted.speak() + &number.speak();
    show!(objects: heard);
    functions();
    show!(objects: lent boxed all);
}

fn double(x: u32) -> u32 {
    x * 2
}

fn generic<T: Debug>(_: T) {}

fn functions() {
    let plain: fn(u32) -> u32 = double;
    let of_generic: fn(u32) = generic::<u32>;
    let table: [fn(u32) -> u32; 2] = [double, double];
    let maybe: Option<fn(u32) -> u32> = None;
    let base = 10u32;
    let name = String::from("captured");
    let by_reference = |x: u32| x + base + name.len() as u32;
    let by_value = {
        let (base, owned) = (20u8, vec![1u8, 2]);
        move || owned.len() + usize::from(base)
    };
    let nothing = || 5;
    let boxed: Box<dyn Fn(u32) -> u32> = Box::new(move |x| x + base);
    let raw: *const u32 = &base;
    let null: *const u32 = std::ptr::null();
    say!(functions:
        plain = "fn values_pointers::double",
        of_generic = "fn values_pointers::generic<u32>",
        table = "[fn values_pointers::double, fn values_pointers::double]",
        maybe = "None",
        by_reference = "{closure} { base: 10, name: \"captured\" }",
        by_value = "{closure} { owned: [1, 2], base: 20 }",
        nothing = "{closure}",
        boxed = "{closure} { base: 10 }",
        raw = "{pointer} -> 10",
        null = "null",
    );
    let used = plain(1) + table[1](2) + by_reference(3) + boxed(4) + by_value() as u32 + nothing();
    show!(functions: base name used);
    of_generic(1);
    panic!("the end of the pointers");
}

fn main() {
    counted();
}
