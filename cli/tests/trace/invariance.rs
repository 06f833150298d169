//! Tracing changes nothing: what every sample writes, and how it ends, with and without.

use crate::scene::Scene;
use std::sync::Mutex;
use wasmscope_test_support::{Build, Target, sample, samples};

/// Samples that take their time (one never ends, two are for measuring), and those whose maps are in a new
/// order each time.
const LEFT_OUT: [&str; 5] = [
    "endless_loop",
    "cpu_bound",
    "hostcall_bound",
    "values_collections",
    "values_iterators",
];

/// Runs all samples plainly and in some ways traced, as many at once as there are processors: most of the
/// time is that of the processes' own work on what failed.
fn compare(target: Target, ways: &[&[&str]]) {
    let names = samples().into_iter();
    let names = names.filter(|name| !LEFT_OUT.contains(&name.as_str()));
    let left = Mutex::new(names);
    let problems = Mutex::new(Vec::new());
    let next = || left.lock().expect("no panic").next();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let scene = Scene::new();
                while let Some(name) = next() {
                    let found = differences(&scene, &name, target, ways);
                    problems.lock().expect("no panic").extend(found);
                }
            });
        }
    });
    let problems = problems.into_inner().expect("no panic");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What is different about a sample in some ways.
fn differences(scene: &Scene, name: &str, target: Target, ways: &[&[&str]]) -> Vec<String> {
    let program = sample(name, Build::Debug, target);
    // Without what a report tells of the last calls, and of variables: some are random.
    // What is refused on the network tells a number that differs from run to run.
    let options = ["--net", "--host-calls", "0", "--locals", "none"];
    let plain = scene.run("run", &options, &program);
    let mut problems = Vec::new();
    for way in ways {
        let report = ["--net", "--host-calls", "0", "--report-locals", "none"];
        let options = [*way, &report, &["-o", "trace.out"]].concat();
        let traced = scene.run("trace", &options, &program);
        if traced != plain {
            let differs = (traced.code, traced.stdout == plain.stdout, traced.stderr);
            problems.push(format!("{name} {way:?}: {differs:?}, not {}", plain.stderr));
        }
    }
    problems
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
