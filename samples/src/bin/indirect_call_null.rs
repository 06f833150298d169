//! Fails: calls through a function pointer with the value 0, the entry of the table that no function ever has.

use std::hint::black_box;

type Handler = fn(u32) -> u32;

struct Event {
    kind: usize,
    payload: u32,
}

fn double(value: u32) -> u32 {
    value * 2
}

fn wrong_handler() -> Handler {
    // Not sound, and that is the point.
    unsafe { std::mem::transmute::<usize, Handler>(black_box(0)) }
}

#[inline(never)]
fn dispatch(handlers: &[Handler], event: &Event) -> u32 {
    let handler = handlers[event.kind];
    handler(event.payload) // <- fails
}

fn main() {
    let handlers = black_box([double as Handler, wrong_handler()]);
    for kind in 0..2 {
        let event = Event { kind, payload: 21 };
        println!("{}", dispatch(&handlers, &event)); // <- dispatches
    }
}
