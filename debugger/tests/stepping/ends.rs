//! Steps that call the host, and steps that something else ends: a panic, a trap, an exit.

use crate::DEBUG;
use crate::table::{At, Do, Table, check};
use At::{Exited, Line, Panicked, Trapped};
use Do::{Break, Continue, Finish, Next, Step};

const SAMPLE: &str = "stepping_ends";

#[test]
fn calls_to_the_host_are_part_of_a_step() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: what")),
                (Next, Line("main", "// <- main: tell")),
                (Step, Line("tell", "// <- tell: lock")),
                (Next, Line("tell", "// <- tell: write")),
                (Step, Line("tell", "// <- tell: flush")),
                (Step, Line("tell", "// <- tell: end")),
                (Next, Line("main", "match what.as_str()")),
                // A text is compared with one pattern after the other.
                (Next, Line("main", "\"panic\" =>")),
                (Next, Line("main", "\"exit\" =>")),
                (Next, Line("main", "\"trap\" =>")),
                // The last arm does nothing.
                (Next, Line("main", "// <- main: done")),
                (Next, Line("main", "// <- main: end")),
                // Behind `main` is std, and then nothing.
                (Next, Exited(0)),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn a_panic_ends_a_step_in_the_function_that_panicked() {
    for command in [Next, Step, Finish] {
        check(
            &Table {
                sample: SAMPLE,
                args: &["panic"],
                rows: match command {
                    Next => &[
                        (Break, Line("main", "// <- main: pick")),
                        (Next, Panicked("pick", "// <- pick: index")),
                    ],
                    Step => &[
                        (Break, Line("main", "// <- main: pick")),
                        (Step, Line("pick", "// <- pick: index")),
                        (Step, Panicked("pick", "// <- pick: index")),
                    ],
                    _ => &[
                        (Break, Line("pick", "// <- pick: index")),
                        (Finish, Panicked("pick", "// <- pick: index")),
                    ],
                },
            },
            &DEBUG,
        );
    }
}

#[test]
fn a_trap_ends_a_step() {
    check(
        &Table {
            sample: SAMPLE,
            args: &["trap"],
            rows: &[
                (Break, Line("main", "// <- main: divide")),
                (Next, Trapped("divide", "// <- divide: abort")),
            ],
        },
        &DEBUG,
    );
}

#[test]
fn an_exit_ends_a_step() {
    for command in [Next, Finish] {
        check(
            &Table {
                sample: SAMPLE,
                args: &["exit"],
                rows: match command {
                    Next => &[
                        (Break, Line("main", "// <- main: leave")),
                        (Step, Line("leave", "println!(\"leaving\")")),
                        (Next, Line("leave", "// <- leave: exit")),
                        (Next, Exited(3)),
                    ],
                    _ => &[
                        (Break, Line("leave", "println!(\"leaving\")")),
                        (Finish, Exited(3)),
                    ],
                },
            },
            &DEBUG,
        );
    }
}

#[test]
fn the_last_step_of_main_ends_the_program() {
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[(Break, Line("main", "// <- main: end")), (Step, Exited(0))],
        },
        &DEBUG,
    );
    check(
        &Table {
            sample: SAMPLE,
            args: &[],
            rows: &[
                (Break, Line("main", "// <- main: done")),
                (Continue, Exited(0)),
            ],
        },
        &DEBUG,
    );
}
