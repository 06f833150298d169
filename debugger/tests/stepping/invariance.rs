//! Whoever goes through a program opcode by opcode comes by the same statements, in the same order,
//! as whoever has a breakpoint on every statement; and neither changes what the program does.

use crate::driver::{Driver, Outcome};
use crate::table::same_as_undebugged;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wasmscope_debugger::ProgramSymbols;
use wasmscope_debugger::protocol::{BreakpointPlace, Command, FrameInfo};
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Supervisor,
    captured_output,
};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source, target_dir};

/// How a guest is gone through.
#[derive(Clone)]
enum By {
    /// Every opcode.
    Opcodes,
    /// These places.
    Breakpoints(Arc<Vec<CodePlace>>),
    /// Not at all.
    Running,
}

struct Recorder {
    by: By,
    visited: Arc<Mutex<Vec<CodePlace>>>,
}

impl Supervisor for Recorder {
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        match (&self.by, why) {
            (By::Opcodes, Interruption::Start) => guest.set_single_step(true),
            (By::Breakpoints(places), Interruption::Start) => {
                // Branches that are never taken have no machine code: there is nothing to arm.
                let _ = guest.edit(places, &[]);
            }
            (_, Interruption::Breakpoint) => {
                let at = guest.innermost().expect("it is in the guest");
                self.visited.lock().expect("no panic").push(at.place);
            }
            _ => {}
        }
        Resume::Continue
    }

    fn wants_host_call(&mut self, _function: &str) -> bool {
        false
    }

    fn host_call_returned(
        &mut self,
        _guest: &mut dyn PausedGuest,
        _call: wasmscope_tracer::HostCall,
    ) {
    }
}

/// What a guest did.
struct Record {
    visited: Vec<CodePlace>,
    output: Vec<u8>,
    code: i32,
}

fn record(debuggee: &Debuggee, by: By) -> Record {
    let visited = Arc::new(Mutex::new(Vec::new()));
    let recorder = Recorder {
        by,
        visited: Arc::clone(&visited),
    };
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        output: Some(output),
        ..GuestStdio::default()
    };
    let running = debuggee
        .launch(&World::default(), stdio, Box::new(recorder))
        .expect("it starts");
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        while let Some(chunk) = reader.next() {
            bytes.extend(chunk.bytes);
        }
        bytes
    });
    let code = match running.wait() {
        End::Exited { code, .. } => code,
        other => panic!("{other:?}"),
    };
    Record {
        visited: std::mem::take(&mut visited.lock().expect("no panic")),
        output: reading.join().expect("it reads"),
        code,
    }
}

fn compile(wasm: &Path) -> (Debuggee, ProgramSymbols) {
    let program = Program::load(wasm).expect("the sample loads");
    let options = Options {
        cache: Some(target_dir().join("debuggees/compiled")),
        ..Options::default()
    };
    let symbols = ProgramSymbols::open(&program, None, Vec::new()).expect("it has symbols");
    let debuggee = Debuggee::compile(&program, &options).expect("it compiles");
    (debuggee, symbols)
}

/// Every statement of every function.
fn statements(symbols: &ProgramSymbols) -> Vec<CodePlace> {
    let mut places = Vec::new();
    for (module, symbols_of) in symbols.modules().iter().enumerate() {
        for body in &symbols_of.module().bodies {
            let statements = symbols_of.statements(body.first_opcode);
            let starts = statements.iter().flat_map(|statements| &statements.places);
            places.extend(starts.filter_map(|start| symbols.place(module, start.pc)));
        }
    }
    places
}

#[test]
fn opcode_by_opcode_and_statement_by_statement_are_the_same_way() {
    for target in Target::ALL {
        for build in Build::WITH_DEBUG {
            for name in ["stepping_loops", "stepping_calls", "stepping_async"] {
                let (debuggee, symbols) = compile(&sample(name, build, target));
                let places = statements(&symbols);
                assert!(places.len() > 3_000, "{}", places.len());
                let plain = record(&debuggee, By::Running);
                assert!(!plain.output.is_empty() && plain.visited.is_empty());

                let opcodes = record(&debuggee, By::Opcodes);
                let starts: BTreeSet<CodePlace> = places.iter().copied().collect();
                let mut by_opcodes = opcodes.visited.clone();
                by_opcodes.retain(|place| starts.contains(place));
                let breakpoints = record(&debuggee, By::Breakpoints(Arc::new(places)));

                let what = format!("{name} {build:?} {target:?}");
                assert!(by_opcodes.len() > 300, "{what}: {}", by_opcodes.len());
                let first = by_opcodes
                    .iter()
                    .zip(&breakpoints.visited)
                    .position(|(a, b)| a != b);
                assert_eq!(first, None, "{what}: the ways part");
                assert_eq!(by_opcodes.len(), breakpoints.visited.len(), "{what}");
                for other in [&opcodes, &breakpoints] {
                    assert_eq!(other.output, plain.output, "{what}");
                    assert_eq!(other.code, plain.code, "{what}");
                }
            }
        }
    }
}

/// A step of one opcode names the places that come next, instead of stopping everywhere: it must
/// come to the very next opcode all the same.
#[test]
fn stepping_opcodes_in_a_session_misses_none() {
    const STEPS: usize = 1_500;
    for target in Target::ALL {
        let name = "stepping_calls";
        let wasm = sample(name, Build::Debug, target);
        let (debuggee, _) = compile(&wasm);
        let all = record(&debuggee, By::Opcodes).visited;

        let mut driver = Driver::new(&wasm, &[]);
        driver.break_once(BreakpointPlace::Line {
            file: format!("{name}.rs"),
            line: line_of(&sample_source(name), "// <- main: zoo"),
            column: None,
        });
        let place = |frame: &FrameInfo| CodePlace {
            module: frame.module,
            pc: frame.pc,
        };
        let stop = driver.stop(Command::Run);
        let mut stepped = vec![place(&stop.info.expect("a frame"))];
        for _ in 0..STEPS {
            driver.stop(Command::StepInstruction {
                over: false,
                count: 1,
            });
            stepped.push(place(&driver.stack()[0]));
        }
        let from = all.iter().position(|place| *place == stepped[0]);
        let from = from.expect("the breakpoint is on an opcode that is executed");
        let due = &all[from..from + stepped.len()];
        let first = stepped.iter().zip(due).position(|(a, b)| a != b);
        assert_eq!(first, None, "{target:?}: an opcode was missed");
        let Outcome::Exited(end) = driver.go(Command::Continue) else {
            panic!("nothing is left to stop at");
        };
        same_as_undebugged(&wasm, &[], &driver, &end, name);
    }
}
