//! Optimised builds: lines that the optimiser left are visited as the program goes through them,
//! calls that it inlined are calls, and what it merged or reordered leads nowhere strange.

use crate::RELEASE;
use crate::table::{At, Do, Table, check};
use At::{Exited, Line, Panicked, Returned};
use Do::{Break, Finish, Next, Step};

#[test]
fn next_goes_through_main_line_by_line() {
    check(
        &Table {
            sample: "stepping_loops",
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: count")),
                (Next, Line("main", "// <- main: halve")),
                (Next, Line("main", "// <- main: search")),
                (Next, Line("main", "// <- main: grid")),
                (Next, Line("main", "// <- main: print")),
                (Next, Line("main", "if std::env::args()")),
                (Next, Line("main", "// <- main: end")),
                (Next, Exited(0)),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn a_call_of_a_hundred_million_rounds_is_one_step() {
    check(
        &Table {
            sample: "stepping_loops",
            args: &["long", "100000000"],
            rows: &[
                (Break, Line("main", "// <- main: long")),
                (Next, Line("main", "// <- main: after long")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn only_the_arm_that_matches_is_entered() {
    const MATCH: At = Line("area", "match shape");
    const END: At = Line("area", "// <- match: end");
    check(
        &Table {
            sample: "stepping_branches",
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: line")),
                (Step, MATCH),
                (Next, Line("area", "// <- match: doubled")),
                (Next, Line("area", "// <- match: halved")),
                (Next, END),
                (Next, Line("main", "// <- main: square")),
                (Step, MATCH),
                (Next, Line("area", "if width == height")),
                (Next, Line("area", "// <- match: square")),
                (Next, END),
                (Next, Line("main", "// <- main: box")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn a_question_mark_goes_on_or_returns() {
    check(
        &Table {
            sample: "stepping_branches",
            args: &[],
            rows: &[
                (Break, Line("add", "// <- ?: first")),
                (Step, Line("parse", "// <- ?: parse")),
                (Next, Line("parse", "// <- ?: ok")),
                (Next, Line("parse", "// <- ?: end")),
                (Next, Line("add", "// <- ?: second")),
                (Next, Line("add", "// <- ?: sum")),
                (Next, Line("add", "// <- ?: add's end")),
                (Break, Line("add", "// <- ?: second")),
                (Step, Line("parse", "// <- ?: parse")),
                // The error returns from both.
                (Next, Line("parse", "// <- ?: end")),
                (Next, Line("add", "// <- ?: add's end")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn functions_that_call_each_other_are_stepped_into_and_out_of() {
    check(
        &Table {
            sample: "stepping_calls",
            args: &[],
            rows: &[
                (Break, Line("is_even", "// <- even: call")),
                (Step, Line("is_odd", "if nothing")),
                // Nothing is left to do on the line of the call.
                (Finish, Returned("false", "is_even", "// <- even: end")),
                (Next, Line("main", "// <- main: print recursion")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn inlined_calls_are_calls() {
    check(
        &Table {
            sample: "stepping_inlined",
            args: &[],
            rows: &[
                (Break, Line("outer", "// <- outer: first")),
                (Next, Line("outer", "// <- outer: call")),
                (Step, Line("middle", "// <- middle: first")),
                (Next, Line("middle", "// <- middle: call")),
                (Step, Line("innermost", "// <- innermost: first")),
                (Next, Line("innermost", "// <- innermost: second")),
                (Next, Line("middle", "// <- middle: last")),
                (Next, Line("outer", "// <- outer: second call")),
                // Over the second.
                (Next, Line("outer", "// <- outer: last")),
                (Next, Line("outer", "// <- outer: end")),
                (Next, Line("main", "// <- main: macros")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn a_panic_ends_a_step_in_the_function_that_panicked() {
    check(
        &Table {
            sample: "stepping_ends",
            args: &["panic"],
            rows: &[
                (Break, Line("main", "// <- main: pick")),
                (Next, Panicked("pick", "// <- pick: index")),
            ],
        },
        &RELEASE,
    );
}

#[test]
fn an_exit_ends_a_step() {
    check(
        &Table {
            sample: "stepping_ends",
            args: &["exit"],
            rows: &[
                (Break, Line("leave", "println!(\"leaving\")")),
                (Next, Line("leave", "// <- leave: exit")),
                (Next, Exited(3)),
            ],
        },
        &RELEASE,
    );
}
