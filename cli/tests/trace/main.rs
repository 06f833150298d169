//! `wasmscope trace` as a user meets it: what it writes of the samples' calls, which calls it
//! chooses, and that tracing changes nothing for the guest.

mod chrome;
mod components;
mod formats;
mod golden;
mod inject;
#[cfg(unix)]
mod interrupt;
mod invariance;
mod locals;
mod one_place;
mod scene;

use scene::Scene;
use std::path::PathBuf;
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source};

fn hostcalls() -> PathBuf {
    sample("hostcalls", Build::Debug, Target::WasiP1)
}

/// What a traced line must be, `SOURCE` being the place of the piece of source beside it.
#[track_caller]
fn expect(lines: &[String], expected: &[(&str, &str, &str)]) {
    let mut lines = lines.iter();
    for (call, source, function) in expected {
        let line = lines.next().expect("a line more");
        let number = line_of(&sample_source("hostcalls"), source);
        assert!(line.starts_with(call), "{line}\nis not\n{call}");
        let end = format!("src/bin/hostcalls.rs:{number} in hostcalls::{function}");
        assert!(line.ends_with(&end), "{line}\ndoes not end so:\n{end}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn files_are_traced_with_their_lines() {
    let lines = Scene::new().trace(&["-q", "-e", "trace=%file"], &hostcalls());
    let letter = "wasmscope-hostcalls/letter.txt";
    let renamed = "wasmscope-hostcalls/renamed.txt";
    expect(
        &lines,
        &[
            (
                "path_create_directory(fd=3<.>, path=\"wasmscope-hostcalls\") = 0 <",
                "create_dir(&inner)",
                "files",
            ),
            (
                &format!(
                    "path_open(dirfd=3<.>, path=\"{letter}\", oflags=CREAT|TRUNC, fdflags=0) = 4<./{letter}> <"
                ),
                "File::create(&letter)",
                "files",
            ),
            (
                &format!(
                    "path_open(dirfd=3<.>, path=\"{letter}\", oflags=0, fdflags=APPEND) = 4<./{letter}> <"
                ),
                "append(true)",
                "files",
            ),
            (
                &format!(
                    "path_rename(fd=3<.>, old_path=\"{letter}\", new_fd=3<.>, new_path=\"{renamed}\") = 0 <"
                ),
                "fs::rename",
                "files",
            ),
            (
                &format!(
                    "path_filestat_get(fd=3<.>, flags=SYMLINK_FOLLOW, path=\"{renamed}\") = {{filetype=REGULAR_FILE, size=4, "
                ),
                "fs::metadata",
                "files",
            ),
            (
                "path_open(dirfd=3<.>, path=\"wasmscope-hostcalls\", oflags=DIRECTORY, ",
                "fs::read_dir",
                "files",
            ),
            (
                "path_open(dirfd=3<.>, path=\"wasmscope-hostcalls/missing.txt\", oflags=0, fdflags=0) = -1 ENOENT (no such file or directory) <",
                "missing.txt\"))",
                "files",
            ),
            (
                &format!("path_unlink_file(fd=3<.>, path=\"{renamed}\") = 0 <"),
                "remove_file",
                "files",
            ),
            (
                "path_remove_directory(fd=3<.>, path=\"wasmscope-hostcalls\") = 0 <",
                "remove_dir(",
                "files",
            ),
        ],
    );
}

#[test]
fn filters_choose() {
    let scene = Scene::new();
    let program = hostcalls();
    let names = |options: &[&str]| -> Vec<String> {
        let lines = scene.trace(&[&["-q"], options].concat(), &program);
        let name = |line: &String| line.split('(').next().unwrap_or_default().to_owned();
        lines.iter().map(name).collect()
    };
    let reads = line_of(&sample_source("hostcalls"), "read_line");
    let letter = "wasmscope-hostcalls/letter.txt";
    let cases: &[(&[&str], &[&str])] = &[
        (&["-e", "%random"], &["random_get"]),
        (
            &["-e", "trace=/^clock_/,random_get", "--limit", "2"],
            &["clock_time_get"; 2],
        ),
        (&["-Z", "-e", "trace=%file"], &["path_open"]),
        (&["-e", "status=ENOENT"], &["path_open"]),
        (&["-z", "-e", "trace=path_open"], &["path_open"; 3]),
        (&["--fd", "0"], &["fd_read"]),
        (&["--fd", "2"], &["fd_write"]),
        (&["--at", &format!("hostcalls.rs:{reads}")], &["fd_read"]),
        (
            &[
                "--at",
                &format!("hostcalls.rs:{reads}"),
                "--no-source",
                "--fd",
                "1",
            ],
            &[],
        ),
        (
            &["-P", letter, "-e", "fd_sync,path_rename,random_get"],
            &["fd_sync", "path_rename"],
        ),
        (&["-P", "/wasmscope-hostcalls"], &[]),
        (&["-e", "none"], &[]),
    ];
    for (options, expected) in cases {
        assert_eq!(&names(options), expected, "{options:?}");
    }
}

/// The rows of a summary: calls, errors, bytes and name.
fn sums(lines: &[String]) -> Vec<(u64, u64, u64, String)> {
    let row = |line: &String| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| columns[at].parse().expect("a number");
        (number(2), number(3), number(8), columns[9..].join(" "))
    };
    lines.iter().skip(1).map(row).collect()
}

#[test]
fn calls_are_added_up() {
    let scene = Scene::new();
    let program = hostcalls();
    let files = [
        "-c",
        "-e",
        "path_open,fd_sync,random_get",
        "--sort-by",
        "name",
    ];
    let row = |calls, errors, bytes, name: &str| (calls, errors, bytes, name.to_owned());
    assert_eq!(
        sums(&scene.trace(&files, &program)),
        [
            row(1, 0, 0, "fd_sync"),
            row(4, 1, 0, "path_open"),
            row(1, 0, 16, "random_get"),
            row(6, 1, 16, "total"),
        ]
    );
    let letter = "wasmscope-hostcalls/letter.txt";
    let by_path = [
        "-c",
        "--by",
        "path",
        "--sort-by",
        "calls",
        "-e",
        "fd_write,fd_read",
        "-P",
        letter,
    ];
    assert_eq!(
        sums(&scene.trace(&by_path, &program)),
        [row(4, 0, 37, letter), row(4, 0, 37, "total")]
    );
    let by_fd = [
        "-c",
        "--by",
        "fd",
        "-e",
        "fd_read,random_get",
        "--sort-by",
        "bytes",
    ];
    assert_eq!(
        sums(&scene.trace(&by_fd, &program)),
        [
            // Of 16 bytes each, in an order of names.
            row(1, 0, 16, "(none)"),
            row(2, 0, 16, "4"),
            row(1, 0, 9, "0"),
            row(4, 0, 41, "total"),
        ]
    );
    let line = line_of(&sample_source("hostcalls"), "RandomState::new()");
    let by_site = sums(&scene.trace(&["-c", "--by", "site", "-e", "%random"], &program));
    let (calls, errors, bytes, name) = &by_site[0];
    assert_eq!((*calls, *errors, *bytes), (1, 0, 16));
    assert!(
        name.ends_with(&format!("hostcalls.rs:{line} in hostcalls::random")),
        "{name}"
    );
    // Both, the calls cut and the sums not.
    let both = scene.trace(&["-C", "-q", "-e", "path_open", "--limit", "1"], &program);
    assert!(both[0].starts_with("path_open("), "{both:?}");
    assert_eq!(sums(&both[1..])[0], row(4, 1, 0, "path_open"));
}

#[test]
fn sums_are_the_same_with_calls_and_without() {
    let scene = Scene::new();
    for target in [Target::WasiP1, Target::WasiP2] {
        let program = sample("hostcalls", Build::Debug, target);
        let only = sums(&scene.trace(&["-c", "--sort-by", "name"], &program));
        let both = scene.trace(&["-C", "-q", "--sort-by", "name"], &program);
        let table = both.iter().position(|line| line.starts_with("% time"));
        let table = table.expect("a table after the calls");
        assert_eq!(only, sums(&both[table..]));
        let (calls, ..) = only.last().expect("a total");
        assert_eq!(*calls, table as u64);
    }
}

#[test]
fn tracing_changes_nothing() {
    let scene = Scene::new();
    for (name, build) in [
        ("hostcalls", Build::Debug),
        ("hostcalls", Build::Release),
        ("exit_code", Build::Debug),
        ("success", Build::Debug),
        ("main_returns_error", Build::Debug),
    ] {
        let program = sample(name, build, Target::WasiP1);
        let plain = scene.run("run", &[], &program);
        for options in [
            &["-o", "trace.txt"][..],
            &[
                "-o",
                "trace.txt",
                "-kk",
                "-s",
                "0",
                "--details",
                "-r",
                "-ttt",
            ],
            &["-o", "trace.txt", "-e", "none"],
            &["-o", "trace.txt", "--limit", "1"],
            &["-o", "trace.txt", "-c", "--by", "site"],
        ] {
            let traced = scene.run("trace", options, &program);
            assert_eq!(traced.code, plain.code, "{name} {options:?}");
            assert_eq!(traced.stdout, plain.stdout, "{name} {options:?}");
            assert_eq!(traced.stderr, plain.stderr, "{name} {options:?}");
        }
    }
}

#[test]
fn a_failure_ends_the_trace_and_is_explained() {
    let scene = Scene::new();
    let program = sample("file_not_found", Build::Debug, Target::WasiP1);
    let answer = scene.run("trace", &["-k"], &program);
    let line = line_of(&sample_source("file_not_found"), "// <- fails");
    assert_eq!(answer.code, Some(134));
    let place = format!("src/bin/file_not_found.rs:{line} in file_not_found::load");
    let (trace, report) = answer
        .stderr
        .split_once("+++ failed +++\n")
        .expect("the trace has an end");
    let mut lines = trace
        .lines()
        .skip_while(|line| !line.starts_with("path_open("));
    let open = lines.next().expect("the file is asked for");
    assert!(
        open.contains("path=\"config/settings.ini\"") && open.contains(" = -1 ENOENT"),
        "{open}"
    );
    assert!(open.ends_with(&place), "{open}");
    let frame = lines.next().expect("a stack");
    assert!(
        frame.starts_with(" > at ") && frame.ends_with(&place),
        "{frame}"
    );
    assert!(report.contains("the settings can be read"), "{report}");
    assert!(report.contains("file_not_found::load"), "{report}");
}

#[test]
fn lines_of_the_guests_own_are_not_mixed_with_the_traces() {
    let scene = Scene::new();
    // Writes its message in pieces, without an end of line between.
    for target in [Target::WasiP1, Target::WasiP2] {
        let program = sample("main_returns_error", Build::Debug, target);
        let plain = scene.run("run", &[], &program);
        let answer = scene.run("trace", &["-e", "/write/"], &program);
        let is_traced = |line: &&str| line.contains("write(") || line.starts_with("+++ ");
        for line in answer.stderr.lines().filter(|line| is_traced(line)) {
            let starts = ["fd_write(", "output-stream.", "+++ "];
            assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
        }
        let others = answer.stderr.lines().filter(|line| !is_traced(line));
        let others: String = others.collect();
        assert_eq!(others, plain.stderr.lines().collect::<String>());
    }
}

#[test]
fn the_summary_has_the_order_that_is_asked_for() {
    let scene = Scene::new();
    let rows = |options: &[&str]| -> Vec<String> {
        let options = [&["-c", "-e", "!%clock"], options].concat();
        let lines = scene.trace(&options, &hostcalls());
        let _ = std::fs::remove_dir_all(scene.path("wasmscope-hostcalls"));
        let names = lines
            .iter()
            .filter_map(|line| line.split_whitespace().last())
            .map(str::to_owned);
        names.collect()
    };
    let by_name = rows(&["--sort-by", "name"]);
    let mut sorted = by_name.clone();
    sorted[1..by_name.len() - 1].sort();
    assert_eq!(by_name, sorted);
    // As strace has it.
    assert_eq!(rows(&["-S", "name"]), by_name);
    assert_ne!(rows(&["-S", "calls"]), by_name);
    let refused = scene.run("run", &["-S", "name"], &hostcalls());
    assert_eq!(refused.code, Some(125), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("inherit-network"),
        "{}",
        refused.stderr
    );
}

#[test]
fn mistakes_in_options_are_named() {
    let scene = Scene::new();
    let program = hostcalls();
    for (options, said) in [
        (&["-e", "trace=fd_wirte"][..], "did you mean `fd_write`"),
        (&["-e", "trace=%files"], "there is no class `%files`"),
        (&["-e", "status=ENOENTT"], "did you mean `ENOENT`"),
        (
            &["-e", "tarce=fd_write"],
            "there are trace=SET, status=LIST and inject=",
        ),
        (&["--at", "main.rs:0"], "lines counted from 1"),
        (&["-S", "tiem"], "there are inherit-network"),
        (&["-o", "no/such/folder"], "cannot be written"),
    ] {
        let answer = scene.run("trace", options, &program);
        assert!(
            matches!(answer.code, Some(125 | 2)),
            "{options:?}: {}",
            answer.stderr
        );
        assert!(
            answer.stderr.contains(said),
            "{options:?}: {}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "", "{options:?}");
    }
}
