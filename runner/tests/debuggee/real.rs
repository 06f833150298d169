//! Rust programs, for both WASI targets.

use crate::support::{Closures, SOON, conversation, exit_code};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, InputFeed, Interruption, OutputReader, PausedGuest,
    Resume, Running, Supervisor, captured_output, fed_input,
};
use wasmscope_runner::{Options, Program, Trap, World};
use wasmscope_test_support::{Build, Target, sample, target_dir};

/// Debug builds take long to compile; the code is kept beside them.
fn options() -> Options {
    Options {
        cache: Some(target_dir().join("compiled-debuggees")),
        ..Options::default()
    }
}

fn program(name: &str, target: Target) -> Program {
    Program::load(sample(name, Build::Debug, target)).expect("a program")
}

fn compile(name: &str, target: Target) -> Debuggee {
    Debuggee::compile(&program(name, target), &options()).expect("it compiles")
}

/// A supervisor that watches no calls.
fn only<F>(interrupted: F) -> Box<Closures<F>> {
    Box::new(Closures {
        interrupted,
        wanted: Vec::new(),
        finished: None,
    })
}

/// The first opcode of every function of every module.
fn entries(program: &Program) -> Vec<CodePlace> {
    let mut places = Vec::new();
    for (module, range) in program.core_modules().enumerate() {
        let bytes = program.bytes().get(range).expect("within the program");
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            if let wasmparser::Payload::CodeSectionEntry(body) = payload.expect("valid") {
                let opcodes = body.get_operators_reader().expect("valid");
                let pc = opcodes.original_position() as u64;
                places.push(CodePlace { module, pc });
            }
        }
    }
    places
}

#[test]
fn functions_are_entered_as_often_as_single_steps_say() {
    for target in Target::ALL {
        let debuggee = compile("success", target);
        let places = entries(debuggee.program());
        let count = |by_steps: bool| {
            let hits: Arc<Mutex<BTreeMap<CodePlace, u32>>> = Arc::default();
            let counted = Arc::clone(&hits);
            let places = places.clone();
            let supervisor = only(move |guest: &mut dyn PausedGuest, why: &Interruption<'_>| {
                match why {
                    Interruption::Start if by_steps => guest.set_single_step(true),
                    Interruption::Start => guest.edit(&places, &[]).expect("opcodes"),
                    Interruption::Breakpoint => {
                        let at = guest.innermost().expect("it runs").place;
                        *counted.lock().expect("no panic").entry(at).or_default() += 1;
                    }
                    other => panic!("{other:?}"),
                }
                Resume::Continue
            });
            let (reader, output) = captured_output();
            let stdio = GuestStdio {
                input: None,
                output: Some(output),
            };
            let world = World::default();
            let running = debuggee
                .launch(&world, stdio, supervisor)
                .expect("it starts");
            assert_eq!(exit_code(running.wait()), 0);
            assert!(reader.next().is_some());
            hits.lock().expect("no panic").clone()
        };
        let mut stepped = count(true);
        stepped.retain(|place, _| places.binary_search(place).is_ok());
        let armed = count(false);
        assert!(armed.len() > 50, "{}", armed.len());
        assert_eq!(stepped, armed);
    }
}

#[test]
fn a_loop_can_be_interrupted_and_killed() {
    for target in Target::ALL {
        let debuggee = compile("endless_loop", target);
        let (asking, answering) = conversation();
        let supervisor = only(
            move |guest: &mut dyn PausedGuest, why: &Interruption<'_>| match why {
                Interruption::Interrupted => {
                    let module = guest.innermost().expect("it runs").place.module;
                    let size = guest.memory(module).expect("a memory").len();
                    asking.ask((guest.depth(1000), size))
                }
                _ => Resume::Continue,
            },
        );
        let (reader, output) = captured_output();
        let stdio = GuestStdio {
            input: None,
            output: Some(output),
        };
        let world = World::default();
        let running = debuggee
            .launch(&world, stdio, supervisor)
            .expect("it starts");
        let said = reader.next_within(SOON).expect("it says what it does");
        assert_eq!(said.bytes, b"searching\n");
        for _ in 0..5 {
            running.interrupt();
            let (depth, size) = answering.told();
            assert!(depth > 3, "{depth}");
            assert!(size >= 1 << 16, "{size}");
            answering.answer(Resume::Continue);
        }
        running.kill();
        assert!(matches!(running.wait(), End::Killed { .. }));
    }
}

#[test]
fn a_panic_traps_and_an_exit_exits() {
    for target in Target::ALL {
        for (name, ends_with) in [("unwrap_none", "Trap"), ("exit_code", "Exit")] {
            let debuggee = compile(name, target);
            let (tell, told) = channel();
            let supervisor = only(move |guest: &mut dyn PausedGuest, why: &Interruption<'_>| {
                let stack = guest.stack(1000).len();
                match why {
                    Interruption::Trap(trap) => {
                        assert_eq!(*trap, Trap::UnreachableCodeReached);
                        tell.send(("Trap", stack)).expect("the test listens");
                    }
                    Interruption::Exit(_) => {
                        tell.send(("Exit", stack)).expect("the test listens");
                    }
                    _ => {}
                }
                Resume::Continue
            });
            let (_reader, output) = captured_output();
            let stdio = GuestStdio {
                input: None,
                output: Some(output),
            };
            let world = World::default();
            let running = debuggee
                .launch(&world, stdio, supervisor)
                .expect("it starts");
            let end = running.wait();
            let (how, depth) = told.recv_timeout(SOON).expect("it is told");
            assert_eq!(how, ends_with);
            assert!(depth > 3, "{depth}");
            match end {
                End::Failed(failure) => {
                    assert_eq!(ends_with, "Trap");
                    assert_eq!(failure.frames.len(), depth);
                    assert!(!failure.stderr_tail.is_empty());
                }
                End::Exited { code, .. } => {
                    assert_eq!(ends_with, "Exit");
                    assert_ne!(code, 0);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_host_call_of_a_component_stops_with_its_name_and_stack() {
    for build in [Build::Debug, Build::Release, Build::Stripped] {
        let path = sample("success", build, Target::WasiP2);
        let program = Program::load(path).expect("a program");
        let debuggee = Debuggee::compile(&program, &options()).expect("it compiles");
        let (reader, output) = captured_output();
        let (asking, answering) = conversation();
        let supervisor = Closures {
            interrupted: move |guest: &mut dyn PausedGuest, why: &Interruption<'_>| match why {
                Interruption::HostCall(begin) => {
                    asking.ask((begin.function.to_owned(), guest.depth(100)))
                }
                _ => Resume::Continue,
            },
            wanted: vec![
                "output-stream.blocking-write-and-flush",
                "output-stream.write",
            ],
            finished: None,
        };
        let stdio = GuestStdio {
            input: None,
            output: Some(output),
        };
        let running = debuggee
            .launch(&World::default(), stdio, Box::new(supervisor))
            .expect("it starts");
        let (function, depth) = answering.told();
        let (interface, name) = function.split_once('#').expect("interface and function");
        assert!(interface.starts_with("wasi:io/streams@0.2."), "{interface}");
        assert!(name.starts_with("[method]output-stream."), "{name}");
        assert!(depth > 1, "{depth}");
        assert_eq!(running.host_call(), Some(function));
        assert_eq!(reader.next_within(Duration::from_millis(50)), None);
        running.kill();
        answering.answer(Resume::Continue);
        assert!(matches!(running.wait(), End::Killed { .. }));
        // What was stopped at was not carried out.
        assert_eq!(reader.next(), None);
    }
}

#[test]
fn all_host_calls_of_a_component_have_names() {
    let debuggee = compile("hostcalls", Target::WasiP2);
    let names: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let told = Arc::clone(&names);
    let supervisor = Closures {
        interrupted: move |_: &mut dyn PausedGuest, why: &Interruption<'_>| {
            if let Interruption::HostCall(begin) = why {
                let mut names = told.lock().expect("no panic");
                names.insert(begin.function.to_owned());
            }
            Resume::Continue
        },
        wanted: vec![""],
        finished: None,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let world = World {
        dirs: vec![wasmscope_runner::Dir {
            host: folder.path().to_path_buf(),
            guest: ".".into(),
            read_only: false,
        }],
        ..World::default()
    };
    let (feed, input) = fed_input();
    let (reader, output) = captured_output();
    feed.feed(b"a line\nand the rest").expect("there is room");
    feed.close();
    let stdio = GuestStdio {
        input: Some(input),
        output: Some(output),
    };
    let running = debuggee
        .launch(&world, stdio, Box::new(supervisor))
        .expect("it starts");
    while reader.next().is_some() {}
    assert_eq!(exit_code(running.wait()), 0);
    let names = names.lock().expect("no panic");
    let functions: BTreeSet<_> = names
        .iter()
        .map(|name| name.split_once('#').expect("interface and function").1)
        .collect();
    for expected in [
        "get-arguments",
        "[method]descriptor.open-at",
        "[method]input-stream.blocking-read",
        "now",
    ] {
        assert!(functions.contains(expected), "{expected} of {functions:?}");
    }
}

/// A guest that has come to wait for its input, and whose folder is there as long as it is.
struct Waiting {
    running: Running,
    feed: InputFeed,
    reader: OutputReader,
    _folder: tempfile::TempDir,
}

fn waiting(target: Target, supervisor: Box<dyn Supervisor>) -> Waiting {
    let debuggee = compile("hostcalls", target);
    let folder = tempfile::tempdir().expect("a folder");
    let world = World {
        dirs: vec![wasmscope_runner::Dir {
            host: folder.path().to_path_buf(),
            guest: ".".into(),
            read_only: false,
        }],
        ..World::default()
    };
    let (feed, input) = fed_input();
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: Some(input),
        output: Some(output),
    };
    let running = debuggee
        .launch(&world, stdio, supervisor)
        .expect("it starts");
    while !feed.is_waited_for() {
        std::thread::sleep(Duration::from_millis(1));
    }
    Waiting {
        running,
        feed,
        reader,
        _folder: folder,
    }
}

#[test]
fn a_guest_that_waits_for_input_can_be_killed() {
    for target in Target::ALL {
        let supervisor = only(|_: &mut dyn PausedGuest, _: &Interruption<'_>| Resume::Continue);
        let waiting = waiting(target, supervisor);
        let running = &waiting.running;
        let call = running.host_call().expect("it is in a call");
        assert!(call.contains("read"), "{call}");
        running.kill();
        match waiting.running.wait() {
            End::Killed { guest } => {
                guest.memory(0).expect("the guest is not left behind");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A guest that waits for input, and goes on waiting after it has been looked at.
#[test]
fn a_guest_that_waits_for_input_can_be_stopped() {
    for target in Target::ALL {
        let (asking, answering) = conversation();
        let supervisor = only(
            move |guest: &mut dyn PausedGuest, why: &Interruption<'_>| match why {
                Interruption::Interrupted => {
                    let stack = guest.stack(1000);
                    // A component calls the host through a module without a memory.
                    let module = stack.last().expect("it has frames").module;
                    let size = guest.memory(module).expect("a memory").len();
                    guest.local(0, 0).expect("it has locals");
                    asking.ask((stack.len(), size))
                }
                _ => Resume::Continue,
            },
        );
        let waiting = waiting(target, supervisor);
        let running = &waiting.running;
        for _ in 0..3 {
            running.interrupt();
            let (depth, size) = answering.told();
            assert!(depth > 5, "{depth}");
            assert!(size >= 1 << 16, "{size}");
            let call = running.host_call().expect("it is in a call");
            assert!(call.contains("read"), "{call}");
            answering.answer(Resume::Continue);
        }
        let fed = waiting.feed.feed(b"fed late\n");
        fed.expect("there is room");
        let mut text = Vec::new();
        while let Some(chunk) = waiting.reader.next() {
            text.extend(chunk.bytes);
        }
        let text = String::from_utf8(text).expect("text");
        assert!(text.contains(r#"stdin: 9 bytes "fed late\n""#), "{text}");
        assert_eq!(exit_code(waiting.running.wait()), 0);
    }
}
