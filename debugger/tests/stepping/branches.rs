//! Branches: `match`, `if let`, `let … else`, `?`, and `return` in the middle.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::{Line, Returned};
use Do::{Break, Finish, Next, Step};

const SAMPLE: &str = "stepping_branches";

#[test]
fn only_the_arm_that_matches_is_entered() {
    const MATCH: At = Line("area", "match shape");
    const END: At = Line("area", "// <- match: end");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: dot")),
                (Step, MATCH),
                (Next, Line("area", "// <- match: dot")),
                (Next, END),
                (Next, Line("main", "// <- main: line")),
                (Step, MATCH),
                (Next, Line("area", "Shape::Line(length) =>")),
                (Next, Line("area", "// <- match: doubled")),
                (Next, Line("area", "// <- match: halved")),
                (Next, Line("area", "} // <- match: line's end")),
                (Next, END),
                (Next, Line("main", "// <- main: square")),
                // The argument is computed by a call of its own.
                (Step, Line("boxed", "black_box(Shape::Box")),
                (
                    Finish,
                    At::Returned("Box { width: 2, height: 2 }", "main", "// <- main: square"),
                ),
                (Step, MATCH),
                (Next, Line("area", "if width == height")),
                (Next, Line("area", "// <- match: square")),
                (Next, END),
                (Next, Line("main", "// <- main: box")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_guard_that_fails_leads_to_the_next_arm() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("area", "// <- match: box")),
                (Next, Line("area", "// <- match: end")),
                (Next, Line("main", "// <- main: shapes")),
                (Next, Line("main", "// <- main: some")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn if_let_and_let_else_take_one_way() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: some")),
                (Step, Line("describe", "if let Some(number)")),
                (Next, Line("describe", "// <- if let: some")),
                // The value of the whole expression is put in its place.
                (Next, Line("describe", "if let Some(number)")),
                (Next, Line("describe", "// <- if let: end")),
                (Next, Line("main", "// <- main: none")),
                (Step, Line("describe", "if let Some(number)")),
                (Next, Line("describe", "// <- if let: none")),
                (Next, Line("describe", "if let Some(number)")),
                (Next, Line("describe", "// <- if let: end")),
                (Next, Line("main", "// <- main: kept")),
                (Step, Line("needed", "let Some(number) = found else")),
                (Next, Line("needed", "// <- let else: some")),
                (Next, Line("needed", "// <- let else: end")),
                (Next, Line("main", "// <- main: lost")),
                (Step, Line("needed", "let Some(number) = found else")),
                (Next, Line("needed", "// <- let else: none")),
                (Next, Line("needed", "// <- let else: end")),
                (Next, Line("main", "// <- main: options")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_question_mark_goes_on_or_returns() {
    const PARSE: At = Line("parse", "// <- ?: parse");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: good")),
                (Step, Line("add", "// <- ?: first")),
                (Step, PARSE),
                // Neither `str::parse` nor the conversions of `?` are the user's.
                (Step, Line("parse", "// <- ?: ok")),
                (Step, Line("parse", "// <- ?: end")),
                (Step, Line("add", "// <- ?: second")),
                (Next, Line("add", "// <- ?: sum")),
                (Next, Line("add", "// <- ?: add's end")),
                (Next, Line("main", "// <- main: bad")),
                (Step, Line("add", "// <- ?: first")),
                (Next, Line("add", "// <- ?: second")),
                (Step, PARSE),
                // The error returns from both.
                (Step, Line("parse", "// <- ?: end")),
                (Step, Line("add", "// <- ?: add's end")),
                (Step, Line("main", "// <- main: results")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_return_in_a_loop_ends_the_function() {
    const HEAD: At = Line("first_even", "for number in numbers");
    const TEST: At = Line("first_even", "if number % 2 == 0");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: even")),
                (Step, HEAD),
                (Next, TEST),
                (Next, HEAD),
                (Next, TEST),
                (Next, Line("first_even", "// <- return: found")),
                (Next, Line("first_even", "// <- return: end")),
                (Next, Line("main", "println!(\"{even}\")")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn finish_tells_what_was_returned() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("area", "// <- match: doubled")),
                (Finish, Returned("3", "main", "// <- main: line")),
                (Break, Line("describe", "// <- if let: some")),
                (Finish, Returned("2", "main", "// <- main: some")),
                // Too large for one Wasm value: it comes back through memory.
                (Break, Line("parse", "// <- ?: ok")),
                (Finish, Returned("Ok(10)", "add", "// <- ?: first")),
                // The call was the last thing on its line.
                (Finish, Returned("Ok(30)", "main", "// <- main: bad")),
            ],
        },
        &DEBUG,
    );
}
