//! Panics with variables in scope that were dropped before, and others beside them that live.

use std::rc::Rc;

fn main() {
    // What lives keeps the others apart: memory that is freed side by side becomes one piece.
    let text = String::from("a text that is dropped before the panic");
    let kept_text = String::from("a text that lives as long as the function");
    let list = vec![1u64; 20];
    #[expect(clippy::useless_vec, reason = "it is to be on the heap")]
    let kept_list = vec![2u64; 20];
    let boxed = Box::new([3u32; 30]);
    let kept_box = Box::new([4u32; 30]);
    let counted = Rc::new([5u32; 40]);
    let kept_count = Rc::new([6u32; 40]);
    let slice: Box<[u16]> = vec![7u16; 90].into_boxed_slice();
    let kept_slice: Box<[u16]> = vec![8u16; 90].into_boxed_slice();
    drop(text);
    drop(list);
    drop(boxed);
    drop(counted);
    drop(slice);
    assert!(kept_list.len() < 3, "there are values to be looked at");
    println!("{kept_text} {kept_box:?} {kept_count:?} {kept_slice:?}");
}
