//! Expressions in guests that run: statics, assignments that the program then works with, watched
//! values, conditions at a breakpoint.

use crate::live::stop_at;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wasmscope_debugger::expression::{
    CodeContext, Condition, ErrorKind, Expression, Scope, Showing, Watch, Write, assign, evaluate,
    type_of,
};
use wasmscope_debugger::live::LiveFrame;
use wasmscope_runner::debuggee::PausedGuest;
use wasmscope_test_support::{Build, Target as Wasi, line_of, sample, sample_source};

fn line(name: &str, text: &str) -> u32 {
    line_of(&sample_source(name), text)
}

/// Asks something in the innermost frame, which is in the module with the symbols.
fn ask<T>(
    guest: &mut dyn PausedGuest,
    context: &CodeContext,
    question: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let module = guest.innermost().expect("it is in the guest").place.module;
    let frame = LiveFrame::innermost(guest, module);
    question(&Scope {
        context,
        state: &frame,
        memory: &frame,
    })
}

fn shown(scope: &Scope<'_>, text: &str) -> String {
    let expression = Expression::parse(text).expect(text);
    match evaluate(&expression, scope, Showing::default()) {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Carries an assignment out.
fn set(guest: &mut dyn PausedGuest, context: &CodeContext, target: &str, value: &str) {
    let module = guest.innermost().expect("it is in the guest").place.module;
    let write = ask(guest, context, |scope| assign(target, value, scope));
    match write.unwrap_or_else(|error| panic!("{target} = {value}: {error}")) {
        Write::Memory { address, bytes } => {
            let memory = guest.memory_mut(module).expect("there is a memory");
            let start = usize::try_from(address).expect("it fits");
            memory[start..start + bytes.len()].copy_from_slice(&bytes);
        }
        write @ Write::Global { .. } => panic!("{write:?}"),
    }
}

#[test]
fn statics_are_found_by_their_paths() {
    for wasi in Wasi::ALL {
        let path = sample("statics", Build::Debug, wasi);
        let printed = stop_at(
            &path,
            line("statics", "<- all set"),
            &[],
            |guest, context| {
                ask(guest, context, |scope| {
                    let table = [
                        ("GREETING", "\"hello\""),
                        ("statics::GREETING == \"hello\"", "true"),
                        ("COUNTER", "42"),
                        ("COUNTER == counter", "true"),
                        ("crate::COUNTER / 2", "21"),
                        ("inner::LEVELS[2]", "3"),
                        ("LEVELS.len() == 4 && inner::LEVELS[0] == 1", "true"),
                        ("inner::next_id::LAST.v.value", "101"),
                        ("id == 100 && level as u32 + id == 101", "true"),
                    ];
                    for (text, expected) in table {
                        assert_eq!(shown(scope, text), expected, "{text}");
                    }
                    assert_eq!(type_of("COUNTER", scope).expect("a type").name, "u32");
                    let error = Expression::parse("UNUSED[0]")
                        .and_then(|it| evaluate(&it, scope, Showing::default()))
                        .expect_err("it was left out");
                    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
                    assert!(error.message.contains("linker"), "{error}");
                });
                false
            },
        );
        assert!(printed.starts_with("hello 42 100 1 3"), "{printed}");
    }
}

#[test]
fn the_program_goes_on_with_what_was_assigned() {
    for wasi in Wasi::ALL {
        let path = sample("statics", Build::Debug, wasi);
        let printed = stop_at(
            &path,
            line("statics", "<- all set"),
            &[],
            |guest, context| {
                set(guest, context, "counter", "7");
                set(guest, context, "GREETING", "\"HALLO\"");
                set(guest, context, "id", "counter + 5");
                set(guest, context, "level", "u16::MAX");
                set(guest, context, "HITS.v.value", "99");
                ask(guest, context, |scope| {
                    assert_eq!(shown(scope, "id"), "12");
                    assert_eq!(shown(scope, "counter"), "7");
                });
                false
            },
        );
        assert_eq!(printed, "HALLO 7 12 65535 3\n99\n", "{wasi:?}");
    }
}

#[test]
fn a_condition_is_true_at_one_hit_of_many() {
    let path = sample("cpu_bound", Build::Debug, Wasi::WasiP1);
    let hits = Arc::new(AtomicU64::new(0));
    let (counted, mut condition) = (Arc::clone(&hits), None);
    let line = line("cpu_bound", "composite[multiple] = true");
    stop_at(&path, line, &["300"], move |guest, context| {
        let condition = condition.get_or_insert_with(|| {
            Condition::compile("candidate == 7 && multiple == 7 * 11", context)
                .expect("a condition")
        });
        assert!(condition.is_compiled());
        counted.fetch_add(1, Ordering::Relaxed);
        let module = guest.innermost().expect("it is in the guest").place.module;
        let frame = LiveFrame::innermost(guest, module);
        if !condition.holds(&frame, &frame).expect("it is known") {
            return true;
        }
        ask(guest, context, |scope| {
            assert_eq!(shown(scope, "candidate"), "7");
            assert_eq!(shown(scope, "multiple"), "77");
            assert_eq!(shown(scope, "composite.len()"), "300");
            assert_eq!(shown(scope, "composite[76]"), "true");
            assert_eq!(shown(scope, "count"), "4");
        });
        false
    });
    assert!(hits.load(Ordering::Relaxed) > 100);
}

#[test]
fn a_watched_value_is_seen_to_change_as_the_program_changes_it() {
    let path = sample("cpu_bound", Build::Debug, Wasi::WasiP1);
    let line = line("cpu_bound", "composite[multiple] = true");
    let seen = Arc::new(AtomicU64::new(0));
    let (counted, mut watch) = (Arc::clone(&seen), None);
    stop_at(&path, line, &["40"], move |guest, context| {
        let module = guest.innermost().expect("it is in the guest").place.module;
        let watch = watch.get_or_insert_with(|| {
            ask(guest, context, |scope| {
                Watch::set("count", scope, Showing::default()).expect("a value")
            })
        });
        let noticed = watch.memory_changed(guest.memory(module).expect("there is a memory"));
        let change = ask(guest, context, |scope| {
            let frame = watch.frame_changed(scope.state, scope.context.pc);
            (noticed || frame).then(|| watch.refresh(scope)).flatten()
        });
        if let Some(change) = change {
            let number = |text: &wasmscope_debugger::values::Value| {
                text.summary
                    .as_deref()
                    .and_then(|it| it.parse::<u64>().ok())
            };
            let (old, new) = (number(&change.old), number(&change.new));
            assert_eq!(old.map(|old| old + 1), new, "one prime after the other");
            counted.fetch_add(1, Ordering::Relaxed);
        }
        true
    });
    // 2 is the first prime there is when the line is first reached; 3, 5, 7, 11, 13, 17 and 19 have
    // multiples below 40 too.
    assert_eq!(seen.load(Ordering::Relaxed), 7);
}
