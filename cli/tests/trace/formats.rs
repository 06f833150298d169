//! The formats for programs, from the command line: whole and parsable however the run ends.

use crate::scene::Scene;
use serde_json::Value as Json;
use std::path::Path;
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source};

/// Runs with a format and reads what was written.
fn export(scene: &Scene, format: &str, options: &[&str], program: &Path) -> String {
    let options = [options, &["--format", format, "-o", "trace.out"]].concat();
    scene.run("trace", &options, program);
    std::fs::read_to_string(scene.path("trace.out")).expect("there is a trace")
}

#[test]
fn json_tells_the_same_calls_as_text() {
    let scene = Scene::new();
    for target in [Target::WasiP1, Target::WasiP2] {
        let program = sample("hostcalls", Build::Debug, target);
        let text = scene.trace(&["-q"], &program);
        let json = export(&scene, "json", &[], &program);
        let lines: Vec<Json> = json
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        let (start, calls, end) = match lines.as_slice() {
            [start, calls @ .., end] => (start, calls, end),
            _ => panic!("{json}"),
        };
        assert_eq!(start["schema"], "wasmscope-trace");
        assert_eq!((&end["how"], &end["code"]), (&"exited".into(), &0.into()));
        assert_eq!(calls.len(), text.len());
        for (call, line) in calls.iter().zip(&text) {
            let function = call["function"].as_str().expect("a name");
            let shown = function.strip_prefix("[method]").unwrap_or(function);
            assert!(line.starts_with(&format!("{shown}(")), "{line}: {function}");
            let place = format!(
                "{}:{} in {}",
                call["site"]["file"].as_str().expect("a file"),
                call["site"]["line"],
                call["site"]["function"].as_str().expect("a function")
            );
            assert!(line.ends_with(&place), "{line}: {place}");
        }
        let random = line_of(&sample_source("hostcalls"), "RandomState::new()");
        assert!(calls.iter().any(|call| call["site"]["line"] == random));
    }
}

#[test]
fn traces_of_failed_runs_are_whole() {
    let scene = Scene::new();
    let program = sample("file_not_found", Build::Debug, Target::WasiP1);
    let events: Vec<Json> =
        serde_json::from_str(&export(&scene, "chrome", &[], &program)).expect("an array");
    let open = events.iter().find(|event| event["name"] == "path_open");
    let open = open.expect("the call that failed");
    assert_eq!(
        (&open["ph"], &open["cat"]),
        (&"X".into(), &"file,failed".into())
    );
    assert_eq!(open["args"]["result"]["errno"], "ENOENT");
    assert_eq!(events.last().expect("an end")["name"], "failed");

    let otlp = export(&scene, "otlp", &[], &program);
    let last: Json = serde_json::from_str(otlp.lines().last().expect("a line")).expect("JSON");
    let spans = &last["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let root = spans
        .as_array()
        .and_then(|spans| spans.last())
        .expect("the run");
    assert_eq!(root["status"]["code"], 2);
}

#[test]
fn formats_that_cannot_share_a_stream_say_so() {
    let scene = Scene::new();
    let program = sample("success", Build::Debug, Target::WasiP1);
    for (options, said) in [
        (&["--format", "chrome"][..], "-o FILE"),
        (&["--format", "otlp"], "-o FILE"),
        (&["--format", "json", "-C"], "-o FILE"),
        (&["--format", "json", "-c"], "use -C"),
    ] {
        let answer = scene.run("trace", options, &program);
        assert_eq!(answer.code, Some(125), "{options:?}");
        assert!(
            answer.stderr.contains(said),
            "{options:?}: {}",
            answer.stderr
        );
    }
    // With a file, the table goes to standard error.
    let options = ["--format", "json", "-C", "-o", "trace.out"];
    let answer = scene.run("trace", &options, &program);
    assert!(answer.stderr.contains("% time"), "{}", answer.stderr);
}
