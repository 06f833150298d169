//! Closures: called here, passed on, and called back by std from an iterator or a sort.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::{Line, Returned};
use Do::{Break, Finish, Next, Step};

const SAMPLE: &str = "stepping_closures";

#[test]
fn a_closure_is_stepped_into_where_it_is_called() {
    const SUM: At = Line("local::{closure}", "// <- closure: sum");
    const RESULT: At = Line("local::{closure}", "// <- closure: result");
    const END: At = Line("local::{closure}", "// <- closure: end");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: local")),
                (Step, Line("local", "let add = |y: u32|")),
                // Its lines stand here, but nothing of it runs before it is called.
                (Next, Line("local", "// <- local: first")),
                (Step, SUM),
                (Next, RESULT),
                (Next, END),
                (Next, Line("local", "// <- local: second")),
                // Over it.
                (Next, Line("local", "// <- local: result")),
                (Next, Line("local", "// <- local: end")),
                (Next, Line("main", "// <- main: chain")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_closure_that_was_passed_on_is_stepped_into_where_it_is_called() {
    const BODY: At = Line("main::{closure}", "// <- main: closure");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("twice", "// <- twice: first")),
                (Step, BODY),
                (Finish, Returned("2", "twice", "// <- twice: first")),
                (Next, Line("twice", "// <- twice: second")),
                (Step, BODY),
                (Finish, Returned("3", "twice", "// <- twice: second")),
                (Next, Line("twice", "// <- twice: end")),
                (Next, Line("main", "// <- main: local")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn iterators_chained_over_lines_are_passed_line_by_line() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: chain")),
                (Step, Line("chain", "// <- chain: iter")),
                (Next, Line("chain", "// <- chain: map")),
                (Next, Line("chain", "// <- chain: filter")),
                (Next, Line("chain", "// <- chain: sum")),
                (Next, Line("chain", "// <- chain: result")),
                (Next, Line("chain", "// <- chain: end")),
                (Next, Line("main", "// <- main: sorted")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn closures_that_std_calls_back_are_stepped_into() {
    const MAP: At = Line("chain::{closure}", "// <- chain: map");
    const FILTER: At = Line("chain::{closure}", "// <- chain: filter");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("chain", "// <- chain: sum")),
                // Three numbers, each mapped and then filtered; nothing of std's between them.
                (Step, MAP),
                (Step, FILTER),
                (Step, MAP),
                (Step, FILTER),
                (Step, MAP),
                (Step, FILTER),
                (Step, Line("chain", "// <- chain: result")),
                (Step, Line("chain", "// <- chain: end")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_comparison_in_a_sort_is_stepped_into() {
    const COMPARE: At = Line("sorted::{closure}", "// <- sort: compare");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("sorted", "numbers.sort_by(")),
                (Step, COMPARE),
                (Step, Line("sorted::{closure}", "// <- sort: end")),
                (Step, COMPARE),
                (Break, Line("sorted", "// <- sort: result")),
                (Next, Line("sorted", "// <- sort: function's end")),
            ],
        },
        &DEBUG,
    );
}
