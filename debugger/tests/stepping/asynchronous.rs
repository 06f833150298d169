//! `async fn`s: the compiler makes state machines of them, which are stepped through as they are
//! written; polling is a call.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::Line;
use Do::{Break, Finish, Next, Step};

const SAMPLE: &str = "stepping_async";

#[test]
fn an_await_that_has_to_wait_is_left_and_entered_again() {
    const LOAD: &str = "load::{closure}";
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line(LOAD, "// <- load: base")),
                (Next, Line(LOAD, "// <- load: await")),
                // Not ready: back to whoever polls.
                (Next, Line("run", "// <- run: pending")),
                (Next, Line("run", "if let Poll::Ready(value)")),
                (Break, Line(LOAD, "// <- load: result")),
                (Next, Line(LOAD, "// <- load: end")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn the_users_own_futures_are_stepped_into() {
    const LOAD: &str = "load::{closure}";
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line(LOAD, "// <- load: await")),
                (Step, Line("poll", "if self.polled")),
                (Next, Line("poll", "// <- soon: first")),
                (Next, Line("poll", "// <- soon: pending")),
                (Next, Line("poll", "// <- soon: end")),
                (Step, Line("run", "// <- run: pending")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn one_await_after_the_other() {
    const WORK: &str = "work::{closure}";
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line(WORK, "// <- work: second")),
                (Next, Line("run", "// <- run: pending")),
                (Break, Line(WORK, "// <- work: result")),
                (Next, Line(WORK, "// <- work: end")),
                (Next, Line("run", "// <- run: end")),
                (Next, Line("main", "// <- main: print")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn the_executor_is_a_call_like_any() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: run")),
                (Next, Line("main", "// <- main: print")),
                (Next, Line("main", "// <- main: end")),
            ],
        },
        &DEBUG,
    );
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("run", "// <- run: context")),
                (Finish, At::Returned("23", "main", "// <- main: run")),
            ],
        },
        &DEBUG,
    );
}
