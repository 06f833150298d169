//! What a session costs whoever debugs: conditions per second, steps, backtraces, starting, and
//! running without stopping. Programs given by path are started and stepped besides the samples;
//! what depends on their size is told for each.
//!
//! `cargo bench --workspace --bench session`, optionally `-- PROGRAM.wasm[@FUNCTION]…`: steps are
//! measured in FUNCTION, or in `main`.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use wasmscope_debugger::protocol::{
    BreakpointPlace, BreakpointSpec, Command, Event, HitCondition, Request, StopReason,
};
use wasmscope_debugger::session::{GuestStdio, Session, SessionOptions};
use wasmscope_runner::debuggee::{
    Debuggee, End, GuestStdio as Streams, Interruption, PausedGuest, Resume, Supervisor,
    captured_output,
};
use wasmscope_runner::{Options, Program, World};
use wasmscope_test_support::{Build, Target, line_of, sample, sample_source};
use wasmscope_tracer::HostCall;

/// Turns of every comparison; the median counts.
const TURNS: usize = 5;

/// Steps that are measured one by one.
const STEPS: usize = 50;

/// What the CPU-bound sample is asked for: primes below this.
const LIMIT: u32 = 300_000;

fn main() {
    let cache = tempfile::tempdir().expect("a folder");
    running();
    conditions();
    backtrace();
    let loops = sample("cpu_bound", Build::Debug, Target::WasiP1);
    starts("cpu_bound", &loops, cache.path());
    steps("cpu_bound", &loops, "primes_below", cache.path());
    for arg in std::env::args().skip(1) {
        let (path, function) = arg.split_once('@').unwrap_or((&arg, "main"));
        if !path.ends_with(".wasm") {
            continue;
        }
        let path = Path::new(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        starts(&name, path, cache.path());
        steps(&name, path, function, cache.path());
    }
}

/// A session whose events are waited for.
struct Front {
    session: Session,
    events: Receiver<Event>,
    next: u64,
}

impl Front {
    /// Begins a session; `cache` is where compiled code is kept.
    fn begin(program: Program, args: &[String], cache: Option<&Path>) -> Self {
        let (session, events) = Session::start(SessionOptions {
            program,
            world: World {
                args: args.to_vec(),
                ..World::default()
            },
            run: Options {
                cache: cache.map(Path::to_path_buf),
                ..Options::default()
            },
            stdio: GuestStdio {
                feed_input: true,
                capture_output: true,
            },
            debug_file: None,
            maps: Vec::new(),
            built: None,
        });
        Self {
            session,
            events,
            next: 0,
        }
    }

    /// A session that is ready to run.
    fn ready(program: Program, args: &[String], cache: Option<&Path>) -> Self {
        let mut front = Self::begin(program, args, cache);
        front.wait(|event| matches!(event, Event::Ready));
        // A program that reads its input is not to wait for it.
        front.ask(Command::EndInput);
        front
    }

    fn send(&mut self, command: Command) -> u64 {
        self.next += 1;
        let id = self.next;
        self.session.send(Request { id, command });
        id
    }

    /// The first event for which `wanted` holds, and when it came.
    fn wait(&mut self, wanted: impl Fn(&Event) -> bool) -> (Event, Instant) {
        loop {
            let event = self.events.recv().expect("the session lives");
            assert!(!matches!(event, Event::Failed { .. }), "{event:?}");
            if wanted(&event) {
                return (event, Instant::now());
            }
        }
    }

    /// Sends a command and waits for its answer: how long that took.
    fn ask(&mut self, command: Command) -> Duration {
        let began = Instant::now();
        let id = self.send(command);
        let is_answer = |event: &Event| matches!(event, Event::Reply { id: of, .. } if *of == id);
        let (event, at) = self.wait(is_answer);
        if let Event::Reply { result, .. } = event {
            result.expect("the command works");
        }
        at.duration_since(began)
    }

    /// Lets the guest go on, until it stops or ends: how long that took, and whether it stopped.
    fn go(&mut self, command: Command) -> (Duration, Option<StopReason>) {
        let began = Instant::now();
        self.send(command);
        let is_over = |event: &Event| matches!(event, Event::Stopped(_) | Event::Exited(_));
        let (event, at) = self.wait(is_over);
        let reason = match event {
            Event::Stopped(stop) => Some(stop.reason),
            _ => None,
        };
        (at.duration_since(began), reason)
    }

    fn stop_at(&mut self, place: BreakpointPlace, change: impl FnOnce(&mut BreakpointSpec)) {
        let mut spec = BreakpointSpec::new(place);
        change(&mut spec);
        self.ask(Command::SetBreakpoint(spec));
    }
}

fn load(path: &Path) -> Program {
    Program::load(path).expect("a program")
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

fn function(name: &str) -> BreakpointPlace {
    BreakpointPlace::Function { name: name.into() }
}

/// Turns of the sample's inner loop.
fn inner_turns(limit: u32) -> u64 {
    let limit = u64::from(limit);
    let is_prime = |n: u64| {
        (2..)
            .take_while(|d| d * d <= n)
            .all(|d| !n.is_multiple_of(d))
    };
    (2..limit)
        .filter(|candidate| is_prime(*candidate))
        .map(|prime| ((limit - 1) / prime).saturating_sub(1))
        .sum()
}

/// Lets the guest go on, whatever happens.
struct Idle;

impl Supervisor for Idle {
    fn interrupted(&mut self, _: &mut dyn PausedGuest, _: Interruption<'_>) -> Resume {
        Resume::Continue
    }

    fn wants_host_call(&mut self, _: &str) -> bool {
        false
    }

    fn wants_host_calls(&mut self) -> bool {
        false
    }

    fn host_call_returned(&mut self, _: &mut dyn PausedGuest, _: HostCall) {}
}

/// A session without breakpoints, against debuggable code that nobody looks after.
fn running() {
    let program = load(&sample("cpu_bound", Build::Debug, Target::WasiP1));
    let args = [LIMIT.to_string()];
    let debuggee = Debuggee::compile(&program, &Options::default()).expect("it compiles");
    let world = World {
        args: args.to_vec(),
        ..World::default()
    };
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let (_reader, output) = captured_output();
        let stdio = Streams {
            output: Some(output),
            ..Streams::default()
        };
        let began = Instant::now();
        let running = debuggee.launch(&world, stdio, Box::new(Idle));
        let end = running.expect("it starts").wait();
        let alone = began.elapsed();
        assert!(matches!(end, End::Exited { code: 0, .. }), "{end:?}");
        let mut front = Front::ready(program.clone(), &args, None);
        let (took, reason) = front.go(Command::Run);
        assert!(reason.is_none(), "{reason:?}");
        ratios.push(took.as_secs_f64() / alone.as_secs_f64());
    }
    let ratio = median(ratios).unwrap_or(f64::NAN);
    println!("a session without breakpoints: {ratio:.2} times debuggable code alone");
}

/// A condition that never holds, in a hot loop.
fn conditions() {
    let program = load(&sample("cpu_bound", Build::Debug, Target::WasiP1));
    let args = [LIMIT.to_string()];
    let line = line_of(&sample_source("cpu_bound"), "composite[multiple] = true");
    let turns = inner_turns(LIMIT);
    let mut rates = Vec::new();
    for _ in 0..TURNS {
        let (without, _) = Front::ready(program.clone(), &args, None).go(Command::Run);
        let mut front = Front::ready(program.clone(), &args, None);
        let place = BreakpointPlace::Line {
            file: "cpu_bound.rs".into(),
            line,
            column: None,
        };
        front.stop_at(place, |spec| spec.condition = Some("multiple == 0".into()));
        let (with, reason) = front.go(Command::Run);
        assert!(reason.is_none(), "{reason:?}");
        rates.push(turns as f64 / (with.as_secs_f64() - without.as_secs_f64()));
    }
    let rate = median(rates).unwrap_or(f64::NAN);
    println!("conditions: {:.2} million a second", rate / 1e6);
}

/// A backtrace of more than 120 frames.
fn backtrace() {
    let program = load(&sample("stack_overflow", Build::Debug, Target::WasiP1));
    let mut front = Front::ready(program, &[], None);
    front.stop_at(function("cost"), |spec| {
        spec.hits = Some(HitCondition::Equal(120))
    });
    let (_, reason) = front.go(Command::Run);
    assert!(reason.is_some(), "it recurs");
    let command = Command::Stack {
        from: 0,
        count: 1000,
    };
    let first = front.ask(command.clone());
    let again = front.ask(command);
    println!("backtrace of 120 frames and main's: {first:?} the first time, {again:?} again");
}

/// Steps over lines.
fn steps(name: &str, path: &Path, from: &str, cache: &Path) {
    let mut front = Front::ready(load(path), &[LIMIT.to_string()], Some(cache));
    front.stop_at(function(from), |_| {});
    let (_, reason) = front.go(Command::Run);
    if reason.is_none() {
        println!("{name}: does not come to {from}");
        return;
    }
    let mut times = Vec::new();
    for _ in 0..STEPS {
        let (took, reason) = front.go(Command::Next { count: 1 });
        if reason.is_none() {
            break;
        }
        times.push(took);
    }
    let count = times.len();
    let first = times.first().copied().unwrap_or_default();
    let middle = median(times).unwrap_or_default();
    println!("{name}: next, {count} times: median {middle:?}, the first {first:?}");
}

/// From nothing to the first stop, against compiling the program as Wasmtime does by itself.
fn starts(name: &str, path: &Path, cache: &Path) {
    let program = load(path);
    println!(
        "{name}: {} KiB, to the stop in main",
        program.bytes().len() >> 10
    );
    let began = Instant::now();
    let engine = wasmtime::Engine::default();
    let compiled = wasmtime::Module::new(&engine, program.bytes()).map(drop);
    let compiled = compiled
        .or_else(|_| wasmtime::component::Component::new(&engine, program.bytes()).map(drop));
    compiled.expect("it compiles");
    let plain = began.elapsed();
    println!("  Wasmtime compiles it, optimised, in {plain:?}");
    let ratio = |took: Duration| took.as_secs_f64() / plain.as_secs_f64();
    let start = |what: &str, program: &Program| {
        let took = start(what, program, cache);
        println!("    {:.2} times Wasmtime's compiling", ratio(took));
    };
    start("cold", &program);
    for _ in 0..TURNS {
        // Compiled code is kept in the background.
        std::thread::sleep(Duration::from_millis(500));
    }
    for _ in 0..2 {
        start("warm", &program);
    }
    // Any other content: nothing is kept of single functions.
    let mut bytes = program.bytes().to_vec();
    bytes.extend([0, 2, 1, b'x']);
    let edited = Program::from_bytes(path, bytes).expect("a program");
    start("after an edit", &edited);
}

fn start(what: &str, program: &Program, cache: &Path) -> Duration {
    let began = Instant::now();
    let mut front = Front::begin(program.clone(), &[], Some(cache));
    let stop = front.send(Command::SetBreakpoint(BreakpointSpec::new(function(
        "main",
    ))));
    let run = front.send(Command::Run);
    let mut symbols = None;
    let mut code = None;
    let stopped = loop {
        let is_news = |event: &Event| {
            matches!(
                event,
                Event::Progress { done: true, .. } | Event::Stopped(_) | Event::Exited(_)
            )
        };
        match front.wait(is_news) {
            (Event::Progress { what, .. }, at) => {
                let slot = if what == "compiling" {
                    &mut code
                } else {
                    &mut symbols
                };
                *slot = Some(at.duration_since(began));
            }
            (event, at) => {
                assert!(matches!(event, Event::Stopped(_)), "{stop} {run} {event:?}");
                break at.duration_since(began);
            }
        }
    };
    println!(
        "  {what}: {stopped:?}; symbols were there after {:?}, code after {:?}",
        symbols.unwrap_or_default(),
        code.unwrap_or_default()
    );
    stopped
}
