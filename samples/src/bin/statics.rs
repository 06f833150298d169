//! Statics of every kind: plain, mutable, atomic, behind a lock, lazy, thread-local, in modules,
//! functions and generic functions; and one that nothing uses.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

static GREETING: &str = "hello";
static mut COUNTER: u32 = 3;
static HITS: AtomicU32 = AtomicU32::new(7);
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static TABLE: LazyLock<Vec<u16>> = LazyLock::new(|| vec![10, 20, 30]);

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(5) };
    static LOG: RefCell<Vec<u8>> = RefCell::new(vec![1, 2]);
}

#[allow(dead_code, reason = "what nothing uses, the linker leaves out")]
static UNUSED: [u32; 4] = [1, 2, 3, 4];

mod inner {
    pub static LEVELS: [u16; 4] = [1, 2, 3, 4];

    pub fn next_id() -> u32 {
        use std::sync::atomic::{AtomicU32, Ordering};
        static LAST: AtomicU32 = AtomicU32::new(100);
        LAST.fetch_add(1, Ordering::Relaxed)
    }
}

fn bump() -> u32 {
    HITS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: there is one thread, and no reference to the static is ever made.
    unsafe {
        COUNTER += 39;
        COUNTER
    }
}

fn main() {
    let counter = bump();
    NAMES.lock().unwrap().push("Ada".to_owned());
    DEPTH.set(6);
    LOG.with_borrow_mut(|log| log.push(3));
    let id = inner::next_id();
    let level = inner::LEVELS[usize::try_from(id).unwrap() % 4];
    let tables = TABLE.len();
    println!("{GREETING} {counter} {id} {level} {tables}"); // <- all set
    println!("{}", HITS.load(Ordering::Relaxed));
}
