//! The pictures of `docs/tui.md`, made from the real program on a sample that is part of the
//! repository. They are compared with what the screen comes to; `WASMSCOPE_BLESS=1` writes them anew.

use crate::driver::{Home, Screen, Setup};
use crate::svg::{DARK, LIGHT, Paper};
use std::path::PathBuf;
use wasmscope_test_support::workspace;

fn bless() -> bool {
    std::env::var_os("WASMSCOPE_BLESS").is_some()
}

fn open(home: &Home) -> Setup<'_> {
    let mut setup = Setup::new(home);
    (setup.columns, setup.rows) = (110, 32);
    setup
}

/// The program, as a reader of the documentation would name it.
fn program() -> PathBuf {
    PathBuf::from("samples/prebuilt/orders.wasm")
}

/// The screen comes to be the picture of this name.
#[track_caller]
fn is(screen: &Screen<'_>, name: &str) {
    compare(screen, name, &DARK);
}

#[track_caller]
fn compare(screen: &Screen<'_>, name: &str, paper: &Paper) {
    let file = workspace().join("docs/screens").join(format!("{name}.svg"));
    if bless() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, screen.settled_picture(paper)).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    screen.comes_to(
        &expected,
        paper,
        &format!("docs/screens/{name}.svg is stale: run this test with WASMSCOPE_BLESS=1"),
    );
}

fn leave(screen: &Screen<'_>) {
    screen.keys("\x11").wait_for("The program lives").keys("y");
    screen.end();
}

#[test]
fn stopping_and_looking() {
    let home = Home::new();
    let screen = open(&home).debug(&program());
    screen.wait_for("READY").wait_for("fn main()");
    screen.keys(":break orders::pick if order.number > 1001\r");
    screen.wait_for("1 orders::pick").escape("enter do it");
    screen
        .keys("c")
        .wait_for("STOPPED")
        .wait_for("orders::pick");
    screen.keys("nn").wait_for("owed =");
    is(&screen, "stop");
    screen.keys("2\x1b[B\x1b[C\x1b[B\x1b[C").wait_for("▾ * =");
    is(&screen, "values");
    screen.keys("m").wait_for("variable of frame");
    is(&screen, "memory");
    screen.keys("1v").wait_for("local.get");
    is(&screen, "opcodes");
    screen.keys("v:p order.lines[0]\r").wait_for("› p order");
    is(&screen, "console");
    screen.escape("enter do it");
    leave(&screen);
}

#[test]
fn failing() {
    let home = Home::new();
    let screen = open(&home).debug(&program());
    screen.wait_for("READY").keys("c");
    screen.wait_for("✖ panicked").wait_for("wanted = 4");
    is(&screen, "panic");
    screen.keys("c").wait_for("FAILED  exit code 134");
    screen.wait_for("! whole report");
    screen.keys("!").wait_for("╭─ report");
    is(&screen, "report");
    screen.escape("╭─ report");
    screen.keys("6z").wait_for("1 with a note");
    is(&screen, "calls");
    screen.keys("S").wait_for("fd_write");
    is(&screen, "sums");
    screen.keys("Szq");
    screen.end();
}

#[test]
fn finding() {
    let home = Home::new();
    let screen = open(&home).debug(&program());
    screen.wait_for("READY").wait_for("fn main()");
    screen.keys("?").wait_for("╭─ help");
    is(&screen, "help");
    screen.escape("╭─ help");
    screen.keys("\x10").wait_for("╭─ everything");
    screen.keys("break").wait_for("› break");
    is(&screen, "palette");
    screen.escape("╭─ everything");
    screen.keys("o").wait_for("╭─ source files").keys("orrs");
    screen.wait_for("samples/src/bin/orders.rs");
    is(&screen, "files");
    screen.escape("╭─ source files");
    screen.keys("q");
    screen.end();
}

#[test]
fn in_light() {
    let home = Home::new();
    home.configure("theme = \"light\"\nlayout = \"code\"\n");
    let screen = open(&home).debug(&program());
    screen.wait_for("READY").wait_for("fn main()");
    screen.keys("nn").wait_for("STOPPED").wait_for("inventory");
    compare(&screen, "light", &LIGHT);
    leave(&screen);
}

/// Every picture is on the page, and the page has no others.
#[test]
fn the_page_shows_them() {
    let docs = workspace().join("docs");
    let page = std::fs::read_to_string(docs.join("tui.md")).unwrap();
    let mut shown: Vec<&str> = page
        .split("(screens/")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    shown.sort_unstable();
    let mut there: Vec<String> = std::fs::read_dir(docs.join("screens"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort_unstable();
    assert_eq!(shown, there);
}
