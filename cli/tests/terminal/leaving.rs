//! Every way in which it can end: the terminal is given back as it was found.

use crate::driver::{Home, Setup, wait_for_end};
use wasmscope_test_support::{Build, Target, sample};

#[test]
fn after_a_signal() {
    let program = sample("orders", Build::Debug, Target::WasiP1);
    for (name, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let home = Home::new();
        let screen = Setup::new(&home).debug(&program);
        screen.wait_for("READY").signal(name);
        assert_eq!(screen.end().0, code, "{name}");
    }
}

#[test]
fn after_a_signal_while_the_program_runs() {
    let home = Home::new();
    let program = sample("endless_loop", Build::Debug, Target::WasiP1);
    let screen = Setup::new(&home).debug(&program);
    screen.wait_for("READY").keys("c").wait_for("RUNNING");
    screen.signal("TERM");
    assert_eq!(screen.end().0, 143);
}

#[test]
fn when_the_terminal_goes_away() {
    let home = Home::new();
    let program = sample("orders", Build::Debug, Target::WasiP1);
    let (pty, mut child) = Setup::new(&home).debug_alone(&program);
    drop(pty);
    assert_eq!(wait_for_end(&mut child).code(), Some(129));
}

#[test]
fn when_there_is_no_such_program() {
    let home = Home::new();
    let screen = Setup::new(&home).debug("no-such-program.wasm".as_ref());
    let (code, text) = screen.end();
    assert_eq!(code, 127, "{text}");
    assert!(text.contains("no-such-program.wasm"), "{text}");
}

#[test]
fn when_the_configuration_is_wrong() {
    let home = Home::new();
    home.configure("theme = \"light\"\n\n[keys]\nnext = \"hyper-x\"\n");
    let program = sample("orders", Build::Debug, Target::WasiP1);
    let (code, text) = Setup::new(&home).debug(&program).end();
    assert_eq!(code, 125, "{text}");
    assert!(text.contains("config.toml:4"), "{text}");
    assert!(text.contains("`hyper-x` is no key"), "{text}");
}

#[test]
fn a_configuration_to_begin_with_is_written_once() {
    let home = Home::new();
    let config = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_wasmscope"))
            .arg("config")
            .args(arguments)
            .env("XDG_CONFIG_HOME", home.path("config"))
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let path = home.path("config").join("wasmscope").join("config.toml");
    let (code, said, _) = config(&[]);
    assert!(code == 0 && said.contains("config --init"), "{said}");
    let (code, said, _) = config(&["--init"]);
    assert!(code == 0 && said.contains("config.toml"), "{said}");
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(config(&["--print"]).1, written);
    assert!(written.contains("# next = [\"n\"]"), "{written}");
    assert!(config(&[]).1.ends_with(": in order\n"));
    // What the user has made of it is not lost.
    std::fs::write(&path, "keymap = \"jetbrain\"\n").unwrap();
    let (code, _, said) = config(&["--init"]);
    assert!(code == 125 && said.contains("is there already"), "{said}");
    let (code, _, said) = config(&[]);
    assert!(code == 125 && said.contains("config.toml:1"), "{said}");
    assert!(said.contains("unknown variant `jetbrain`"), "{said}");
    let kept = std::fs::read_to_string(&path).unwrap();
    assert_eq!(kept, "keymap = \"jetbrain\"\n");
}
