//! Tracing changes nothing: what every sample writes, and how it ends, with and without.

use crate::scene::Scene;
use wasmscope_test_support::{Build, Target, sample, samples};

/// Samples that take their time (one never ends, two are for measuring), and one whose maps are in a new
/// order each time.
const LEFT_OUT: [&str; 4] = [
    "endless_loop",
    "cpu_bound",
    "hostcall_bound",
    "values_collections",
];

/// Runs all samples plainly and in some ways traced.
fn compare(target: Target, ways: &[&[&str]]) {
    let scene = Scene::new();
    let mut problems = Vec::new();
    let names = samples().into_iter();
    for name in names.filter(|name| !LEFT_OUT.contains(&name.as_str())) {
        let program = sample(&name, Build::Debug, target);
        // Without what a report tells of the last calls, and of variables: some are random.
        // What is refused on the network tells a number that differs from run to run.
        let options = ["--net", "--host-calls", "0", "--locals", "none"];
        let plain = scene.run("run", &options, &program);
        for way in ways {
            let report = ["--net", "--host-calls", "0", "--report-locals", "none"];
            let options = [*way, &report, &["-o", "trace.out"]].concat();
            let traced = scene.run("trace", &options, &program);
            if traced != plain {
                let differs = (traced.code, traced.stdout == plain.stdout, traced.stderr);
                problems.push(format!("{name} {way:?}: {differs:?}, not {}", plain.stderr));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_core_module() {
    compare(
        Target::WasiP1,
        &[
            &["-kk", "-s", "0", "-v", "-ttt", "-r"],
            &["--format", "json", "-e", "%file,%clock", "--limit", "7"],
            &["--format", "chrome", "-Z", "-P", ".", "--no-source"],
            &["--format", "otlp", "--fd", "1", "-e", "status=successful"],
            &["-c", "-e", "!%clock"],
            &[
                "-C",
                "--by",
                "site",
                "--at",
                "main.rs",
                "-e",
                "inject=/^fd_/:delay_exit=1us:when=1..9+2",
            ],
        ],
    );
}

#[test]
fn every_component() {
    compare(
        Target::WasiP2,
        &[
            &["-kk", "-s", "0", "-v"],
            &["--format", "chrome", "-Z"],
            &["--format", "json", "-e", "%fd", "-P", "."],
            &["--format", "otlp", "--fd", "0", "--limit", "3"],
            &["-c", "-e", "inject=%fd:delay_exit=1us:when=1..9+2"],
        ],
    );
}
