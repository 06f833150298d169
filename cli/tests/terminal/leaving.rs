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
