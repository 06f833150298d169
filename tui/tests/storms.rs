//! Whatever is typed, clicked, pasted, resized and told, in whatever order: nothing panics, and the
//! screen can be drawn.

mod common;

use common::*;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::layout::Size;
use wasmscope_debugger::protocol::*;
use wasmscope_tui::message::Message;

fn key() -> impl Strategy<Value = Message> {
    let code = prop_oneof![
        8 => prop::char::range(' ', '~').prop_map(KeyCode::Char),
        1 => any::<char>().prop_map(KeyCode::Char),
        1 => (1u8..13).prop_map(KeyCode::F),
        6 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace,
            KeyCode::Delete, KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right,
            KeyCode::Home, KeyCode::End, KeyCode::PageUp, KeyCode::PageDown,
        ]),
    ];
    let modifiers = prop_oneof![
        6 => Just(KeyModifiers::empty()),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::ALT),
        1 => Just(KeyModifiers::SHIFT),
    ];
    (code, modifiers).prop_map(|(code, modifiers)| Message::Key(KeyEvent::new(code, modifiers)))
}

fn mouse() -> impl Strategy<Value = Message> {
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollLeft,
        MouseEventKind::ScrollRight,
        MouseEventKind::Moved,
    ]);
    (kind, 0u16..210, 0u16..70).prop_map(|(kind, column, row)| {
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::empty(),
        })
    })
}

fn events() -> impl Strategy<Value = Message> {
    let event = prop_oneof![
        Just(Event::Ready),
        Just(Event::Running),
        (1u32..40).prop_map(|line| Event::Stopped(stop(StopReason::Step, line))),
        any::<Vec<u8>>().prop_map(|bytes| Event::Output {
            stream: OutputStream::Stderr,
            bytes
        }),
        (any::<u64>(), any::<String>(), any::<bool>())
            .prop_map(|(seq, text, fails)| { told(call(seq, &text, fails)) }),
        any::<String>()
            .prop_map(|text| Event::Stopped(stop(StopReason::Trap { headline: text }, 3))),
        any::<i32>().prop_map(|code| Event::Exited(Exit::Code {
            code,
            results: Vec::new()
        })),
        any::<String>().prop_map(|message| Event::Failed { message }),
        (any::<String>(), any::<bool>()).prop_map(|(what, done)| Event::Progress { what, done }),
        any::<String>().prop_map(|text| Event::Log {
            id: 1,
            text,
            frame: None
        }),
        any::<u64>().prop_map(|bytes| Event::OutputLost { bytes }),
        (0u64..200).prop_map(|id| Event::Reply {
            id,
            result: Ok(ReplyBody::Done)
        }),
        (0u64..200, any::<String>()).prop_map(|(id, text)| Event::Reply {
            id,
            result: Err(CommandError::new(CommandErrorKind::Unavailable, text))
        }),
    ];
    event.prop_map(|event| Message::Session(Box::new(event)))
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        12 => key(),
        3 => mouse(),
        3 => events(),
        1 => (0u16..220, 0u16..70).prop_map(|(width, height)| Message::Resize(Size::new(width, height))),
        1 => any::<String>().prop_map(Message::Paste),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_panics(messages in prop::collection::vec(message(), 1..160)) {
        let mut app = App::new(80, 24);
        for (place, message) in messages.into_iter().enumerate() {
            if let Message::Resize(size) = &message {
                let size = *size;
                app.resize(size.width, size.height);
            } else {
                app.send(message);
            }
            if place % 8 == 0 {
                app.screen();
            }
        }
        app.screen();
    }
}
