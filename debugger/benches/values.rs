//! What showing values costs: the fifty variables of a frame the first time (types are read from
//! debug info) and again (they are known), and the summaries of large collections against those of
//! small ones. As ratios of medians, in one run.
//!
//! `cargo bench --workspace --bench values`

use std::time::{Duration, Instant};
use wasmscope_debugger::frame_state::TargetFrame;
use wasmscope_debugger::target::{FailedGuest, Target};
use wasmscope_debugger::unwind::unwind;
use wasmscope_debugger::values::{Limits, Reader, Value};
use wasmscope_runner::{Failure, Options, Outcome, Program, World, run};
use wasmscope_symbols::{Binary, ModulePc, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi, sample};

/// Turns of every comparison; the median counts.
const TURNS: usize = 7;

/// What is looked at: the one function of the sample with all the variables.
const FUNCTION: &str = "values_many::many";

fn main() {
    let program = Program::load(sample("values_many", Build::Debug, Wasi::WasiP1));
    let program = program.expect("the sample loads");
    let options = Options {
        cache: None,
        ..Options::default()
    };
    let Ok(Outcome::Failed(failure)) = run(&program, &World::default(), &options) else {
        panic!("the sample was to fail");
    };
    let binary = Binary::parse(program.bytes().clone()).expect("the sample is well-formed");
    let open = || {
        let options = SymbolsOptions::default();
        let modules = binary.modules.iter();
        modules
            .map(|module| Symbols::open(module.clone(), &options))
            .collect::<Vec<Symbols>>()
    };

    let mut count = 0;
    let first = median(|| {
        let symbols = open();
        // Where the frame is takes reading lines and functions, which is not about values.
        look(&failure, &symbols, &[]);
        timed(|| count = look(&failure, &symbols, &["*"]).len())
    });
    let symbols = open();
    look(&failure, &symbols, &["*"]);
    let again = median(|| timed(|| drop(look(&failure, &symbols, &["*"]))));
    let nothing = median(|| timed(|| drop(look(&failure, &symbols, &[]))));
    println!("{count} variables of a frame:");
    ratio("the first time, against again", first, again);
    ratio("again, against finding the frame alone", again, nothing);

    println!("summaries, against that of ten elements:");
    let few = median(|| timed(|| drop(look(&failure, &symbols, &["few"]))));
    for name in ["million", "table", "tree"] {
        let large = median(|| timed(|| drop(look(&failure, &symbols, &[name]))));
        ratio(name, large, few);
    }
}

fn ratio(what: &str, time: Duration, reference: Duration) {
    let ratio = time.as_secs_f64() / reference.as_secs_f64().max(1e-9);
    println!("  {what:<44} {ratio:8.2}  ({time:?})");
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn median(mut turn: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..TURNS).map(|_| turn()).collect();
    times.sort();
    times[TURNS / 2]
}

/// The values of the variables with these names (`*`: all) in the function's frame.
fn look(failure: &Failure, symbols: &[Symbols], names: &[&str]) -> Vec<Value> {
    let target = FailedGuest::new(failure);
    let shadow = unwind(&target, symbols);
    let mut values = Vec::new();
    for (place, frame) in target.stack().iter().enumerate() {
        let symbols = &symbols[frame.module];
        let Some(pc) = symbols.module().code.to_code(ModulePc(frame.pc)) else {
            continue;
        };
        let state = TargetFrame::new(&target, place, &shadow[place]);
        let reader = Reader::new(symbols, &state, Limits::default());
        for source in symbols.frames(pc) {
            let name = source.function.as_ref().map(|name| name.pretty());
            let (Some(die), true) = (source.die, name == Some(FUNCTION)) else {
                continue;
            };
            let line = source.location.as_ref().and_then(|location| location.line);
            let variables = symbols.variables(die, pc, line);
            let wanted = |name: &str| names.contains(&"*") || names.contains(&name);
            let wanted = variables.iter().filter(|variable| wanted(&variable.name));
            values.extend(wanted.map(|variable| reader.variable(variable, pc, &state)));
        }
    }
    values
}
