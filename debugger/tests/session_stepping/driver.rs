//! Steps a guest by a script, with nothing between the stepper and the runner: what a session does,
//! without its threads, breakpoints and words.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wasmscope_debugger::explain::FrameKind;
use wasmscope_debugger::stepping::{
    Begun, StepDone, StepEnd, StepError, StepKind, StepSettings, StepState, StepTables, Stepper,
};
use wasmscope_debugger::{CodeFrame, ProgramSymbols};
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Supervisor,
};
use wasmscope_runner::{Options, Program, World};
use wasmscope_symbols::{CodeOffset, FunctionQuery};

/// What to do at a stop.
#[derive(Clone, Debug)]
pub enum Do {
    /// A step.
    Step(StepKind),
    /// A step until one of these lines of the sample, with `until`.
    UntilLine(u32),
    /// To the next breakpoint.
    Continue,
    /// One opcode, by stopping at every one.
    EveryOpcode,
}

/// Where to stop first, and whenever the script says `Continue`.
#[derive(Clone, Debug)]
pub enum Break {
    /// A function, by the end of its name.
    Function(&'static str),
    /// A line of the sample.
    Line(u32),
    /// An opcode.
    Place(CodePlace),
}

/// A stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The function, without its generic arguments' crate and without the crate's name.
    pub function: String,
    /// The file's last part.
    pub file: String,
    /// The line; 0 where there is none.
    pub line: u32,
    /// Wasm frames on the stack.
    pub depth: usize,
    /// What `finish` said: the value, or why there is none.
    pub returned: Option<String>,
    /// How often the guest came to the supervisor since the last stop.
    pub hits: u64,
    /// How often what is armed was changed since the last stop.
    pub edits: u64,
    /// The opcode.
    pub place: CodePlace,
}

/// What came of a script.
#[derive(Debug)]
pub struct Run {
    /// The stops, the first one at the breakpoint.
    pub stops: Vec<Stop>,
    /// How it ended, when it ran to its end.
    pub end: String,
    /// Places that were armed when the guest ended.
    pub left_armed: usize,
}

struct Script {
    program: Arc<ProgramSymbols>,
    tables: StepTables,
    settings: StepSettings,
    breaks: Vec<CodePlace>,
    file: String,
    script: std::vec::IntoIter<Do>,
    under_way: Option<Stepper>,
    every_opcode: bool,
    armed: BTreeSet<CodePlace>,
    from: usize,
    hits: u64,
    edits: u64,
    run: Arc<Mutex<Run>>,
}

/// Runs a program with a script: as far as the script goes, and then on to the end without stopping.
pub fn drive(path: &Path, first: &Break, script: Vec<Do>, settings: StepSettings) -> Run {
    let program = Program::load(path).expect("the sample loads");
    let symbols = ProgramSymbols::open(&program, None, Vec::new()).expect("it has symbols");
    let file = path.file_stem().unwrap().to_str().unwrap().to_owned() + ".rs";
    let breaks = places(&symbols, first, &file);
    drive_with(&compile(&program), symbols, breaks, &file, script, settings)
}

/// Compiles a program to debuggable code.
pub fn compile(program: &Program) -> Debuggee {
    let options = Options {
        cache: None,
        ..Options::default()
    };
    Debuggee::compile(program, &options).expect("it compiles")
}

/// As [`drive`], with the symbols that the stepper is to believe in.
pub fn drive_with(
    debuggee: &Debuggee,
    symbols: ProgramSymbols,
    breaks: Vec<CodePlace>,
    file: &str,
    script: Vec<Do>,
    settings: StepSettings,
) -> Run {
    assert!(!breaks.is_empty(), "there is no place to stop at first");
    let program = Arc::new(symbols);
    let run = Arc::new(Mutex::new(Run {
        stops: Vec::new(),
        end: String::new(),
        left_armed: 0,
    }));
    let script = Script {
        tables: StepTables::new(Arc::clone(&program)),
        program,
        settings,
        breaks,
        file: file.to_owned(),
        script: script.into_iter(),
        under_way: None,
        every_opcode: false,
        armed: BTreeSet::new(),
        from: 0,
        hits: 0,
        edits: 0,
        run: Arc::clone(&run),
    };
    let running = debuggee
        .launch(&World::default(), GuestStdio::default(), Box::new(script))
        .expect("it starts");
    let end = match running.wait() {
        End::Exited { code, .. } => format!("exit {code}"),
        End::Failed(failure) => format!("failed: {:?}", failure.cause),
        End::Killed { .. } => "killed".to_owned(),
        End::NotRun(error) => format!("not run: {error}"),
    };
    let mut run = Arc::into_inner(run)
        .expect("the guest's thread is gone")
        .into_inner()
        .expect("it did not panic");
    run.end = end;
    run
}

/// Where a breakpoint is: the first place of it in every copy.
pub fn places(program: &ProgramSymbols, place: &Break, file: &str) -> Vec<CodePlace> {
    let mut found = Vec::new();
    for (module, symbols) in program.modules().iter().enumerate() {
        let offsets: Vec<CodeOffset> = match place {
            Break::Place(place) => match place.module == module {
                true => program.offset(*place).into_iter().collect(),
                false => Vec::new(),
            },
            Break::Function(name) => {
                let matches = symbols.find_functions(&FunctionQuery::Suffix((*name).into()));
                let entries = matches.instances.iter().map(|instance| instance.entry);
                entries
                    .filter(|entry| {
                        !symbols.has_debug_info()
                            || users(&program.frames(module, *entry)).is_some()
                    })
                    .collect()
            }
            Break::Line(line) => {
                let matches = symbols.find_line(file, *line);
                let places = matches.places.iter().filter(|place| place.primary);
                places.map(|place| place.stop).collect()
            }
        };
        found.extend(
            offsets
                .into_iter()
                .filter_map(|at| program.place(module, at)),
        );
    }
    found
}

/// The innermost frame that is the user's.
fn users(frames: &[CodeFrame]) -> Option<usize> {
    frames
        .iter()
        .position(|frame| frame.kind == FrameKind::User)
}

impl Script {
    /// Makes the guest stop at the breakpoints, and where the step wants.
    fn arm(&mut self, guest: &mut dyn PausedGuest) {
        let mut wanted = BTreeSet::new();
        match &self.under_way {
            Some(step) => wanted.extend(step.places().iter()),
            None => wanted.extend(&self.breaks),
        }
        self.run.lock().expect("no panic").left_armed = wanted.len();
        let arm: Vec<_> = wanted.difference(&self.armed).copied().collect();
        let disarm: Vec<_> = self.armed.difference(&wanted).copied().collect();
        if !arm.is_empty() || !disarm.is_empty() {
            self.edits += 1;
            let _ = guest.edit(&arm, &disarm);
            self.armed = wanted;
        }
        let single = self.under_way.as_ref();
        let single = single.is_some_and(Stepper::wants_single_step);
        guest.set_single_step(single || self.every_opcode);
    }

    fn stop(&mut self, guest: &mut dyn PausedGuest, end: &StepEnd) {
        let at = guest.innermost().expect("it is in the guest");
        let frames = self.program.frames_at(at.place);
        let frame = frames.get(end.frame).expect("there is such a frame");
        let location = frame.source.location.as_ref();
        let returned = match &end.done {
            StepDone::Finished { value, .. } => Some(match value {
                None => "()".to_owned(),
                Some(value) => value
                    .summary
                    .clone()
                    .or_else(|| value.unavailable.clone())
                    .unwrap_or_default(),
            }),
            StepDone::Step | StepDone::Until => None,
        };
        let function = frame.function.clone().unwrap_or_default();
        let short = function.split_once("::").map(|(_, rest)| rest.to_owned());
        let stop = Stop {
            function: short.unwrap_or(function),
            file: location
                .map(|at| at.file.rsplit('/').next().unwrap_or_default().to_owned())
                .unwrap_or_default(),
            line: location.and_then(|at| at.line).unwrap_or(0),
            depth: guest.depth(usize::MAX),
            returned,
            hits: std::mem::take(&mut self.hits),
            edits: std::mem::take(&mut self.edits),
            place: at.place,
        };
        self.from = end.frame;
        self.run.lock().expect("no panic").stops.push(stop);
    }

    /// Begins what the script says next.
    fn go_on(&mut self, guest: &mut dyn PausedGuest) {
        self.under_way = None;
        self.every_opcode = false;
        loop {
            let kind = match self.script.next() {
                // Frames are counted from the one that is looked at.
                Some(Do::Step(StepKind::Finish { frame })) => StepKind::Finish {
                    frame: frame + self.from,
                },
                Some(Do::Step(kind)) => kind,
                Some(Do::UntilLine(line)) => StepKind::Until {
                    places: places(&self.program, &Break::Line(line), &self.file),
                },
                Some(Do::Continue) => break,
                Some(Do::EveryOpcode) => {
                    self.every_opcode = true;
                    break;
                }
                None => {
                    self.breaks.clear();
                    break;
                }
            };
            let begun = Stepper::begin(kind, self.from, &mut self.tables, guest, &self.settings);
            match begun {
                Ok(Begun::Stepping(step)) => {
                    self.under_way = Some(step);
                    break;
                }
                Ok(Begun::Done(end)) => self.stop(guest, &end),
                // There is nothing to finish: the next one, then.
                Err(StepError::Outermost(_) | StepError::NoSuchFrame(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        self.arm(guest);
    }
}

impl Supervisor for Script {
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        self.hits += 1;
        match why {
            Interruption::Start => self.arm(guest),
            Interruption::Breakpoint => {
                let at = guest.innermost().expect("it is in the guest");
                if let Some(step) = &mut self.under_way
                    && (step.places().contains(&at.place) || step.wants_single_step())
                {
                    match step.stopped_at(&mut self.tables, guest, at) {
                        StepState::Done(end) => {
                            self.stop(guest, &end);
                            self.go_on(guest);
                            return Resume::Continue;
                        }
                        StepState::GoOn => self.arm(guest),
                    }
                }
                let waits = self.under_way.is_none() && self.breaks.contains(&at.place);
                if self.every_opcode || waits {
                    let end = StepEnd {
                        done: StepDone::Step,
                        frame: users(&self.program.frames_at(at.place)).unwrap_or(0),
                    };
                    self.stop(guest, &end);
                    self.go_on(guest);
                }
            }
            _ => {
                self.under_way = None;
                self.every_opcode = false;
                self.breaks.clear();
                self.arm(guest);
            }
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
