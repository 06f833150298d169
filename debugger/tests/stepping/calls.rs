//! Calls: through trait objects, of generic functions, of oneself and of each other, and calls that
//! std makes back to the user's `Display` and `Drop`.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::{Line, Returned};
use Do::{Break, Finish, Next, Step, UntilLine};

const SAMPLE: &str = "stepping_calls";

#[test]
fn methods_of_trait_objects_are_stepped_into() {
    const HEAD: At = Line("main", "for animal in &zoo");
    const LEGS: At = Line("main", "// <- main: legs");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: zero")),
                (Next, HEAD),
                (Next, LEGS),
                // The constant that it returns has no code of its own.
                (Step, Line("legs", "// <- dog: end")),
                (Finish, Returned("4", "main", "// <- main: legs")),
                (Next, HEAD),
                (Next, LEGS),
                (Step, Line("legs", "// <- bird: legs")),
                (Next, Line("legs", "// <- bird: end")),
                (Finish, Returned("2", "main", "// <- main: legs")),
                (Next, HEAD),
                (Next, Line("main", "// <- main: print legs")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn each_instance_of_a_generic_function_is_stepped_through() {
    const HEAD: At = Line("largest", "for item in items");
    const TEST: At = Line("largest", "if *item > best");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: whole")),
                (Step, Line("largest", "// <- largest: first")),
                (Next, HEAD),
                (Next, TEST),
                (Next, HEAD),
                (Next, TEST),
                (Next, Line("largest", "// <- largest: better")),
                // A condition whose two branches meet again has its line's end behind it.
                (Finish, Returned("3", "main", "// <- main: whole")),
                (Next, Line("main", "// <- main: real")),
                (Step, Line("largest", "// <- largest: first")),
                (Next, HEAD),
                (Finish, Returned("1.5", "main", "// <- main: real")),
                (Next, Line("main", "// <- main: print largest")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn next_stays_in_its_own_call_of_a_function_that_calls_itself() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: factorial")),
                (Step, Line("factorial", "if n < 1")),
                (Next, Line("factorial", "// <- factorial: call")),
                // Three deeper calls go by.
                (Next, Line("factorial", "// <- factorial: product")),
                (Next, Line("factorial", "// <- factorial: end")),
                (Next, Line("main", "// <- main: even")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn step_goes_down_and_comes_back_up_a_recursion() {
    const TEST: At = Line("factorial", "if n < 1");
    const CALL: At = Line("factorial", "// <- factorial: call");
    const PRODUCT: At = Line("factorial", "// <- factorial: product");
    const END: At = Line("factorial", "// <- factorial: end");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: factorial")),
                (Step, TEST),
                (Step, CALL),
                (Step, TEST),
                (Step, CALL),
                (Step, TEST),
                (Step, CALL),
                (Step, TEST),
                (Step, Line("factorial", "// <- factorial: one")),
                (Step, END),
                (Step, PRODUCT),
                (Step, END),
                (Step, PRODUCT),
                (Step, END),
                (Step, PRODUCT),
                (Step, END),
                (Step, Line("main", "// <- main: even")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn finish_leaves_one_call_of_a_recursion() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("factorial", "// <- factorial: one")),
                (Finish, Returned("1", "factorial", "// <- factorial: call")),
                (Finish, Returned("1", "factorial", "// <- factorial: call")),
                (Finish, Returned("2", "factorial", "// <- factorial: call")),
                (Finish, Returned("6", "main", "// <- main: factorial")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn functions_that_call_each_other_are_told_apart() {
    const EVEN: At = Line("is_even", "// <- even: test");
    const ODD: At = Line("is_odd", "// <- odd: test");
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: even")),
                (Step, EVEN),
                (UntilLine, Line("is_even", "// <- even: call")),
                (Step, ODD),
                (UntilLine, Line("is_odd", "// <- odd: call")),
                // Over two more calls, one of them of this function.
                (Next, Line("is_odd", "// <- odd: end")),
                (Next, Line("is_even", "// <- even: end")),
                (Next, Line("main", "// <- main: print recursion")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn what_std_calls_back_is_stepped_into() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: display")),
                (Step, Line("fmt", "// <- display: number")),
                (Next, Line("fmt", "// <- display: write")),
                (Next, Line("fmt", "// <- display: end")),
                // Through the depths of `println!`, which are not the user's.
                (Next, Line("main", "// <- main: drop")),
                (Step, Line("drop", "// <- drop: body")),
                (Next, Line("drop", "// <- drop: end")),
                (Next, Line("main", "// <- main: last")),
                (Next, Line("main", "// <- main: end")),
            ],
        },
        &DEBUG,
    );
}
