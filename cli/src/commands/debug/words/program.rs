//! What there is to know of the program.

use super::super::shell::Shell;
use super::super::table::{Call, Group, Outcome, Row};

pub(in super::super) const GROUP: Group = Group {
    name: "program",
    summary: "What there is to know of the program",
    rows: &[
        Row::new(
            "info",
            "Tells about breakpoints, functions, files, modules, …",
            super::info::info,
        )
        .aliases(&["i"])
        .usage("WHAT")
        .below(super::info::ROWS),
        Row::new(
            "report",
            "Explains the failure, as `wasmscope run` does",
            report,
        )
        .help("After a trap, and after a panic has come to its end."),
    ],
};

fn report(shell: &mut Shell, _: &Call<'_>) -> Outcome {
    shell.show_report()
}
