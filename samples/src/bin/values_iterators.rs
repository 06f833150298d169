//! Panics with iterators in scope that have given out some of what they go through, after saying
//! what is left of each.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};

/// Prints variables by the names of their function and their own, a line each.
macro_rules! show {
    ($function:ident: $($variable:ident)*) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = {:?}"),
            $variable
        );)*
    };
}

/// Says what a variable stands for: text, and what is left in it as `{:?}` prints that.
macro_rules! say {
    ($function:ident: $($variable:ident = $format:literal $(, $left:expr)?;)*) => {
        $(eprintln!(
            concat!(stringify!($function), ".", stringify!($variable), " = ", $format)
            $(, $left)?
        );
        std::hint::black_box(&$variable);)*
    };
}

/// What an iterator has left, as a map.
struct Entries<I>(std::cell::RefCell<I>);

impl<K: std::fmt::Debug, V: std::fmt::Debug, I: Iterator<Item = (K, V)>> std::fmt::Debug
    for Entries<I>
{
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_map().entries(&mut *self.0.borrow_mut()).finish()
    }
}

fn entries<K, V, I: Iterator<Item = (K, V)>>(entries: I) -> Entries<I> {
    Entries(entries.into())
}

/// An iterator that has given out so many.
fn after<I: Iterator>(mut iterator: I, count: usize) -> I {
    for _ in 0..count {
        iterator.next();
    }
    iterator
}

fn hashed() {
    let map: HashMap<u16, String> = (0..30).map(|n| (n, n.to_string())).collect();
    let set: HashSet<char> = "iterators".chars().collect();
    let few: HashMap<u8, [u8; 3]> = [(1, [1; 3])].into();
    let fresh = map.iter();
    let begun = after(map.iter(), 13);
    let done = after(map.iter(), 30);
    let keys = after(map.keys(), 7);
    let values = after(map.values(), 8);
    let of_few = few.iter();
    let members = after(set.iter(), 2);
    let mut changing = map.clone();
    let mut other = changing.clone();
    let left = entries(after(changing.iter(), 5));
    let left = format!("{left:?}");
    let mutable = after(changing.iter_mut(), 5);
    let owned_left = format!("{:?}", entries(after(other.iter(), 9)));
    let drained = after(other.drain(), 9);
    let moved = after(few.clone().into_iter(), 0);
    let into_keys = after(map.clone().into_keys(), 29);
    let from_set = after(set.clone().into_iter(), 8);
    say!(hashed: fresh = "Iter({:?})", entries(fresh.clone());
        begun = "Iter({:?})", entries(begun.clone());
        done = "Iter({:?})", entries(done.clone());
        keys = "Keys({:?})", keys;
        values = "Values({:?})", values;
        of_few = "Iter({:?})", entries(of_few.clone());
        members = "Iter({:?})", members;
        mutable = "IterMut({})", left;
        drained = "Drain({})", owned_left;
        moved = "IntoIter({:?})", few;
        into_keys = "IntoKeys({:?})", into_keys;
        from_set = "IntoIter({:?})", from_set;
    );
    sorted();
    std::hint::black_box((&map, &set, &few));
}

fn sorted() {
    let map: BTreeMap<u16, String> = (0..200).map(|n| (n, n.to_string())).collect();
    let small: BTreeMap<&str, u8> = [("a", 1), ("b", 2)].into();
    let set: BTreeSet<u64> = (0..100).map(|n| n * n).collect();
    let none: BTreeMap<u8, u8> = BTreeMap::new();
    let fresh = map.iter();
    let begun = after(map.iter(), 163);
    let both = {
        let mut both = after(map.iter(), 190);
        both.next_back();
        both
    };
    let of_small = after(small.iter(), 1);
    let of_none = none.iter();
    let keys = after(map.keys(), 195);
    let values = after(small.values(), 0);
    let members = after(set.iter(), 96);
    let moved = after(small.clone().into_iter(), 1);
    let from_set = after(set.clone().into_iter(), 97);
    say!(sorted: fresh = "Iter({:?})", map;
        begun = "Iter({:?})", entries(begun.clone());
        both = "Iter({:?})", entries(both.clone());
        of_small = "Iter({:?})", entries(of_small.clone());
        of_none = "Iter({:?})", none;
        keys = "Keys({:?})", keys;
        values = "Values({:?})", values;
        members = "Iter({:?})", members.clone().collect::<Vec<_>>();
        moved = "IntoIter({})", r#"{"b": 2}"#;
        from_set = "IntoIter([9409, 9604, 9801])";
    );
    lists();
    std::hint::black_box((&map, &small, &set));
}

fn lists() {
    let mut ring: VecDeque<u8> = (0..6).collect();
    ring.rotate_left(2);
    ring.extend([7, 8]);
    let links: LinkedList<&str> = ["x", "y", "z"].into();
    let heap: BinaryHeap<i8> = [3, 9, 5].into();
    let mut long: VecDeque<u8> = VecDeque::with_capacity(8);
    long.extend(0..6);
    long.drain(..4);
    long.extend(10..15);
    let over_end = after(long.iter(), 1);
    let owned_ring = after(long.clone().into_iter(), 2);
    let around = after(ring.iter(), 1);
    let linked = after(links.iter(), 1);
    let of_heap = after(heap.iter(), 1);
    let array = after([1u16, 2, 3].into_iter(), 1);
    let mut buffer = vec![1u32, 2, 3, 4, 5];
    let mut drained = buffer.drain(1..4);
    drained.next();
    let option = Some(5).into_iter();
    let once = std::iter::once("once");
    say!(lists: around = "Iter({:?})", around.clone().collect::<Vec<_>>();
        over_end = "Iter({:?})", over_end.clone().collect::<Vec<_>>();
        owned_ring = "IntoIter({:?})", owned_ring.clone().collect::<Vec<_>>();
        linked = "Iter({:?})", linked.clone().collect::<Vec<_>>();
        of_heap = "Iter({:?})", of_heap.clone().collect::<Vec<_>>();
        array = "IntoIter({:?})", array.as_slice();
    );
    show!(lists: drained option once);
    adapted();
    std::hint::black_box((&ring, &long, &links, &heap));
}

fn adapted() {
    let numbers = [10u32, 20, 30, 40];
    let factor = 3;
    let numbered = after(numbers.iter().enumerate(), 1);
    let backwards = after(numbers.iter().rev(), 1);
    let skipped = numbers.iter().skip(1);
    let taken = after(numbers.iter().take(3), 1);
    let pairs = after(numbers.iter().zip([1u8, 2, 3]), 1);
    let chained = after(numbers[..1].iter().chain(&numbers[2..]), 1);
    let mut peeked = numbers.iter().peekable();
    peeked.peek();
    let stepping = after(numbers.iter().step_by(2), 1);
    let steps = after((0..10u32).step_by(3), 1);
    let mapped = after(numbers.iter().map(move |n| n * factor), 1);
    let filtered = after(numbers.iter().filter(move |n| **n > factor), 1);
    let copied = after(numbers.iter().copied(), 1);
    let fused = numbers.iter().fuse();
    let windows = after(numbers.windows(2), 1);
    let chunks = after(numbers.chunks(3), 1);
    let words = after("one two three".split(' '), 1);
    let spaces = after("one two three".split_whitespace(), 1);
    let lines = after("first\nsecond\nthird".lines(), 1);
    let bytes = after("abc".bytes(), 1);
    let places = after("aé🦀".char_indices(), 1);
    let flat = after([vec![1, 2], vec![3]].into_iter().flatten(), 1);
    show!(adapted: numbered backwards skipped taken chained peeked stepping steps copied fused
        windows chunks words bytes flat);
    // What their `{:?}` leaves out, and characters as text.
    say!(adapted: pairs = "Zip {{ a: Iter([20, 30, 40]), b: IntoIter([2, 3]), index: 0, len: 0 }}";
        mapped = "Map {{ iter: Iter([20, 30, 40]), f: {{closure}} {{ factor: 3 }} }}";
        filtered = "Filter {{ iter: Iter([20, 30, 40]), predicate: {{closure}} {{ factor: 3 }} }}";
        places = "CharIndices {{ front_offset: 1, iter: Chars(\"é🦀\") }}";
    );
    std::hint::black_box((&spaces, &lines));
    panic!("the end of the iterators");
}

fn main() {
    hashed();
}
