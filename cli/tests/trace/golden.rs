//! Whole traces of samples that make calls of every class, and that fail in every common way, for
//! both targets.

use crate::scene::Scene;
use wasmscope_test_support::{Build, Target, sample};

/// A line without what differs from run to run: times, random numbers, inodes, where the source is.
fn steady(line: &str) -> String {
    let (call, place) = line.rsplit_once(" at ").unwrap_or((line, ""));
    let place = place.rsplit('/').next().unwrap_or(place);
    let mut call = call.to_owned();
    let name = call.split('(').next().unwrap_or_default();
    let varies = [
        "clock_time_get",
        "now",
        "insecure-seed",
        "[method]descriptor.metadata-hash",
    ];
    if varies.contains(&name) || name.contains("metadata-hash") {
        let end = call.rfind(" = ").unwrap_or(call.len());
        call.truncate(end);
        call.push_str(" = …");
    }
    if name_is(&call, "random_get") {
        call = "random_get(buf=…) = 0".to_owned();
    }
    let words: Vec<String> = call.split(' ').map(without_time).collect();
    match place {
        "" => words.join(" "),
        place => format!("{} at {place}", words.join(" ")),
    }
}

fn name_is(call: &str, name: &str) -> bool {
    call.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with('('))
}

/// `mtim=2026-11-22T12:27:31.2853Z,` without the time.
fn without_time(word: &str) -> String {
    match word.split_once("=20") {
        Some((name, rest)) if rest.contains('T') && rest.contains('Z') => {
            let (_, after) = rest.split_once('Z').unwrap_or_default();
            format!("{name}=TIME{after}")
        }
        _ => word.to_owned(),
    }
}

fn golden(name: &str, target: Target) -> String {
    let scene = Scene::new();
    let program = sample(name, Build::Debug, target);
    let lines = scene.trace(&["--no-duration", "-s", "64"], &program);
    let lines: Vec<String> = lines.iter().map(|line| steady(line)).collect();
    lines.join("\n")
}

#[test]
fn a_core_modules_trace() {
    insta::assert_snapshot!(golden("hostcalls", Target::WasiP1));
}

#[test]
fn a_components_trace() {
    insta::assert_snapshot!(golden("hostcalls", Target::WasiP2));
}

#[test]
fn a_core_modules_errors() {
    insta::assert_snapshot!(golden("file_errors", Target::WasiP1));
}

#[test]
fn a_components_errors() {
    insta::assert_snapshot!(golden("file_errors", Target::WasiP2));
}
