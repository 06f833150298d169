//! Panics with cells, locks, atomics, times, ranges, wrapped numbers and iterators in scope, after
//! printing each.

#![allow(dead_code, reason = "fields are read by `{:?}` and the debugger only")]

use std::cell::{Cell, LazyCell, OnceCell, RefCell, UnsafeCell};
use std::cmp::{Ordering, Reverse};
use std::marker::PhantomData;
use std::num::{NonZeroI64, NonZeroU8, NonZeroU32, Saturating, Wrapping};
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU8, AtomicUsize};
use std::sync::{LazyLock, Mutex, OnceLock, RwLock};
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime};

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

fn cells() {
    let cell = Cell::new(5);
    let free = RefCell::new(String::from("free"));
    let read = RefCell::new(vec![1]);
    let _reading = read.borrow();
    let _reading_too = read.borrow();
    let written = RefCell::new(1.5);
    let writing = written.borrow_mut();
    let once: OnceCell<u32> = OnceCell::from(6);
    let unset: OnceCell<u32> = OnceCell::new();
    let lazy: LazyCell<u32> = LazyCell::new(|| 7);
    let forced: LazyCell<String> = LazyCell::new(|| "forced".to_owned());
    LazyCell::force(&forced);
    let bare = UnsafeCell::new(8u8);
    show!(cells: cell free read once unset lazy forced);
    // `{:?}` does not look into what is borrowed mutably.
    say!(cells: written = "RefCell(mutably borrowed) { value: 1.5 }",
        bare = "UnsafeCell { value: 8 }");
    eprintln!("cells._reading = {_reading:?}");
    eprintln!("cells.writing = {writing:?}");
    locks();
    show!(cells: cell free);
}

fn locks() {
    let mutex = Mutex::new(1u32);
    let locked = Mutex::new(String::from("locked"));
    let guard = locked.lock().expect("nobody has it");
    let lock = RwLock::new(2u64);
    let reading = lock.read().expect("nobody has it");
    let once: OnceLock<u16> = OnceLock::from(3);
    let unset: OnceLock<u16> = OnceLock::new();
    let lazy: LazyLock<u8> = LazyLock::new(|| 4);
    let forced: LazyLock<u8> = LazyLock::new(|| 5);
    LazyLock::force(&forced);
    let flag = AtomicBool::new(true);
    let count = AtomicUsize::new(9);
    let small = AtomicU8::new(255);
    let below = AtomicI64::new(-9);
    show!(locks: mutex once unset lazy forced flag count small below);
    say!(locks: locked = "Mutex(locked) { data: \"locked\" }",
        lock = "RwLock(1 reader) { data: 2 }",
        guard = "\"locked\"",
        reading = "2");
    let target = 5u32;
    let pointer = AtomicPtr::new((&raw const target).cast_mut());
    say!(locks: pointer = "{pointer} -> 5");
    times();
    show!(locks: mutex count);
}

fn times() {
    let zero = Duration::ZERO;
    let half = Duration::from_millis(1_500);
    let short = Duration::from_nanos(1_001);
    let long = Duration::new(86_400, 5);
    let epoch = SystemTime::UNIX_EPOCH;
    let moment = epoch + Duration::new(1_700_000_000, 250_000_000);
    let start = Instant::now();
    show!(times: zero half short long);
    say!(times: epoch = "1970-01-01T00:00:00Z", moment = "2023-11-14T22:13:20.25Z");
    std::hint::black_box(&start);
    wrapped();
    show!(times: half long);
}

fn wrapped() {
    let non_zero = NonZeroU8::new(200).expect("not zero");
    let maybe = NonZeroU32::new(70_000);
    let zero = NonZeroU32::new(0);
    let below = NonZeroI64::new(-5).expect("not zero");
    let wrapping = Wrapping(7u8);
    let saturating = Saturating(8i16);
    let less = Ordering::Less;
    let equal = Some(Ordering::Equal);
    let reversed = Reverse(3);
    let half_open = 1..5;
    let closed = 1..=5;
    let from = 'a'..;
    let to = ..7u8;
    let to_closed = ..=-1i64;
    let all = ..;
    let bound: Bound<u8> = Bound::Included(4);
    let flow: ControlFlow<u8, ()> = ControlFlow::Break(1);
    let ready: Poll<&str> = Poll::Ready("done");
    let pending: Poll<&str> = Poll::Pending;
    let phantom: PhantomData<u8> = PhantomData;
    show!(wrapped: non_zero maybe zero below wrapping saturating less equal reversed half_open
        closed from to to_closed all bound flow ready pending phantom);
    iterators();
    show!(wrapped: non_zero closed);
}

fn iterators() {
    #[expect(
        clippy::useless_vec,
        reason = "the iterator of a vector is what is shown"
    )]
    let numbers = vec![10u32, 20, 30];
    let mut items = numbers.iter();
    items.next();
    let mut owned = vec!["a".to_owned(), "b".to_owned()].into_iter();
    owned.next();
    let mut characters = "aé🦀".chars();
    characters.next();
    let bytes = "ab".bytes();
    let numbered = numbers.iter().enumerate();
    let backwards = numbers.iter().rev();
    let skipped = numbers.iter().skip(1);
    let pairs = numbers.iter().zip([1u8, 2]);
    let mut range = 0..10u8;
    range.next();
    show!(iterators: items owned numbered backwards skipped range);
    say!(iterators: characters = "Chars(\"é🦀\")");
    std::hint::black_box((&bytes, &pairs));
    panic!("the end of the cells");
}

fn main() {
    cells();
}
