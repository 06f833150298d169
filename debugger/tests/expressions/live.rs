//! A sample that is stopped at a line, and can go on.

use std::path::Path;
use std::sync::{Arc, Mutex};
use wasmscope_debugger::ProgramSymbols;
use wasmscope_debugger::expression::CodeContext;
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Supervisor,
    captured_output,
};
use wasmscope_runner::{Options, Program, World};

/// What is done at each stop; `false` lets the guest run to its end.
type AtStop = Box<dyn FnMut(&mut dyn PausedGuest, &CodeContext) -> bool + Send>;

struct Stopper {
    program: Arc<ProgramSymbols>,
    places: Vec<CodePlace>,
    at_stop: AtStop,
    /// What went wrong in there: a panic on the guest's thread would be lost.
    panic: Arc<Mutex<Option<Box<dyn std::any::Any + Send>>>>,
}

impl Supervisor for Stopper {
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        match why {
            Interruption::Start => {
                guest
                    .edit(&self.places, &[])
                    .expect("the places are opcodes");
            }
            Interruption::Breakpoint => {
                let place = guest.innermost().expect("it is in the guest").place;
                let context = context(&self.program, place);
                let at_stop = std::panic::AssertUnwindSafe(|| (self.at_stop)(guest, &context));
                match std::panic::catch_unwind(at_stop) {
                    Ok(true) => {}
                    Ok(false) => guest.edit(&[], &self.places).expect("they are armed"),
                    Err(panic) => {
                        *self.panic.lock().expect("no panic") = Some(panic);
                        return Resume::Kill;
                    }
                }
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

/// Where in the code a place is: the innermost source frame's.
fn context(program: &ProgramSymbols, place: CodePlace) -> CodeContext {
    let symbols = program
        .module(place.module)
        .expect("there is such a module");
    let frames = program.frames_at(place);
    let source = &frames.first().expect("a function").source;
    CodeContext {
        symbols: symbols.clone(),
        frame: source.die,
        pc: program.offset(place).expect("it is in the code"),
        line: source.location.as_ref().and_then(|location| location.line),
        doubt: None,
    }
}

/// Runs a sample and stops it at a line of its source, each time. Gives what it printed.
pub fn stop_at(
    path: &Path,
    line: u32,
    arguments: &[&str],
    at_stop: impl FnMut(&mut dyn PausedGuest, &CodeContext) -> bool + Send + 'static,
) -> String {
    let program = Program::load(path).expect("the sample loads");
    let symbols = ProgramSymbols::open(&program, None, Vec::new()).expect("it has symbols");
    let file = format!("{}.rs", path.file_stem().expect("a name").to_string_lossy());
    let mut places = Vec::new();
    for (module, of_module) in symbols.modules().iter().enumerate() {
        let found = of_module.find_line(&file, line).places;
        let found = found.iter().filter(|place| place.primary);
        places.extend(found.filter_map(|place| symbols.place(module, place.stop)));
    }
    assert!(!places.is_empty(), "{file}:{line} has code");
    let options = Options {
        cache: None,
        ..Options::default()
    };
    let world = World {
        args: arguments.iter().map(|it| (*it).to_owned()).collect(),
        ..World::default()
    };
    let panic = Arc::new(Mutex::new(None));
    let stopper = Stopper {
        program: Arc::new(symbols),
        places,
        at_stop: Box::new(at_stop),
        panic: Arc::clone(&panic),
    };
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    let debuggee = Debuggee::compile(&program, &options).expect("it compiles");
    let running = debuggee
        .launch(&world, stdio, Box::new(stopper))
        .expect("it starts");
    let mut printed = Vec::new();
    while let Some(chunk) = reader.next() {
        printed.extend(chunk.bytes);
    }
    let end = running.wait();
    if let Some(panic) = panic.lock().expect("no panic").take() {
        std::panic::resume_unwind(panic);
    }
    assert!(matches!(end, End::Exited { .. }), "{end:?}");
    String::from_utf8(printed).expect("UTF-8")
}
