//! Variables at host calls, without debuggable code.

use crate::scene::Scene;
use wasmscope_test_support::{Build, Target, sample, wat_sample};

/// The variables below each call of a trace: the call's function, then lines.
fn calls(lines: &[String]) -> Vec<(String, Vec<String>)> {
    let mut calls: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("   ") {
            Some(local) => calls.last_mut().expect("a call").1.push(local.to_owned()),
            None => {
                let name = line.split('(').next().unwrap_or_default().to_owned();
                calls.push((name, Vec::new()));
            }
        }
    }
    calls
}

#[test]
fn a_call_shows_what_its_program_was_thinking() {
    let scene = Scene::new();
    let program = sample("hostcalls", Build::Debug, Target::WasiP1);
    let options = ["-q", "--locals", "-e", "path_open,fd_seek,path_rename"];
    let calls = calls(&scene.trace(&options, &program));
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "path_open",
            "path_open",
            "fd_seek",
            "fd_seek",
            "path_rename",
            "path_open",
            "path_open"
        ]
    );
    let has = |at: usize, local: &str| {
        let (name, locals) = &calls[at];
        assert!(
            locals.iter().any(|line| line == local),
            "{name}: no {local} in {locals:#?}"
        );
    };
    let names = |at: usize| -> Vec<&str> {
        let locals = calls[at].1.iter();
        locals
            .map(|local| local.split(':').next().unwrap_or_default())
            .collect()
    };
    // As far as the program has come.
    assert_eq!(names(0), ["folder", "inner", "letter"]);
    assert_eq!(names(2), ["folder", "inner", "letter", "file"]);
    has(3, "text: String = \"\"");
    assert_eq!(
        names(4),
        ["folder", "inner", "letter", "file", "text", "renamed"]
    );
    has(4, "text: String = \"host,\\nthank you\\n\"");
}

#[test]
fn locals_change_nothing_for_the_guest() {
    let scene = Scene::new();
    for name in ["hostcalls", "main_returns_error", "file_not_found"] {
        for build in Build::WITH_DEBUG {
            for target in [Target::WasiP1, Target::WasiP2] {
                let program = sample(name, build, target);
                // The report says that the code was debuggable.
                let which = match target {
                    Target::WasiP1 => "all",
                    Target::WasiP2 => "exact",
                };
                let options = ["--host-calls", "0", "--locals", which];
                let plain = scene.run("run", &options, &program);
                let options = ["--locals", "-o", "trace.txt", "--host-calls", "0"];
                let traced = scene.run("trace", &options, &program);
                assert_eq!(traced, plain, "{name} {build:?} {target:?}");
            }
        }
    }
}

#[test]
fn json_has_them_as_data() {
    let scene = Scene::new();
    let program = sample("hostcalls", Build::Debug, Target::WasiP1);
    let options = ["--locals", "-e", "path_rename", "--format", "json"];
    let lines = scene.trace(&options, &program);
    let call: serde_json::Value = serde_json::from_str(&lines[1]).expect("JSON");
    let locals = call["locals"].as_array().expect("a list");
    let renamed = locals.iter().find(|local| local["name"] == "renamed");
    assert_eq!(renamed.expect("there")["type"], "PathBuf");
}

#[test]
fn where_it_cannot_be_done_it_says_why() {
    let scene = Scene::new();
    let program = wat_sample("functions");
    let answer = scene.run("trace", &["--locals"], &program);
    assert_eq!(answer.code, Some(125));
    assert!(
        answer.stderr.contains("keeps no stack in its memory"),
        "{}",
        answer.stderr
    );
    assert_eq!(answer.stdout, "");
}

#[test]
fn a_component_shows_them_too() {
    let scene = Scene::new();
    for build in Build::WITH_DEBUG {
        let program = sample("hostcalls", build, Target::WasiP2);
        let printed = scene.run("run", &[], &program).stdout;
        let read = printed
            .lines()
            .find_map(|line| line.strip_prefix("read: "))
            .expect("it tells what it has read");
        let _ = std::fs::remove_dir_all(scene.path("wasmscope-hostcalls"));
        let options = ["-q", "--locals", "-e", "/open-at/,/rename-at/"];
        let calls = calls(&scene.trace(&options, &program));
        let (name, locals) = calls
            .iter()
            .find(|(name, _)| name == "descriptor.rename-at")
            .expect("it is renamed");
        let text = format!("text: String = {read}");
        assert!(locals.contains(&text), "{build:?} {name}: {locals:#?}");
        let _ = std::fs::remove_dir_all(scene.path("wasmscope-hostcalls"));
    }
}
