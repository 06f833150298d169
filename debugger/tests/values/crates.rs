//! Types of well-known crates, in a sample that depends on them.

use crate::compare;
use crate::failed::{Code, Failed};
use wasmscope_test_support::{Build, Target as Wasi, crate_sample};

const SAMPLE: &str = "values_crates";

fn run(build: Build, wasi: Wasi, code: Code) -> Failed {
    Failed::run_file(SAMPLE, &crate_sample(SAMPLE, build, wasi), code)
}

#[test]
fn debug_builds_show_types_of_crates() {
    for wasi in Wasi::ALL {
        let what = format!("{SAMPLE} {wasi:?}");
        let failed = run(Build::Debug, wasi, Code::Plain);
        let compared = compare(&failed, &what);
        let right = compared.right.len();
        assert!(right >= 40, "{what}: only {right} are right");
        assert!(compared.unavailable.is_empty(), "{what}");
        assert!(compared.missing.is_empty(), "{what}");
    }
}

#[test]
fn optimised_builds_show_no_wrong_type_of_a_crate() {
    for wasi in Wasi::ALL {
        let what = format!("{SAMPLE} {wasi:?} level 3");
        let failed = run(Build::ReleaseWithDebug, wasi, Code::Exact);
        let right = compare(&failed, &what).right.len();
        assert!(right > 15, "{what}: only {right} are right");
    }
}
