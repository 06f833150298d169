//! A sample that has failed, and expressions in its frames.

use wasmscope_debugger::expression::{
    CodeContext, Expression, ExpressionError, Scope, Showing, evaluate,
};
use wasmscope_debugger::frame_state::TargetFrame;
use wasmscope_debugger::target::{FailedGuest, Target};
use wasmscope_debugger::unwind::unwind;
use wasmscope_debugger::values::{Limits, Value};
use wasmscope_runner::{Failure, Options, Outcome, Program, World, run_exact};
use wasmscope_symbols::{Binary, ModulePc, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi, sample};

/// How much the tests see of values.
pub const LIMITS: Limits = Limits {
    depth: 8,
    elements: 20,
    text: 100,
    nodes: 200,
    children: 2,
};

pub struct Guest {
    failure: Failure,
    symbols: Vec<Symbols>,
}

impl Guest {
    /// Runs a sample, which is to fail, in debuggable code.
    pub fn run(name: &str, build: Build, wasi: Wasi) -> Self {
        let program = Program::load(sample(name, build, wasi)).expect("the sample loads");
        let options = Options {
            cache: None,
            ..Options::default()
        };
        let Ok(Outcome::Failed(failure)) = run_exact(&program, &World::default(), &options) else {
            panic!("{name} was to fail");
        };
        let binary = Binary::parse(program.bytes().clone()).expect("the sample is well-formed");
        let options = SymbolsOptions::default();
        let open =
            |module: &std::sync::Arc<_>| Symbols::open(std::sync::Arc::clone(module), &options);
        Guest {
            failure,
            symbols: binary.modules.iter().map(open).collect(),
        }
    }

    /// Asks something in the frame of a function.
    pub fn in_function<T>(&self, function: &str, question: impl FnOnce(&Scope<'_>) -> T) -> T {
        let target = FailedGuest::new(&self.failure);
        let shadow = unwind(&target, &self.symbols);
        for (at, frame) in target.stack().iter().enumerate() {
            let symbols = &self.symbols[frame.module];
            let Some(pc) = symbols.module().code.to_code(ModulePc(frame.pc)) else {
                continue;
            };
            for source in symbols.frames(pc) {
                let name = source
                    .function
                    .as_ref()
                    .map(|name| name.pretty().to_owned());
                let last = name.as_deref().and_then(|name| name.rsplit("::").next());
                if last != Some(function) {
                    continue;
                }
                let context = CodeContext {
                    symbols: symbols.clone(),
                    frame: source.die,
                    pc,
                    line: source.location.as_ref().and_then(|location| location.line),
                    doubt: None,
                };
                let state = TargetFrame::new(&target, at, &shadow[at]);
                let scope = Scope {
                    context: &context,
                    state: &state,
                    memory: &state,
                };
                return question(&scope);
            }
        }
        panic!("{function} is not on the stack");
    }

    /// The value of an expression in a function's frame.
    pub fn value(
        &self,
        function: &str,
        text: &str,
        showing: Showing,
    ) -> Result<Value, ExpressionError> {
        self.in_function(function, |scope| {
            evaluate(&Expression::parse(text)?, scope, showing)
        })
    }

    /// The value in one line, or the error with its place.
    pub fn shown(&self, function: &str, text: &str, showing: Showing) -> String {
        match self.value(function, text, showing) {
            Ok(value) => value.to_string(),
            Err(error) => format!("{:?} at {}: {error}", error.kind, error.span.start),
        }
    }
}
