//! What keys, the mouse and the session's events do.

mod common;

use common::*;
use crossterm::event::MouseEventKind;
use std::time::Duration;
use wasmscope_debugger::protocol::*;
use wasmscope_tui::Told;
use wasmscope_tui::actions::Keymap;
use wasmscope_tui::theme::ThemeName;

fn line_breakpoint(app: &App) -> Vec<u32> {
    app.fake
        .breakpoints
        .iter()
        .filter_map(|known| match known.spec.place {
            BreakpointPlace::Line { line, .. } => Some(line),
            _ => None,
        })
        .collect()
}

#[test]
fn breakpoints_are_toggled_by_key_and_by_mouse() {
    let mut app = App::new(80, 24);
    app.stopped().keys("b");
    assert_eq!(line_breakpoint(&app), [10]);
    assert!(app.sees("● 10"));
    app.keys("F9");
    assert!(line_breakpoint(&app).is_empty());
    let row = app
        .lines()
        .iter()
        .position(|line| line.contains(" 12 "))
        .unwrap();
    app.click(1, row as u16);
    assert_eq!(line_breakpoint(&app), [12]);
    // Beside the gutter a click only chooses the line.
    app.click(20, row as u16 + 1);
    assert_eq!(line_breakpoint(&app), [12]);
}

#[test]
fn a_step_before_the_start_goes_to_main() {
    let mut app = App::new(80, 24);
    app.keys("n");
    assert!(!app.fake.running);
    app.event(Event::Ready);
    assert!(app.fake.running);
    let temporary = app
        .fake
        .breakpoints
        .iter()
        .any(|known| known.spec.temporary);
    assert!(temporary);
}

#[test]
fn stepping_marks_what_changed() {
    let mut app = App::new(80, 24);
    app.stopped();
    assert!(app.sees("sum = 0"));
    app.keys("n");
    assert!(app.sees("sum ≠ 500"), "{}", app.screen());
    app.keys("F10");
    assert!(app.sees("sum ≠ 1000"));
}

#[test]
fn values_open_and_are_asked_for() {
    let mut app = App::new(100, 40);
    app.stopped().keys("2 right down down right");
    assert!(app.sees("price: 250"), "{}", app.screen());
    app.keys("n");
    assert!(app.sees("price: 250"), "open values stay open");
    app.keys("2 up left left");
    assert!(!app.sees("price: 250"));
}

#[test]
fn values_can_be_changed_and_watched() {
    let mut app = App::new(120, 40);
    app.stopped().keys("2 down e ctrl-u").types("4711");
    app.keys("enter");
    assert!(app.sees("4711"));
    assert!(app.fake.requests.contains(&Command::Set {
        target: "sum".to_owned(),
        value: "4711".to_owned(),
        frame: 0
    }));
    app.keys("w 8");
    assert!(
        app.lines()
            .iter()
            .any(|line| line.contains("sum = 4711") || line.contains("sum ≠ 4711"))
    );
    app.keys("a").types("nothing");
    app.keys("enter");
    assert!(
        app.sees("unavailable: there is no variable"),
        "{}",
        app.screen()
    );
    app.keys("down d");
    assert!(!app.sees("there is no variable"));
}

#[test]
fn frames_lead_to_their_lines() {
    let mut app = App::new(160, 40);
    app.stopped().keys("ctrl-up");
    assert!(app.sees("▷ "), "{}", app.screen());
    assert!(app.sees("frame 3"));
    assert!(
        app.fake
            .requests
            .iter()
            .any(|command| matches!(command, Command::Variables { frame: 3, .. }))
    );
    app.keys("ctrl-up");
    assert!(app.sees("outermost"));
    app.keys("ctrl-down 3 x");
    assert!(app.sees("lang_start"));
}

#[test]
fn a_running_guest_is_paused_and_not_stepped() {
    let mut app = App::new(80, 24);
    app.event(Event::Ready).keys("c n");
    assert!(app.sees("the program runs; pause it first"));
    app.keys("ctrl-c");
    assert!(app.sees("paused"));
    assert!(app.fake.requests.contains(&Command::Pause));
}

#[test]
fn leaving_asks_while_the_guest_lives() {
    let mut app = App::new(80, 24);
    app.stopped().keys("esc esc esc");
    assert!(!app.quit);
    app.keys("q");
    assert!(!app.quit && app.sees("The program lives"));
    app.keys("n");
    assert!(!app.quit && !app.sees("The program lives"));
    app.keys("q y");
    assert!(app.quit);
    let mut app = App::new(80, 24);
    app.event(Event::Exited(Exit::Code {
        code: 0,
        results: Vec::new(),
    }))
    .keys("q");
    assert!(app.quit);
}

#[test]
fn after_the_end_everything_can_be_looked_at_and_restarted() {
    let mut app = App::new(100, 40);
    app.stopped().keys("b").output("last words\n");
    app.event(Event::Exited(Exit::Code {
        code: 3,
        results: Vec::new(),
    }));
    assert!(
        app.sees("EXITED")
            && app.sees("exit code 3")
            && app.sees("last words")
            && app.sees("fn main")
    );
    app.keys("n");
    assert!(app.sees("restart it first") || app.sees("has ended"));
    app.keys("r");
    assert!(app.fake.requests.contains(&Command::Restart));
    assert!(app.sees("READY"));
    assert_eq!(line_breakpoint(&app), [10]);
}

#[test]
fn guest_bytes_never_reach_the_screen_raw() {
    let mut app = App::new(120, 40);
    app.stopped();
    let nasty = "\x1b[2J\x1b]52;c;AAAA\x07\u{202e}\u{9b}31m\r\0\u{feff}";
    app.output(&format!("{nasty}\n"));
    app.event(told(call(0, nasty, false)));
    app.event(Event::Log {
        id: 1,
        text: nasty.to_owned(),
        frame: None,
    });
    app.event(Event::Stopped(stop(
        StopReason::Panic {
            message: Some(nasty.to_owned()),
        },
        12,
    )));
    app.event(Event::Progress {
        what: nasty.to_owned(),
        done: false,
    });
    for key in ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"] {
        app.keys(key);
        let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{feff}');
        let backend = app.backend();
        let cells = backend.buffer().content().iter();
        assert!(!cells.flat_map(|cell| cell.symbol().chars()).any(bad));
    }
}

#[test]
fn the_guests_input_is_typed_in_its_pane() {
    let mut app = App::new(80, 24);
    app.stopped().keys("5 i").types("hello n c");
    app.keys("enter");
    assert!(app.fake.requests.contains(&Command::Input {
        bytes: b"hello n c\n".to_vec()
    }));
    assert!(app.sees("› hello n c"));
    app.keys("ctrl-d");
    assert!(app.fake.requests.contains(&Command::EndInput));
}

#[test]
fn output_is_followed_until_somebody_looks_back() {
    let mut app = App::new(80, 24);
    app.stopped().keys("5");
    for n in 0..100 {
        app.output(&format!("line {n}\n"));
    }
    assert!(app.sees("line 99"));
    app.keys("page-up").output("newest\n");
    assert!(!app.sees("newest") && app.sees("not following"));
    app.keys("f");
    assert!(app.sees("newest"));
}

#[test]
fn host_calls_are_filtered_in_the_words_of_trace() {
    let mut app = App::new(200, 50);
    app.stopped();
    for seq in 0..6 {
        app.event(told(call(seq, &format!("text{seq}"), seq == 4)));
    }
    app.keys("6 e").types("status=failed");
    app.keys("enter");
    assert!(app.sees("text4") && !app.sees("text3"), "{}", app.screen());
    app.keys("e ctrl-u").types("%nonsense");
    app.keys("enter");
    assert!(
        app.sees("there is no class `%nonsense`"),
        "{}",
        app.screen()
    );
    app.keys("esc S");
    assert!(app.sees("% time"));
}

#[test]
fn a_call_leads_to_a_breakpoint_on_its_function() {
    let mut app = App::new(120, 40);
    app.stopped().event(told(call(0, "x", false)));
    app.keys("6 b");
    let expected = BreakpointPlace::HostCall {
        filter: "fd_write".to_owned(),
    };
    assert!(
        app.fake
            .breakpoints
            .iter()
            .any(|known| known.spec.place == expected)
    );
}

#[test]
fn the_console_has_the_screens_own_commands() {
    let mut app = App::new(120, 40);
    app.stopped().keys(":").types("display ord").keys("tab");
    assert!(app.sees("› display order"));
    app.keys("tab");
    assert!(app.sees("› display orders"));
    app.keys("ctrl-u").types("next");
    let steps = |app: &App| {
        app.fake
            .requests
            .iter()
            .filter(|command| matches!(command, Command::Next { .. }))
            .count()
    };
    app.keys("enter enter enter");
    assert_eq!(steps(&app), 3);
    app.types("next none").keys("enter");
    assert!(app.sees("`none` is no number of times"));
    // Without line mode there is nothing else.
    app.types("break 12").keys("enter");
    assert!(app.sees("there are no other commands here"));
    assert!(app.sees("show only some host calls"));
    app.keys("esc");
    assert!(!app.quit);
}

#[test]
fn the_console_hands_line_modes_commands_over() {
    let mut app = App::new(120, 40);
    app.state = app.state.with_line_mode();
    app.stopped().keys(":").types("info locals");
    app.keys("enter").types("frame 1").keys("enter");
    // The screen's own are carried out by the screen; an empty line repeats what was last there.
    assert_eq!(app.lines_to_carry_out, ["info locals"]);
    app.keys("enter").types("b 12").keys("enter enter");
    assert_eq!(app.lines_to_carry_out, ["info locals", "b 12", ""]);
    app.tell(Told::Text("order = Order {\n  id: 3\n}\n".to_owned()));
    app.tell(Told::Error("error: no such thing\n".to_owned()));
    app.tell(Told::Done { frame: 0 });
    app.types("help").keys("enter");
    assert!(app.sees("Of this screen:"));
    assert_eq!(
        app.lines_to_carry_out.last().map(String::as_str),
        Some("help")
    );
    assert!(app.sees("  id: 3") && app.sees("error: no such thing"));
    app.types("info fu").keys("tab");
    assert_eq!(app.lines_to_complete, ["info fu"]);
    app.tell(Told::Completions {
        start: 5,
        words: vec!["functions".to_owned(), "fun".to_owned()],
    });
    assert!(app.sees("› info functions"), "{}", app.screen());
    app.keys("tab");
    assert!(app.sees("› info fun "), "{}", app.screen());
    // Words that come too late are not put into another line.
    app.keys("ctrl-u").types("dis").keys("tab backspace");
    app.tell(Told::Completions {
        start: 0,
        words: vec!["disable".to_owned()],
    });
    assert!(!app.sees("› disable"), "{}", app.screen());
    // The screen's own words are among those of line mode.
    app.keys("ctrl-u").types("ca").keys("tab");
    app.tell(Told::Completions {
        start: 0,
        words: Vec::new(),
    });
    assert!(app.sees("› calls"), "{}", app.screen());
}

#[test]
fn search_goes_from_match_to_match() {
    let mut app = App::new(80, 24);
    app.stopped().keys("1 home /").types("order");
    app.keys("enter");
    assert!(app.sees("› "), "{}", app.screen());
    let at = |app: &App| {
        app.lines()
            .iter()
            .find(|line| line.contains(" › "))
            .cloned()
    };
    let first = at(&app);
    app.keys(">");
    assert_ne!(first, at(&app));
    app.keys("/ ctrl-u").types("not there");
    app.keys("enter");
    assert!(app.sees("is not in this pane"));
}

#[test]
fn files_and_functions_open() {
    let mut app = App::new(80, 24);
    app.stopped().keys("o").types("main");
    app.keys("enter");
    assert!(app.sees("fn total"), "{}", app.screen());
    app.keys("o").types("items");
    app.keys("enter");
    assert!(app.sees("the file is not on this machine"));
    app.keys("@").types("total");
    app.keys("enter");
    assert!(app.sees("fn total") || app.sees("fn main"));
}

#[test]
fn keymaps_differ_in_function_keys() {
    for (keymap, key) in [
        (Keymap::Vs, "F10"),
        (Keymap::Jetbrains, "F8"),
        (Keymap::Gdb, "n"),
    ] {
        let mut app = App::with(80, 24, ThemeName::Dark, keymap);
        app.stopped().keys(key);
        assert!(
            app.fake.requests.contains(&Command::Next { count: 1 }),
            "{keymap:?}"
        );
    }
}

#[test]
fn panes_are_chosen_resized_and_hidden() {
    let mut app = App::new(100, 30);
    app.stopped();
    let wide = app.lines()[0].find("2 Variables").unwrap();
    app.keys("alt-left alt-left");
    assert!(app.lines()[0].find("2 Variables").unwrap() < wide);
    app.keys("ctrl-b");
    assert!(!app.sees("Variables"));
    app.keys("2 ctrl-b z");
    assert!(app.lines()[0].contains("Variables") && !app.sees("Output "));
    app.keys("esc tab shift-tab L");
    assert!(app.sees("layout: much source"));
}

#[test]
fn the_wheel_scrolls_what_is_under_it() {
    let mut app = App::new(80, 12);
    app.stopped().keys("1 z home");
    assert!(app.sees("use std::collections"));
    app.mouse(MouseEventKind::ScrollDown, 10, 5);
    assert!(!app.sees("use std::collections"));
    app.mouse(MouseEventKind::ScrollUp, 10, 5);
    assert!(app.sees("use std::collections"));
}

#[test]
fn notices_go_away() {
    let mut app = App::new(80, 24);
    app.event(Event::Ready).keys("c n");
    assert!(app.sees("pause it first"));
    app.wait(Duration::from_secs(60));
    assert!(!app.sees("pause it first"));
}

#[test]
fn a_session_that_does_not_answer_blocks_nothing() {
    let mut app = App::new(80, 24);
    app.stopped();
    app.fake.mute = true;
    for _ in 0..5_000 {
        app.keys("n down ctrl-up");
    }
    app.keys("?");
    assert!(app.sees("help"));
    app.keys("esc q y");
    assert!(app.quit);
}

#[test]
fn answers_to_an_older_stop_are_not_shown() {
    let mut app = App::new(80, 24);
    app.stopped();
    app.fake.mute = true;
    app.keys("n");
    let variables = Variables::of(&mut app);
    app.fake.mute = false;
    app.event(Event::Stopped(stop(StopReason::Step, 11)));
    app.event(Event::Reply {
        id: variables,
        result: Ok(ReplyBody::Variables {
            variables: Vec::new(),
            unavailable: Some("old".to_owned()),
        }),
    });
    assert!(!app.sees("old"), "{}", app.screen());
}

/// Finds the number of a request that was not answered.
struct Variables;

impl Variables {
    fn of(app: &mut App) -> u64 {
        app.event(Event::Stopped(stop(StopReason::Step, 12)));
        let asked = app
            .fake
            .requests
            .iter()
            .rposition(|command| matches!(command, Command::Variables { .. }));
        // Requests are numbered from 1, in order.
        asked.unwrap() as u64 + 1
    }
}

#[test]
fn steps_can_be_typed_ahead() {
    let mut app = App::new(80, 24);
    app.stopped();
    // The session is slow to answer.
    app.fake.mute = true;
    app.keys("n n s");
    let steps = |app: &App| {
        let is_step =
            |command: &&Command| matches!(command, Command::Next { .. } | Command::Step { .. });
        app.fake.requests.iter().filter(is_step).count()
    };
    assert_eq!(steps(&app), 1);
    app.event(Event::Running);
    app.event(Event::Stopped(stop(StopReason::Step, 11)));
    assert_eq!(steps(&app), 2);
    // A breakpoint on the way ends it.
    app.event(Event::Stopped(stop(StopReason::Breakpoint, 12)));
    assert_eq!(steps(&app), 2);
    app.keys("n");
    assert_eq!(steps(&app), 3);
}

#[test]
fn after_the_end_continue_starts_anew() {
    let mut app = App::new(80, 24);
    app.stopped();
    app.event(Event::Exited(Exit::Code {
        code: 0,
        results: Vec::new(),
    }));
    app.fake.running = false;
    app.keys("c");
    assert!(app.fake.requests.contains(&Command::Restart));
    assert!(app.fake.running, "it runs when it is ready again");
}

#[test]
fn of_many_functions_those_that_match_are_asked_for() {
    let mut app = App::new(80, 24);
    app.stopped();
    app.fake.truncated = true;
    app.keys("@").types("to(t");
    let asked = |command: &Command| match command {
        Command::Functions { pattern, .. } => Some(pattern.clone()),
        _ => None,
    };
    let asked: Vec<String> = app.fake.requests.iter().filter_map(asked).collect();
    assert_eq!(asked, ["(?i)", "(?i)to\\(", "(?i)to\\(t"]);
}
