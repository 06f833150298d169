//! The terminal after a mistake of ours: what needs the library, since the program makes none on
//! request. Everything else about real terminals is tested on the built binary.

#![cfg(unix)]

use pty_process::blocking::{Command, Pty};
use std::io::Read;
use wasmscope_tui::terminal::Guard;

const PANICS: &str = "WASMSCOPE_TUI_TEST_PANICS";

/// What runs in the pseudo-terminal: this very binary, with only this test.
#[test]
#[ignore = "run by the other tests, in a terminal of its own"]
fn takes_the_terminal_and_panics() {
    let Some(thread) = std::env::var_os(PANICS) else {
        return;
    };
    let guard = Guard::take(true).unwrap();
    if thread == "drawing" {
        panic!("a mistake of ours");
    }
    let other = std::thread::spawn(|| panic!("a mistake elsewhere"));
    assert!(other.join().is_err());
    println!("STILL-DRAWN");
    drop(guard);
}

/// All that was written, and whether the terminal's settings were the same before and after.
fn panic_in(thread: &str) -> (String, vt100::Parser) {
    let folder = tempfile::tempdir().unwrap();
    let pty = Pty::new().unwrap();
    pty.resize(pty_process::Size::new(24, 80)).unwrap();
    let pts = pty.pts().unwrap();
    let script = "stty -a >before; \"$0\" --exact takes_the_terminal_and_panics --ignored \
        --nocapture; stty -a >after; echo THE-END";
    let mut child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("TERM", "xterm-256color")
        .env(PANICS, thread)
        .env("RUST_BACKTRACE", "0")
        .current_dir(folder.path())
        .spawn(&pts)
        .unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&bytes).contains("THE-END") {
        match (&pty).read(&mut buffer) {
            Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
    child.wait().unwrap();
    let kept = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(kept("before"), kept("after"));
    let mut parser = vt100::Parser::new(24, 80, 0);
    parser.process(&bytes);
    (String::from_utf8_lossy(&bytes).into_owned(), parser)
}

#[test]
fn it_is_given_back_and_the_message_can_be_read() {
    for (thread, message) in [
        ("drawing", "a mistake of ours"),
        ("another", "a mistake elsewhere"),
    ] {
        let (all, parser) = panic_in(thread);
        let screen = parser.screen();
        assert!(all.contains(message), "{all}");
        assert!(!screen.alternate_screen() && !screen.hide_cursor(), "{all}");
        assert!(!screen.bracketed_paste(), "{all}");
        assert_eq!(
            screen.mouse_protocol_mode(),
            vt100::MouseProtocolMode::None,
            "{all}"
        );
        if thread == "another" {
            // What ends another thread does not end the screen.
            let at = |text: &str| all.find(text).unwrap();
            assert!(at("STILL-DRAWN") < at("\x1b[?1049l"), "{all}");
            assert!(at("\x1b[?1049l") < at(message), "{all}");
        }
    }
}
