//! Samples that print what is in their variables and fail: what they printed, and their variables
//! as wasmscope reads them.

use std::collections::{BTreeMap, BTreeSet};
use wasmscope_debugger::frame_state::TargetFrame;
use wasmscope_debugger::target::{FailedGuest, Target};
use wasmscope_debugger::unwind::unwind;
use wasmscope_debugger::values::{Limits, Reader, Value};
use wasmscope_runner::{Failure, Options, Outcome, Program, World, run, run_exact};
use wasmscope_symbols::{Binary, CoreModule, ModulePc, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi, sample};

/// Cuts nothing.
pub const EVERYTHING: Limits = Limits {
    depth: 32,
    elements: 1000,
    text: 10_000,
    nodes: 10_000,
    children: 3,
};

/// How the guest is run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Code {
    Plain,
    Exact,
}

/// A guest that has failed, with its symbols.
pub struct Failed {
    name: String,
    failure: Failure,
    pub symbols: Vec<Symbols>,
}

impl Failed {
    /// Runs a sample that was built in one of the usual ways.
    pub fn run(name: &str, build: Build, wasi: Wasi, code: Code) -> Self {
        Self::run_file(name, &sample(name, build, wasi), code)
    }

    /// Runs a file that was built from the sample `name`.
    pub fn run_file(name: &str, file: &std::path::Path, code: Code) -> Self {
        let program = Program::load(file).expect("the sample loads");
        let options = Options {
            cache: None,
            ..Options::default()
        };
        let outcome = match code {
            Code::Plain => run(&program, &World::default(), &options),
            Code::Exact => run_exact(&program, &World::default(), &options),
        };
        let Ok(Outcome::Failed(failure)) = outcome else {
            panic!("{name} was to fail, not to end with {outcome:?}");
        };
        let binary = Binary::parse(program.bytes().clone()).expect("the sample is well-formed");
        let options = SymbolsOptions::default();
        let open = |module: &std::sync::Arc<CoreModule>| Symbols::open(module.clone(), &options);
        Failed {
            name: name.to_owned(),
            failure,
            symbols: binary.modules.iter().map(open).collect(),
        }
    }

    /// What the guest printed: `function.variable`, and what it may be.
    pub fn truth(&self) -> BTreeMap<String, BTreeSet<String>> {
        let printed = String::from_utf8(self.failure.stderr_tail.clone()).expect("UTF-8");
        let mut truth: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in printed.lines() {
            if let Some((name, value)) = line.split_once(" = ") {
                truth
                    .entry(name.to_owned())
                    .or_default()
                    .insert(value.to_owned());
            }
        }
        truth
    }

    /// The variables of the sample's own frames: `function.variable` and its value.
    pub fn variables(&self, limits: Limits) -> Vec<(String, Value)> {
        let target = FailedGuest::new(&self.failure);
        let shadow = unwind(&target, &self.symbols);
        let mut values = Vec::new();
        for (place, frame) in target.stack().iter().enumerate() {
            let Some(symbols) = self.symbols.get(frame.module) else {
                continue;
            };
            let Some(pc) = symbols.module().code.to_code(ModulePc(frame.pc)) else {
                continue;
            };
            let state = TargetFrame::new(&target, place, &shadow[place]);
            let memory = state.memory().expect("the guest's memory is at hand");
            let reader = Reader::new(symbols, &memory, limits);
            for frame in symbols.frames(pc) {
                let ours = frame
                    .location
                    .as_ref()
                    .is_some_and(|l| l.file.contains(&self.name));
                let (Some(die), Some(function), true) = (frame.die, &frame.function, ours) else {
                    continue;
                };
                let function = function
                    .pretty()
                    .rsplit("::")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let line = frame.location.as_ref().and_then(|location| location.line);
                let found = symbols.variables(die, pc, line).into_iter();
                for variable in found.filter(|variable| !variable.artificial) {
                    let value = reader.variable(&variable, pc, &state);
                    values.push((format!("{function}.{}", variable.name), value));
                }
            }
        }
        values
    }
}
