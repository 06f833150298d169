//! Calls that the compiler put into their callers are calls; macros are where they are written.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::Line;
use Do::{Break, Finish, Next, Step};

const SAMPLE: &str = "stepping_inlined";

#[test]
fn next_goes_over_inlined_calls() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("outer", "// <- outer: first")),
                (Next, Line("outer", "// <- outer: call")),
                (Next, Line("outer", "// <- outer: second call")),
                (Next, Line("outer", "// <- outer: last")),
                (Next, Line("outer", "// <- outer: end")),
                (Next, Line("main", "// <- main: macros")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn step_goes_into_inlined_calls_and_comes_back() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("outer", "// <- outer: first")),
                (Step, Line("outer", "// <- outer: call")),
                (Step, Line("middle", "// <- middle: first")),
                (Step, Line("middle", "// <- middle: call")),
                (Step, Line("innermost", "// <- innermost: first")),
                (Step, Line("innermost", "// <- innermost: second")),
                // What is done with the result belongs to the line of the call.
                (Step, Line("middle", "// <- middle: call")),
                (Step, Line("middle", "// <- middle: last")),
                (Step, Line("outer", "// <- outer: call")),
                (Step, Line("outer", "// <- outer: second call")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn next_in_an_inlined_call_stays_in_it_and_goes_over_what_is_inlined_there() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("middle", "// <- middle: first")),
                (Next, Line("middle", "// <- middle: call")),
                (Next, Line("middle", "// <- middle: last")),
                (Next, Line("outer", "// <- outer: call")),
                (Next, Line("outer", "// <- outer: second call")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn finish_leaves_an_inlined_call() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("innermost", "// <- innermost: first")),
                (
                    Finish,
                    At::Returned("unavailable", "middle", "// <- middle: call"),
                ),
                (
                    Finish,
                    At::Returned("unavailable", "outer", "// <- outer: call"),
                ),
                (Next, Line("outer", "// <- outer: second call")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn macros_of_std_are_one_line_each() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("macros", "// <- macros: vec")),
                (Next, Line("macros", "// <- macros: assert")),
                (Next, Line("macros", "// <- macros: square")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn lines_in_a_macro_of_the_users_are_shown() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("macros", "// <- macros: square")),
                (Next, Line("macros", "// <- macro: product")),
                (Next, Line("macros", "// <- macros: add")),
                (Next, Line("macros", "$first $(+ $rest)*")),
                (Next, Line("macros", "// <- macros: print")),
                (Next, Line("macros", "// <- macros: end")),
                (Next, Line("main", "// <- main: print")),
                (Step, Line("main", "// <- main: end")),
            ],
        },
        &DEBUG,
    );
}
