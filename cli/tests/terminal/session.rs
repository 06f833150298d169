//! What a user does with a program: looks, stops, steps, opens a value, restarts, comes back.

use crate::driver::{Home, Setup};
use wasmscope_test_support::{Build, Target, sample};

#[test]
fn a_session_from_the_first_key_to_the_last() {
    let home = Home::new();
    let program = sample("orders", Build::Debug, Target::WasiP1);
    let screen = Setup::new(&home).debug(&program);
    // The source is there before anything runs.
    screen.wait_for("READY").wait_for("fn main()");
    // A step before the start goes to main.
    screen
        .keys("n")
        .wait_for("STOPPED")
        .wait_for("orders::main");
    // Typed ahead, and done one after the other.
    screen.keys("nn").wait_for("▸ orders = [");
    // A breakpoint where the cursor is, then a value from inside.
    screen.keys("b").wait_for("● ");
    screen
        .keys("2\x1b[C")
        .wait_for("▾ inventory")
        .wait_for("shelves = ");
    // Function keys, as a terminal sends them: on until the first output.
    screen.keys("\x1b[21~\x1b[21~\x1b[21~");
    screen.wait_for("4 orders, 3 shelves");
    screen.keys("6").wait_for("fd_write(fd=1");
    // Restart: the breakpoint stays and is hit.
    screen.keys("1r").wait_for("Start the program anew?");
    screen.keys("y").wait_for("READY");
    screen
        .keys("c")
        .wait_for("STOPPED")
        .wait_for("  breakpoint ");
    // The command line.
    screen.keys(":p 1234 * 2\r").wait_for("2468");
    // Those of line mode, and a frame that is selected there.
    screen
        .keys("info line orders::pick\r")
        .wait_for("› info line");
    screen.keys("disass").wait_for("› disass").keys("\t");
    screen.wait_for("› disassemble");
    screen.keys("\x15up\r").wait_for("› up");
    screen.keys("info locals\r").wait_for("› info locals");
    screen.escape("enter do it");
    // Leaving asks while the program lives, and Escape is no yes.
    screen.keys("\x11").wait_for("The program lives");
    screen.escape("The program lives");
    screen.keys("\x11").wait_for("The program lives");
    assert_eq!(screen.keys("y").end().0, 0);
    assert!(home.state().contains("orders.rs"), "{}", home.state());
    // The next session has the breakpoint again.
    let screen = Setup::new(&home).debug(&program);
    screen.wait_for("READY").wait_for("orders.rs:");
    screen
        .keys("c")
        .wait_for("STOPPED")
        .wait_for("breakpoint 1");
    screen.keys("q").wait_for("The program lives");
    assert_eq!(screen.keys("y").end().0, 0);
}

#[test]
fn a_failure_is_explained_and_looked_at_after_the_end() {
    let home = Home::new();
    let program = sample("orders", Build::Debug, Target::WasiP2);
    let screen = Setup::new(&home).debug(&program);
    screen.wait_for("READY").keys("c");
    screen
        .wait_for("index out of bounds: the len is 3 but the index is 7")
        .wait_for("orders::Inventory::r")
        .wait_for("wanted = 4");
    // On to the end, and everything is still there.
    screen.keys("c").wait_for("FAILED  exit code 134");
    screen.keys("5").wait_for("4 orders, 3 shelves");
    assert_eq!(screen.keys("q").end().0, 0);
}

#[test]
fn the_terminal_may_change_its_size_at_any_time() {
    let home = Home::new();
    let program = sample("orders", Build::Debug, Target::WasiP1);
    let screen = Setup::new(&home).debug(&program);
    screen.wait_for("READY").wait_for("fn main()");
    for (columns, rows) in [(80, 24), (20, 5), (3, 1), (200, 60), (120, 40)] {
        screen.resize(columns, rows);
    }
    screen
        .keys("n")
        .wait_for("STOPPED")
        .wait_for("orders::main");
    screen.keys("q").wait_for("The program lives");
    assert_eq!(screen.keys("y").end().0, 0);
}
