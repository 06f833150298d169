//! `wasmscope inspect` as a user meets it.

use std::path::Path;
use std::process::{Command, Output};
use wasmscope_test_support::{Build, Target, sample, sample_bytes, wat_sample, workspace};

fn inspect(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .arg("inspect")
        .args(args)
        .current_dir(workspace())
        .env_remove("NO_COLOR")
        .output()
        .expect("wasmscope starts")
}

/// Standard output of an inspection that worked and had nothing to complain about.
fn text(args: &[&str]) -> String {
    let output = inspect(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {errors}");
    assert_eq!(errors, "");
    String::from_utf8(output.stdout).expect("text is UTF-8")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("paths here are UTF-8")
}

fn file(name: &str, contents: &[u8]) -> std::path::PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, contents).expect("the folder for tests can be written to");
    path
}

#[test]
fn the_prebuilt_sample_is_found_with_its_source() {
    let text = text(&["samples/prebuilt/orders.wasm"]);
    for expected in [
        "samples/prebuilt/orders.wasm: core module, 2.6 MB\n",
        "  made by    C11, Rust, clang 21.1.4-wasi-sdk, rustc 1.95.0\n",
        "  wasi_snapshot_preview1  (4 items)\n",
        "    environ_get, environ_sizes_get, fd_write, proc_exit\n",
        "  _start  (func)\n",
        "  debug info DWARF 4, 2.4 MB in the module, ",
        "  sources    the program in .: 1 file, found below ",
        "\ndebugging: good\n  Source lines, inlined calls and variables will show.\n",
    ] {
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }
    assert!(!text.contains('\x1b'));
}

#[test]
fn what_is_missing_comes_with_a_way_out() {
    let stripped = sample("success", Build::Stripped, Target::WasiP1);
    let out = text(&[path(&stripped)]);
    assert!(out.contains("\ndebugging: hardly possible\n"), "{out}");
    assert!(out.contains("  help: build with debug info"), "{out}");

    let out = text(&[path(&wat_sample("unknown_import"))]);
    let expected =
        "  env  (1 item): not provided\n    random_dice (func (param i32) (result i32))\n";
    assert!(out.contains(expected), "{out}");
}

#[test]
fn a_component_shows_each_of_its_modules() {
    let component = sample("success", Build::Debug, Target::WasiP2);
    let out = text(&[path(&component)]);
    for expected in [
        ": component with ",
        "\ncore module 0 (",
        "\ncore module 1",
        "    run  func() -> result",
    ] {
        assert!(out.contains(expected), "no {expected:?} in\n{out}");
    }
}

#[test]
fn json_holds_all_of_it() {
    let component = sample("success", Build::Debug, Target::WasiP2);
    let json: serde_json::Value =
        serde_json::from_str(&text(&["--json", path(&component)])).expect("it is JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["kind"], "component");
    assert_eq!(json["verdict"]["debuggability"], "full");
    assert_eq!(
        json["modules"][0]["debug"]["versions"],
        serde_json::json!([4])
    );
    assert_eq!(json["exports"][0]["items"][0]["type"], "func() -> result");
}

#[test]
fn colour_only_when_asked_for() {
    let out = text(&["--color", "always", "samples/prebuilt/orders.wasm"]);
    assert!(out.contains("\x1b[1;32mdebugging: good\x1b[0m"), "{out}");
}

#[test]
fn names_cannot_steer_the_terminal() {
    let wat = r#"(module
        (import "en\1b[31mv" "a\nb\07" (func))
        (func (export "f\1b]0;x\07\u{202e}")))"#;
    let hostile = file("hostile.wasm", &wasmscope_test_support::wat_to_wasm(wat));
    for args in [&[path(&hostile)][..], &["--full", path(&hostile)]] {
        let out = text(args);
        assert!(!out.contains(['\x1b', '\x07', '\u{202e}']), "{out:?}");
        assert!(out.contains("a\\nb\\u{7} (func)\n"), "{out}");
    }
}

#[test]
fn damage_is_shown_and_other_files_are_refused() {
    let whole = sample_bytes("success", Build::Debug, Target::WasiP1);
    let cut = file("cut.wasm", &whole[..whole.len() / 2]);
    let out = text(&[path(&cut)]);
    assert!(out.contains("\n  damaged: "), "{out}");
    assert!(out.contains("\n  functions  "), "{out}");

    let output = inspect(&["nowhere.wasm"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nowhere.wasm: no such file"));
    let output = inspect(&["Cargo.toml"]);
    assert_eq!(output.status.code(), Some(126));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Cargo.toml: is not Wasm"));
}
