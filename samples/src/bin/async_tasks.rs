//! Fails: inside of an `async fn`, awaited by another one, run by a small executor of the
//! program's own, with other tasks waiting. The Wasm stack shows the executor's `poll`s; what the
//! program's author thinks of is the chain of `await`s.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Is ready when it has been polled `left` times: what a timer or a socket would be.
struct Turns {
    left: u32,
}

impl Future for Turns {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.left {
            0 => Poll::Ready(()),
            _ => {
                self.left -= 1;
                Poll::Pending
            }
        }
    }
}

#[derive(Default)]
struct Log {
    lines: Vec<String>,
}

async fn fetch(page: u32, delay: u32) -> Vec<u8> {
    let mut body = vec![0_u8; page as usize];
    Turns { left: delay }.await;
    body.fill(7);
    body
}

async fn summarise(page: u32) -> u32 {
    let body = fetch(page, page * 2).await;
    let last = body[body.len() - 1]; // <- fails
    u32::from(last) + page
}

async fn crawl(name: &'static str, pages: Vec<u32>, log: Rc<RefCell<Log>>) {
    let mut total = 0;
    for page in &pages {
        total += summarise(*page).await; // <- awaits
        let line = format!("{name}: page {page}, total {total}");
        log.borrow_mut().lines.push(line);
    }
}

fn run(mut tasks: VecDeque<Task>) -> u32 {
    let mut context = Context::from_waker(Waker::noop());
    let mut polls = 0;
    while let Some(mut task) = tasks.pop_front() {
        polls += 1;
        if task.as_mut().poll(&mut context).is_pending() {
            tasks.push_back(task);
        }
    }
    polls
}

fn main() {
    let log = Rc::new(RefCell::new(Log::default()));
    let mut tasks: VecDeque<Task> = VecDeque::new();
    tasks.push_back(Box::pin(crawl("news", vec![3, 1], Rc::clone(&log))));
    tasks.push_back(Box::pin(crawl("mail", vec![2, 4], Rc::clone(&log))));
    println!("{} polls", run(tasks));
    let mut tasks: VecDeque<Task> = VecDeque::new();
    tasks.push_back(Box::pin(crawl("maps", vec![5], Rc::clone(&log))));
    tasks.push_back(Box::pin(crawl("lost", vec![1, 0], Rc::clone(&log))));
    println!("{} lines so far", log.borrow().lines.len());
    println!("{} polls", run(tasks));
}
