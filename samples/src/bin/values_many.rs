//! Panics with fifty variables of many types in one frame, among them a `Vec` of a million elements
//! and a map of a hundred thousand: what showing values costs is measured on it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

#[derive(Debug, Clone)]
struct Line {
    article: String,
    quantity: u32,
    price: f64,
}

/// Declares variables that differ by a number, and uses them once more after the panic could be.
macro_rules! fifty {
    ($($number:literal: $text:ident $line:ident $list:ident $maybe:ident $shared:ident)*) => {
        let million: Vec<u64> = (0..1_000_000).collect();
        let few: Vec<u64> = (0..10).collect();
        let table: HashMap<u32, u32> = (0..100_000).map(|n| (n, n)).collect();
        let tree: BTreeMap<u32, u32> = (0..100_000).map(|n| (n, n)).collect();
        let words = ["one", "two", "three"];
        $(
            let $text = format!("text {}", $number);
            let $line = Line { article: $text.clone(), quantity: $number, price: 0.5 };
            let $list = vec![$line.clone(), $line.clone()];
            let $maybe = $list.first().map(|line| (line.quantity, line.article.as_str()));
            let $shared: Rc<dyn std::fmt::Debug> = Rc::new($line.clone());
        )*
        assert!(words.len() > 3, "the values are there");
        $(println!("{} {:?} {:?} {:?} {:?}", $text, $line, $list, $maybe, $shared);)*
        println!("{} {} {} {}", million.len(), few.len(), table.len(), tree.len());
    };
}

fn many() {
    fifty! {
        1: text1 line1 list1 maybe1 shared1
        2: text2 line2 list2 maybe2 shared2
        3: text3 line3 list3 maybe3 shared3
        4: text4 line4 list4 maybe4 shared4
        5: text5 line5 list5 maybe5 shared5
        6: text6 line6 list6 maybe6 shared6
        7: text7 line7 list7 maybe7 shared7
        8: text8 line8 list8 maybe8 shared8
        9: text9 line9 list9 maybe9 shared9
    }
}

fn main() {
    let line = Line {
        article: String::new(),
        quantity: 0,
        price: 0.0,
    };
    println!("{} {} {}", line.article, line.quantity, line.price);
    many();
}
