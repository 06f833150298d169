//! Loops: every round is seen, `break` and `continue` go where they go, and a call is as quick to
//! step over as to run.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::Line;
use Do::{Break, Next, Step, Until, UntilLine};

const SAMPLE: &str = "stepping_loops";

#[test]
fn for_loops_are_gone_round() {
    const HEAD: At = Line("count", "for i in 0..limit");
    const BODY: At = Line("count", "// <- for: body");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("count", "// <- for: before")),
                (Next, HEAD),
                (Next, BODY),
                (Next, HEAD),
                (Next, BODY),
                // Nothing of the user's is called: `step` is `next`.
                (Step, HEAD),
                (Step, BODY),
                (Next, HEAD),
                (Next, Line("count", "// <- for: after")),
                (Next, Line("count", "// <- for: end")),
                (Next, Line("main", "// <- main: halve")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn while_loops_are_gone_round() {
    const HEAD: At = Line("halve", "while left > 1");
    const FIRST: At = Line("halve", "// <- while: first");
    const SECOND: At = Line("halve", "// <- while: second");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("halve", "// <- while: before")),
                (Next, Line("halve", "// <- while: rounds")),
                (Next, HEAD),
                (Next, FIRST),
                (Next, SECOND),
                (Next, HEAD),
                (Next, FIRST),
                (Next, SECOND),
                (Next, HEAD),
                (Next, Line("halve", "// <- while: after")),
                (Next, Line("halve", "// <- while: end")),
                (Next, Line("main", "// <- main: search")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn endless_loops_end_by_break_and_go_on_by_continue() {
    const FIRST: At = Line("search", "// <- loop: first");
    const EVEN: At = Line("search", "if at % 2 == 0");
    const BEYOND: At = Line("search", "if at > wanted");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("search", "// <- loop: before")),
                (Next, FIRST),
                (Next, EVEN),
                (Next, BEYOND),
                (Next, FIRST),
                // `continue` has no code of its own here: the next round begins.
                (Next, EVEN),
                (Next, FIRST),
                (Next, EVEN),
                (Next, BEYOND),
                (Next, Line("search", "// <- loop: after")),
                (Next, Line("search", "// <- loop: end")),
                (Next, Line("main", "// <- main: grid")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn loops_in_loops() {
    const ROWS: At = Line("grid", "'rows: for y in 0..height");
    const COLUMNS: At = Line("grid", "for x in 0..width");
    const TEST: At = Line("grid", "if x > y");
    const BODY: At = Line("grid", "// <- nested: body");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("grid", "// <- nested: before")),
                (Next, ROWS),
                (Next, COLUMNS),
                (Next, TEST),
                (Next, BODY),
                (Next, COLUMNS),
                (Next, TEST),
                // To the next row, out of the inner loop.
                (Next, ROWS),
                (Next, COLUMNS),
                (Next, TEST),
                (Next, BODY),
                (Next, COLUMNS),
                (Next, TEST),
                (Next, BODY),
                (Next, COLUMNS),
                (Next, ROWS),
                (Next, Line("grid", "// <- nested: after")),
                (Next, Line("grid", "// <- nested: end")),
                (Next, Line("main", "// <- main: print")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn until_leaves_a_loop() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("count", "// <- for: body")),
                // Going back to the head is not going on.
                (Until, Line("count", "// <- for: after")),
                (Until, Line("count", "// <- for: end")),
                // Out of the function, and on to what is further down.
                (Until, Line("main", "// <- main: halve")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn until_a_line_passes_over_everything_before() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("grid", "// <- nested: before")),
                (UntilLine, Line("grid", "// <- nested: body")),
                (UntilLine, Line("grid", "// <- nested: after")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_call_of_millions_of_rounds_is_one_step() {
    check(
        &Table {
            sample: SAMPLE,
            args: &["long", "3000000"],
            rows: &[
                (Break, Line("main", "// <- main: long")),
                (Next, Line("main", "// <- main: after long")),
                (Next, Line("main", "// <- main: end")),
            ],
        },
        &DEBUG,
    );
}
