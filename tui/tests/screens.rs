//! What the screen looks like, at the sizes that matter.

mod common;

use common::*;
use insta::assert_snapshot;
use ratatui::style::Modifier;
use wasmscope_debugger::protocol::*;
use wasmscope_tui::actions::Keymap;
use wasmscope_tui::theme::ThemeName;

fn busy(width: u16, height: u16) -> App {
    let mut app = App::new(width, height);
    app.stopped();
    app.keys("1 b down down b");
    app.output("7: 599\n");
    app.output("\x1b[31mred\x1b[0m \x1b]0;title\x07 日本語\t🦀\n");
    app.event(Event::Output {
        stream: OutputStream::Stderr,
        bytes: b"warning: \xff\n".to_vec(),
    });
    for seq in 0..4 {
        app.event(told(call(seq, "hello", seq == 2)));
    }
    app.keys("n 2 right 1");
    app
}

#[test]
fn a_stop_on_80x24() {
    assert_snapshot!(busy(80, 24).screen());
}

#[test]
fn a_stop_on_120x40() {
    assert_snapshot!(busy(120, 40).screen());
}

#[test]
fn a_stop_on_200x60() {
    assert_snapshot!(busy(200, 60).screen());
}

#[test]
fn before_the_start() {
    let mut app = App::new(80, 24);
    app.event(Event::Progress {
        what: "compiling".to_owned(),
        done: false,
    });
    assert_snapshot!(app.screen());
}

#[test]
fn a_trap() {
    let mut app = App::new(100, 30);
    app.stopped().output("about to fail\n");
    app.event(told(call(0, "about to fail", false)));
    let mut trap = stop(StopReason::Trap { headline: "out of bounds memory access: read of 4 bytes at 0xfffffff0, memory ends at 0x110000".to_owned() }, 12);
    trap.resumable = false;
    app.fake.line = 12;
    app.event(Event::Stopped(trap));
    assert_snapshot!(app.screen());
}

#[test]
fn help_and_palette() {
    let mut app = App::new(100, 40);
    app.stopped().keys("?");
    assert_snapshot!("help", app.screen());
    app.keys("esc ctrl-p").types("brea");
    assert_snapshot!("palette", app.screen());
}

#[test]
fn files_are_found_by_a_few_letters() {
    let mut app = App::new(80, 24);
    app.stopped().keys("o").types("itm");
    assert_snapshot!(app.screen());
}

#[test]
fn opcodes_beside_the_source() {
    let mut app = App::new(160, 40);
    app.stopped().keys("v");
    assert_snapshot!(app.screen());
}

#[test]
fn memory_wasm_and_console() {
    let mut app = App::new(120, 40);
    app.stopped().keys("2 down m");
    app.keys(": ").types("p sum");
    app.keys("enter").types("p nothing");
    app.keys("enter").types("ord");
    app.keys("0 7");
    assert_snapshot!(app.screen());
}

#[test]
fn without_colours_and_on_tiny_screens() {
    let mut app = App::with(60, 16, ThemeName::Mono, Keymap::Gdb);
    app.stopped();
    assert_snapshot!("mono_60x16", app.screen());
    app.resize(30, 6);
    assert_snapshot!("tiny", app.screen());
    for (width, height) in [(0, 0), (1, 1), (3, 2), (10, 3), (5, 40), (300, 100)] {
        app.resize(width, height).screen();
    }
}

/// One screen with its styles: what is coloured how.
#[test]
fn colours() {
    let mut app = App::new(80, 24).coloured();
    app.stopped().keys("1 b n");
    let backend = app.backend();
    let buffer = backend.buffer();
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut last = None;
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let style = (cell.fg, cell.bg, cell.modifier & !Modifier::HIDDEN);
            if last != Some(style) {
                out.push_str(&format!(
                    "\n{y}:{x} {:?} on {:?} {:?} ",
                    style.0, style.1, style.2
                ));
                last = Some(style);
            }
            out.push_str(cell.symbol());
        }
    }
    assert_snapshot!(out);
}
