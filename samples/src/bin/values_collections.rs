//! Panics with collections of every kind in scope, after printing each: empty, small, large,
//! wrapped around, with holes, nested.

#![allow(dead_code, reason = "fields are read by `{:?}` and the debugger only")]

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug, Clone)]
struct Order {
    id: u64,
    total: f64,
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

fn sequences() {
    let list = vec![1, 2, 3];
    let none: Vec<u64> = Vec::new();
    let units = vec![(), (), ()];
    let nested = vec![vec![1u8], vec![], vec![2, 3]];
    let array = [[1u16, 2], [3, 4]];
    let slice = &list[1..];
    let boxed: Box<[i64]> = vec![-1, -2].into_boxed_slice();
    let mut wrapped: VecDeque<u32> = (0..4).collect();
    wrapped.pop_front();
    wrapped.pop_front();
    wrapped.extend([4, 5]);
    let mut texts: VecDeque<String> = VecDeque::new();
    texts.push_front("b".to_owned());
    texts.push_front("a".to_owned());
    let deque_of_none: VecDeque<u8> = VecDeque::new();
    let deque_of_units: VecDeque<()> = [(), ()].into();
    let heap: BinaryHeap<u32> = [3, 9, 5, 1].into();
    let links: LinkedList<&str> = ["x", "y", "z"].into();
    let no_links: LinkedList<Point> = LinkedList::new();
    let points: LinkedList<Point> = [Point { x: 1, y: 2 }, Point { x: 3, y: 4 }].into();
    let tuple = (1u8, "two", [3.0, 3.5], ());
    show!(sequences: list none units nested array slice boxed wrapped texts deque_of_none
        deque_of_units heap links no_links points tuple);
    hashed();
    show!(sequences: wrapped texts heap points);
}

fn hashed() {
    let numbers: HashMap<u32, u64> = (0..20).map(|n| (n, u64::from(n) * 10)).collect();
    let mut ages: HashMap<String, u8> = HashMap::new();
    ages.insert("ann".to_owned(), 30);
    ages.insert("bob".to_owned(), 40);
    let mut holes: HashMap<u16, Point> =
        (0..10).map(|x| (x, Point { x: x.into(), y: 0 })).collect();
    holes.retain(|key, _| key % 3 == 0);
    let orders: HashMap<&str, Order> = [("first", Order { id: 7, total: 1.5 })].into();
    let empty: HashMap<Point, Point> = HashMap::new();
    let set: HashSet<i8> = [-1, 1, 3].into();
    let words: HashSet<&'static str> = ["one", "two"].into();
    let no_words: HashSet<String> = HashSet::new();
    let marks: HashMap<u8, ()> = [(1, ()), (2, ())].into();
    let groups: HashMap<char, Vec<&str>> = [('a', vec!["apple", "ant"]), ('b', vec![])].into();
    let named: HashMap<Point, &str> = [(Point { x: 1, y: 2 }, "here")].into();
    let lent = &numbers;
    let pairs: HashMap<(u8, &str), u32> = [((1, "a"), 10), ((2, "b"), 20)].into();
    let grids: BTreeMap<[u8; 2], char> = [([1, 2], 'x'), ([3, 4], 'y')].into();
    // As many entries as above, put in the other way round and by another hash.
    let numbers_too: HashMap<u32, u64> = (0..20).rev().map(|n| (n, u64::from(n) * 10)).collect();
    let set_too: HashSet<i8> = [3, 1, -1].into();
    let mut ages_too = ages.clone();
    ages_too.insert("bob".to_owned(), 41);
    let pairs_too: HashMap<(u8, &str), u32> = pairs.clone();
    show!(hashed: numbers ages holes orders empty set words no_words marks groups named lent
        pairs grids numbers_too set_too ages_too pairs_too);
    sorted();
    show!(hashed: numbers ages set);
}

fn sorted() {
    let numbers: BTreeMap<u32, u64> = (0..200).map(|n| (n, u64::from(n) * 2)).collect();
    let mut thinned: BTreeMap<i16, String> = (0..100).map(|n| (n, n.to_string())).collect();
    thinned.retain(|key, _| key % 7 == 0);
    let names: BTreeMap<String, Point> = [
        ("b".to_owned(), Point { x: 2, y: 2 }),
        ("a".to_owned(), Point { x: 1, y: 1 }),
    ]
    .into();
    let empty: BTreeMap<u8, String> = BTreeMap::new();
    let mut emptied: BTreeMap<u8, u8> = [(1, 1)].into();
    emptied.clear();
    let set: BTreeSet<char> = "hello world".chars().collect();
    let points: BTreeSet<Point> = [Point { x: 5, y: 6 }, Point { x: 1, y: 2 }].into();
    let many: BTreeSet<u64> = (0..500).map(|n| n * n).collect();
    let no_set: BTreeSet<u128> = BTreeSet::new();
    let deep: BTreeMap<&str, BTreeMap<u8, [bool; 2]>> = [
        ("in", [(1, [true, false])].into()),
        ("none", BTreeMap::new()),
    ]
    .into();
    show!(sorted: numbers thinned names empty emptied set points many no_set deep);
    panic!("the end of the collections");
}

fn main() {
    sequences();
}
