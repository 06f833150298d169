//! For stepping: `async fn`s that await each other and a future that is not ready at once, run by
//! an executor of a few lines.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Is ready at the second time it is polled.
struct Soon {
    polled: bool,
}

impl Future for Soon {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        if self.polled {
            return Poll::Ready(5); // <- soon: ready
        }
        self.polled = true; // <- soon: first
        Poll::Pending // <- soon: pending
    } // <- soon: end
}

async fn load(x: u32) -> u32 {
    let base = x + 1; // <- load: base
    let waited = Soon { polled: false }.await; // <- load: await
    base + waited // <- load: result
} // <- load: end

async fn work() -> u32 {
    let first = load(1).await; // <- work: first
    let second = load(10).await; // <- work: second
    first + second // <- work: result
} // <- work: end

fn run(future: impl Future<Output = u32>) -> u32 {
    let mut future = pin!(future); // <- run: pin
    let mut context = Context::from_waker(Waker::noop()); // <- run: context
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value; // <- run: ready
        }
        println!("pending"); // <- run: pending
    }
} // <- run: end

fn main() {
    let value = run(work()); // <- main: run
    println!("{value}"); // <- main: print
} // <- main: end
