//! What stopping costs, below everything that knows source code: hits and single steps per second,
//! walking the stack, changing what is stopped at, running without stopping, starting. Programs given
//! by path are measured besides the built-in one: what depends on the size of the code is told for
//! each.
//!
//! `cargo bench -p wasmscope-runner --bench stopping`, optionally `-- PROGRAM.wasm…`.

use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};
use wasmparser::{Parser, Payload};
use wasmscope_runner::debuggee::{
    CodePlace, Debuggee, End, GuestStdio, Interruption, PausedGuest, Resume, Supervisor,
    captured_output,
};
use wasmscope_runner::{Options, Program, World};
use wasmscope_tracer::HostCall;
use wasmtime::{Config, Engine, Linker, Module, OptLevel, Store};

/// Adds numbers up in a loop, five million times, and then calls itself 120 times deep.
const LOOP: &str = r#"(module
    (memory 1)
    (func $deep (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (nop) (return (i32.const 0))))
        (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
    (func (export "_start") (local $i i32) (local $sum i32)
        (loop $next
            (local.set $sum (i32.add (local.get $sum) (local.get $i)))
            (i32.store (i32.const 8) (local.get $sum))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 5000000))))
        (drop (call $deep (i32.const 119)))))"#;

/// Turns of every comparison; the median of their ratios counts.
const TURNS: usize = 5;

struct Closure<F>(F);

impl<F> Supervisor for Closure<F>
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    fn interrupted(&mut self, guest: &mut dyn PausedGuest, why: Interruption<'_>) -> Resume {
        (self.0)(guest, &why)
    }

    fn wants_host_call(&mut self, _function: &str) -> bool {
        false
    }

    fn wants_host_calls(&mut self) -> bool {
        false
    }

    fn host_call_returned(&mut self, _guest: &mut dyn PausedGuest, _call: HostCall) {}
}

fn main() {
    let program = Program::from_bytes(Path::new("loop.wat"), LOOP.as_bytes().to_vec());
    let program = program.expect("valid text");
    let debuggee = Debuggee::compile(&program, &options()).expect("it compiles");
    running(&program, &debuggee);
    stops(&debuggee);
    walk(&debuggee);
    sizes("loop.wat", &program);
    for path in std::env::args()
        .skip(1)
        .filter(|arg| arg.ends_with(".wasm"))
    {
        sizes(&path, &Program::load(&path).expect("a program"));
    }
}

/// Options that leave no traces on this machine.
fn options() -> Options {
    Options {
        cache: None,
        ..Options::default()
    }
}

/// Launches and waits for the end; what the supervisor has to tell, if anything.
fn launch<F>(debuggee: &Debuggee, interrupted: F) -> Duration
where
    F: FnMut(&mut dyn PausedGuest, &Interruption<'_>) -> Resume + Send + 'static,
{
    let (reader, output) = captured_output();
    let stdio = GuestStdio {
        input: None,
        output: Some(output),
    };
    drop(reader);
    let began = Instant::now();
    let running = debuggee
        .launch(&World::default(), stdio, Box::new(Closure(interrupted)))
        .expect("it starts");
    let end = running.wait();
    let took = began.elapsed();
    assert!(!matches!(end, End::NotRun(_)), "{end:?}");
    took
}

/// All opcodes whose name begins so.
fn opcodes(program: &Program, name: &str) -> Vec<CodePlace> {
    let mut places = Vec::new();
    for (module, range) in program.core_modules().enumerate() {
        let bytes = program.bytes().get(range).expect("within the program");
        for payload in Parser::new(0).parse_all(bytes) {
            let Payload::CodeSectionEntry(body) = payload.expect("valid") else {
                continue;
            };
            let mut reader = body.get_operators_reader().expect("valid");
            while !reader.eof() {
                let pc = reader.original_position() as u64;
                let operator = reader.read().expect("valid");
                if name.is_empty() || format!("{operator:?}").starts_with(name) {
                    places.push(CodePlace { module, pc });
                }
                if name.is_empty() {
                    break;
                }
            }
        }
    }
    places
}

/// A session that stops nowhere, against the same code without anybody at all.
fn running(program: &Program, debuggee: &Debuggee) {
    let mut config = Config::new();
    config
        .guest_debug(true)
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).expect("an engine");
    let module = Module::new(&engine, program.bytes()).expect("it compiles");
    let mut ratios = Vec::new();
    for _ in 0..TURNS {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(1);
        let instance = Linker::new(&engine).instantiate(&mut store, &module);
        let instance = instance.expect("no imports");
        let start = instance.get_typed_func::<(), ()>(&mut store, "_start");
        let start = start.expect("a start");
        let began = Instant::now();
        start.call(&mut store, ()).expect("it ends");
        let bare = began.elapsed();
        let supervised = launch(debuggee, |_, _| Resume::Continue);
        ratios.push(supervised.as_secs_f64() / bare.as_secs_f64());
    }
    println!(
        "supervised, without stopping: {:.2} times the same code alone",
        median(ratios)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Hits of one place and single steps.
fn stops(debuggee: &Debuggee) {
    let place = *opcodes(debuggee.program(), "I32Store")
        .first()
        .expect("one");
    for (what, reads, steps) in [
        ("hits, nothing asked", 0, false),
        ("hits, asking where", 1, false),
        ("hits, asking where, a local and 4 bytes", 2, false),
        ("single steps, asking where", 1, true),
    ] {
        let mut seen: u32 = 0;
        let (tell, told) = channel();
        launch(debuggee, move |guest, why| {
            match why {
                Interruption::Start => {
                    if steps {
                        guest.set_single_step(true);
                    } else {
                        guest.edit(&[place], &[]).expect("an opcode");
                    }
                }
                _ => {
                    if reads > 0 {
                        black_box(guest.innermost());
                    }
                    if reads > 1 {
                        black_box(guest.local(0, 0)).expect("a local");
                        let memory = guest.memory(0).expect("a memory");
                        black_box(memory.get(8..12));
                    }
                    seen += 1;
                    if seen == 1 {
                        tell_time(&tell);
                    }
                    if seen == 2_000_000 {
                        tell_time(&tell);
                        return Resume::Kill;
                    }
                }
            }
            Resume::Continue
        });
        let times: Vec<Instant> = told.iter().collect();
        if let [first, last] = times.as_slice() {
            let each = last.duration_since(*first).as_secs_f64() / 2e6;
            println!(
                "{what}: {:.0} ns each, {:.2} million a second",
                each * 1e9,
                1e-6 / each
            );
        }
    }
}

fn tell_time(to: &Sender<Instant>) {
    to.send(Instant::now()).expect("somebody listens");
}

/// Walking a stack.
fn walk(debuggee: &Debuggee) {
    let place = *opcodes(debuggee.program(), "Nop").first().expect("one");
    let (tell, told) = channel();
    launch(debuggee, move |guest, why| {
        match why {
            Interruption::Start => guest.edit(&[place], &[]).expect("an opcode"),
            _ => {
                for _ in 0..2 {
                    let began = Instant::now();
                    let frames = guest.stack(1000).len();
                    tell.send((frames, began.elapsed()))
                        .expect("somebody listens");
                }
            }
        }
        Resume::Continue
    });
    if let Ok((frames, took)) = told.recv() {
        println!("walking {frames} frames for the first time: {took:?}");
    }
}

/// What depends on the size of the code.
fn sizes(name: &str, program: &Program) {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = Options {
        cache: Some(folder.path().to_path_buf()),
        ..Options::default()
    };
    println!("{name}: {} KiB", program.bytes().len() >> 10);
    let began = Instant::now();
    let debuggee = Debuggee::compile(program, &kept).expect("it compiles");
    println!("  compiling, nothing kept: {:?}", began.elapsed());
    let places = opcodes(program, "");
    let (tell, told) = channel();
    let steps = places.clone();
    launch(&debuggee, move |guest, why| {
        if let Interruption::Start = why {
            edits(guest, &steps, &tell);
        }
        Resume::Kill
    });
    for (what, took) in told {
        println!("  {what}: {took:?}");
    }
    drop(debuggee);
    // Keeping goes on in the background; what counts is a start when it is done.
    let mut warm = Vec::new();
    for _ in 0..TURNS {
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        let debuggee = Debuggee::compile(program, &kept).expect("it compiles");
        let compiled = began.elapsed();
        let (tell, told) = channel();
        launch(&debuggee, move |_, why| {
            if let Interruption::Start = why {
                tell_time(&tell);
            }
            Resume::Kill
        });
        if let Ok(started) = told.recv() {
            warm.push((started.duration_since(began), compiled));
        }
    }
    warm.sort();
    if let Some((started, compiled)) = warm.get(warm.len() / 2) {
        println!("  to the start, code kept: {started:?}, of which loading it {compiled:?}");
    }
}

/// Changes of what is stopped at.
fn edits(guest: &mut dyn PausedGuest, places: &[CodePlace], tell: &Sender<(String, Duration)>) {
    let some = |count: usize| -> Vec<CodePlace> {
        let step = (places.len() / count).max(1);
        places.iter().step_by(step).take(count).copied().collect()
    };
    let timed = |what: String, took: Duration| tell.send((what, took)).expect("heard");
    for count in [1, 100, 1000] {
        let chosen = some(count);
        for round in ["first", "second"] {
            let began = Instant::now();
            // Some compilers' functions begin with opcodes that cannot run.
            let _ = guest.edit(&chosen, &[]);
            timed(
                format!("arming {} ({round} time)", chosen.len()),
                began.elapsed(),
            );
            let began = Instant::now();
            guest.edit(&[], &chosen).expect("they were armed");
            timed(
                format!("disarming {} ({round} time)", chosen.len()),
                began.elapsed(),
            );
        }
    }
    let began = Instant::now();
    guest.set_single_step(true);
    timed("turning single steps on".into(), began.elapsed());
    let began = Instant::now();
    guest.set_single_step(false);
    timed("turning single steps off".into(), began.elapsed());
}
