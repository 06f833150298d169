//! Components: the same lines, with resources told by what they are.

use crate::scene::Scene;
use std::path::PathBuf;
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source};

fn hostcalls() -> PathBuf {
    sample("hostcalls", Build::Debug, Target::WasiP2)
}

/// The names of the functions in some lines.
fn names(lines: &[String]) -> Vec<&str> {
    let name = |line: &'_ String| line.find('(').unwrap_or(line.len());
    lines.iter().map(|line| &line[..name(line)]).collect()
}

#[test]
fn calls_have_their_source_lines() {
    let scene = Scene::new();
    let lines = scene.trace(&["-q", "-e", "descriptor.open-at"], &hostcalls());
    let source = sample_source("hostcalls");
    let letter = "wasmscope-hostcalls/letter.txt";
    let expected = [
        (
            format!(
                "descriptor.open-at(self=descriptor#2 <.>, path-flags=SYMLINK_FOLLOW, \
                 path=\"{letter}\", open-flags=CREATE|TRUNCATE, flags=WRITE|MUTATE_DIRECTORY) = \
                 descriptor#3 <./{letter}> <"
            ),
            line_of(&source, "File::create(&letter)"),
        ),
        (
            format!(
                "descriptor.open-at(self=descriptor#2 <.>, path-flags=SYMLINK_FOLLOW, \
                 path=\"{letter}\", open-flags=0, flags=READ|WRITE|MUTATE_DIRECTORY) = \
                 descriptor#3 <./{letter}> <"
            ),
            line_of(&source, "append(true)"),
        ),
        (
            "descriptor.open-at(self=descriptor#2 <.>, path-flags=SYMLINK_FOLLOW, \
             path=\"wasmscope-hostcalls\", open-flags=DIRECTORY, flags=READ) = \
             descriptor#3 <./wasmscope-hostcalls> <"
                .to_owned(),
            line_of(&source, "fs::read_dir"),
        ),
        (
            "descriptor.open-at(self=descriptor#2 <.>, path-flags=SYMLINK_FOLLOW, \
             path=\"wasmscope-hostcalls/missing.txt\", open-flags=0, flags=READ) = error no-entry <"
                .to_owned(),
            line_of(&source, "missing.txt\"))"),
        ),
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:?}");
    for (line, (start, number)) in lines.iter().zip(expected) {
        assert!(line.starts_with(&start), "{line}\nis not\n{start}");
        let end = format!("src/bin/hostcalls.rs:{number} in hostcalls::files");
        assert!(line.ends_with(&end), "{line}\ndoes not end so:\n{end}");
    }
}

#[test]
fn filters_choose() {
    let scene = Scene::new();
    let program = hostcalls();
    let letter = "wasmscope-hostcalls/letter.txt";
    let reads = line_of(&sample_source("hostcalls"), "read_line");
    let cases: &[(&[&str], &[&str])] = &[
        (&["-e", "%random"], &["insecure-seed"]),
        (
            &["-e", "trace=%env"],
            &["get-arguments", "get-arguments", "get-environment"],
        ),
        (&["-Z", "-e", "%file"], &["descriptor.open-at"]),
        (&["-e", "status=ENOENT"], &["descriptor.open-at"]),
        (&["-e", "status=no-entry"], &["descriptor.open-at"]),
        (
            &["-e", "wasi:clocks/wall-clock,insecure-seed"],
            &["now", "insecure-seed"],
        ),
        (
            &["-P", letter, "-e", "/sync$/,/rename/"],
            &["descriptor.sync", "descriptor.rename-at"],
        ),
        (
            &["--at", &format!("hostcalls.rs:{reads}")],
            &["get-stdin", "input-stream.blocking-read"],
        ),
        (&["-e", "none"], &[]),
    ];
    for (options, expected) in cases {
        let lines = scene.trace(&[&["-q"], *options].concat(), &program);
        assert_eq!(&names(&lines), expected, "{options:?}");
    }
}

#[test]
fn stacks_and_sums_are_there_too() {
    let scene = Scene::new();
    let program = hostcalls();
    let line = line_of(&sample_source("hostcalls"), "RandomState::new()");
    let stack = scene.trace(&["-q", "-k", "-e", "%random"], &program);
    let place = format!("hostcalls.rs:{line} in hostcalls::random");
    assert!(
        stack[0].ends_with(&place) && stack[1].ends_with(&place),
        "{stack:?}"
    );
    assert!(stack[2].ends_with(" in hostcalls::main"), "{stack:?}");

    let sums = scene.trace(
        &["-c", "-e", "/write$/,/open-at/", "--sort-by", "name"],
        &program,
    );
    let row = |line: &String| -> Vec<String> {
        let columns: Vec<&str> = line.split_whitespace().collect();
        [2, 3, 8, 9].map(|at| columns[at].to_owned()).into()
    };
    let opens = sums.iter().find(|line| line.contains("open-at")).map(row);
    assert_eq!(
        opens,
        Some(
            ["4", "1", "0", "descriptor.open-at"]
                .map(str::to_owned)
                .into()
        )
    );
    let by_path = scene.trace(
        &["-c", "--by", "path", "-e", "output-stream.write"],
        &program,
    );
    let letter = by_path
        .iter()
        .find(|line| line.contains("letter.txt"))
        .map(row);
    // Both letters' 21 bytes.
    let expected = ["2", "0", "21", "wasmscope-hostcalls/letter.txt"];
    assert_eq!(letter, Some(expected.map(str::to_owned).into()));
}

#[test]
fn datagrams_are_told() {
    let scene = Scene::new();
    let program = sample("datagrams", Build::Debug, Target::WasiP2);
    let options = ["-q", "-S", "inherit-network", "-e", "/send$/,/receive$/"];
    let lines = scene.trace(&options, &program);
    let source = sample_source("datagrams");
    let (sends, receives) = (
        line_of(&source, "// <- sends"),
        line_of(&source, "// <- receives"),
    );
    let mut came = 0;
    for line in lines.iter().filter(|line| !line.contains("check-send(")) {
        let expected = match line.starts_with("outgoing-datagram-stream.send(") {
            true => ("datagrams=[{data=\"", "}]) = 1 <", sends),
            false => ("max-results=1) = [{data=\"", "}] <", receives),
        };
        let (start, end, number) = expected;
        // Nothing has come yet is an answer too.
        if line.contains("max-results=1) = []") {
            continue;
        }
        assert!(line.contains(start) && line.contains(end), "{line}");
        assert!(line.contains("remote-address=127.0.0.1:"), "{line}");
        assert!(
            line.contains("\"ping\"") || line.contains("\"and a longer one\""),
            "{line}"
        );
        assert!(
            line.ends_with(&format!(":{number} in datagrams::exchange")),
            "{line}"
        );
        came += 1;
    }
    assert_eq!(came, 4, "{lines:#?}");
    // Without network the program is told so, and so are we.
    let refused = scene.trace(&["-q", "-Z"], &program);
    let send = "outgoing-datagram-stream.send(";
    assert!(refused[0].starts_with(send), "{refused:?}");
    assert!(
        refused[0].contains(" = error access-denied (--net=127.0.0.1:"),
        "{refused:?}"
    );
}

#[test]
fn names_that_the_component_does_not_import_are_named() {
    let scene = Scene::new();
    for (set, said) in [
        ("descriptor.opne-at", "did you mean `descriptor.open-at`"),
        (
            "wasi:clocks/wal-clock",
            "did you mean `wasi:clocks/wall-clock`?",
        ),
        (
            "!incoming-handler.handle",
            "the component imports no function",
        ),
    ] {
        let answer = scene.run("trace", &["-e", set], &hostcalls());
        assert_eq!(answer.code, Some(125), "{set}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{set}: {}", answer.stderr);
    }
    let options = [
        "-q",
        "-e",
        "?incoming-handler.handle,[resource-drop]pollable",
    ];
    let lines = scene.trace(&options, &hostcalls());
    let drops = |line: &String| line.starts_with("[resource-drop]pollable(");
    assert!(!lines.is_empty() && lines.iter().all(drops), "{lines:?}");
}

#[test]
fn tracing_changes_nothing() {
    let scene = Scene::new();
    for name in [
        "hostcalls",
        "exit_code",
        "success",
        "main_returns_error",
        "file_not_found",
    ] {
        let program = sample(name, Build::Debug, Target::WasiP2);
        // What a failure's report says of the last calls is another matter.
        let plain = scene.run("run", &["--host-calls", "0"], &program);
        for options in [
            &["-o", "trace.txt", "--host-calls", "0"][..],
            &[
                "-o",
                "trace.txt",
                "--host-calls",
                "0",
                "-kk",
                "-s",
                "0",
                "--details",
            ],
            &["-o", "trace.txt", "--host-calls", "0", "-e", "none"],
            &["-o", "trace.txt", "--host-calls", "0", "--format", "json"],
        ] {
            let traced = scene.run("trace", options, &program);
            assert_eq!(traced, plain, "{name} {options:?}");
        }
    }
}

#[test]
fn a_failure_ends_the_trace_and_is_explained() {
    let scene = Scene::new();
    let program = sample("file_not_found", Build::Debug, Target::WasiP2);
    let answer = scene.run("trace", &[], &program);
    assert_eq!(answer.code, Some(134));
    let (trace, report) = answer
        .stderr
        .split_once("+++ failed +++\n")
        .expect("an end");
    let open = "descriptor.open-at(self=descriptor#";
    assert!(
        trace.contains(open) && trace.contains(" = error no-entry"),
        "{trace}"
    );
    assert!(report.contains("file_not_found::load"), "{report}");
}

#[test]
fn what_the_network_refuses_says_how_to_be_allowed() {
    let scene = Scene::new();
    let program = sample("datagrams", Build::Debug, Target::WasiP2);
    let lines = scene.trace(&["-q", "-e", "%sock"], &program);
    let line = |start: &str| {
        let found = lines.iter().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no {start} in {lines:#?}"))
    };
    let bind = line("udp-socket.start-bind(self=udp-socket#");
    assert!(bind.contains("local-address=127.0.0.1:0) = 0 <"), "{bind}");
    let send = line("outgoing-datagram-stream.send(");
    assert!(
        send.contains(" = error access-denied (--net=127.0.0.1:"),
        "{send}"
    );
    assert!(send.contains(" allows it, "), "{send}");
    // With leave, nothing is said.
    let allowed = scene.trace(&["-q", "-e", "%sock", "--net"], &program);
    assert!(allowed.iter().all(|line| !line.contains("allows it")));
}

#[test]
fn a_trace_of_nothing_begins_and_ends() {
    let scene = Scene::new();
    let program = sample("hostcalls", Build::Debug, Target::WasiP2);
    let nothing = scene.trace(&["-e", "none"], &program);
    assert_eq!(nothing, ["+++ exited with 0 +++"]);
    let _ = std::fs::remove_dir_all(scene.path("wasmscope-hostcalls"));
    // Faults are put in all the same.
    let spec = "inject=descriptor.create-directory-at:error=EIO";
    let options = ["-o", "trace.txt", "-e", "trace=none", "-e", spec];
    let failed = scene.run("trace", &options, &program);
    assert_eq!(failed.code, Some(1), "{}", failed.stderr);
}
