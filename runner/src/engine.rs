//! Wasmtime as `run` needs it: plain code, as fast as `wasmtime run`'s, or debuggable code that
//! keeps every Wasm local in memory; either leaves a stopped guest's memories and globals within
//! reach when it traps. Configuration and compiling live here; nothing is instantiated.

use crate::features::{self, Diagnosis};
use crate::options::Options;
use crate::program::Program;
use crate::run::RunError;
use std::num::NonZeroUsize;
use std::path::Path;
use wasmparser::{Parser, Payload};
use wasmtime::component::Component;
use wasmtime::{
    Cache, CacheConfig, Config, Engine, Module, OptLevel, RegallocAlgorithm, WasmBacktraceDetails,
};

/// Most frames a backtrace keeps; the outermost are lost first. Enough for every stack that
/// Wasmtime's default of 512 KiB can hold, with room for larger ones.
pub(crate) const MAX_FRAMES: usize = 1 << 16;

/// Stack for host functions below the deepest Wasm frame, in bytes.
const HOST_STACK: usize = 2 * 1024 * 1024;

/// The largest stack that can be asked for, in bytes.
const MAX_WASM_STACK: usize = 1 << 30;

/// What the guest is compiled to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Code {
    /// As `wasmtime run` compiles it.
    Plain,
    /// Three to five times slower, with every local and operand in memory.
    Debuggable,
    /// As [`Code::Debuggable`], and it can be made to stop while it runs.
    Interruptible,
}

/// From this much Wasm code on, in bytes, debuggable code is compiled with the quicker register
/// allocator.
///
/// What was measured (27 MB debug build with 3 MB of code, seconds of processor time; then a
/// CPU-bound program, debug build):
///
/// | optimisation | registers | compiling | machine code | running |
/// |---|---|---|---|---|
/// | speed | backtracking | 18.2 | 35 MB | 3.2 |
/// | none | backtracking | 14.6 | 35 MB | 3.1 |
/// | none | single pass | 12.1 | 56 MB | 5.2 |
///
/// So optimising gains debuggable code nothing, whose values all go through memory. The single pass
/// saves a sixth and makes everything else dearer; it is taken where the wait is longest.
///
/// Wasmtime's incremental cache of functions does not pay: debuggable code names absolute places,
/// so that an edit misses every function behind it. After an edit of the first function compiling
/// took 19.5, of one in the middle 11.6, and the cache held 91 MB.
const LARGE_CODE: usize = 4 << 20;

/// Builds the engine.
pub(crate) fn build(options: &Options, code: Code, program: &Program) -> Result<Engine, RunError> {
    let mut config = base(options)?;
    if code != Code::Plain {
        config.guest_debug(true);
        config.cranelift_opt_level(OptLevel::None);
        if code_size(program) >= LARGE_CODE {
            config.cranelift_regalloc_algorithm(RegallocAlgorithm::SinglePass);
        }
    }
    config.epoch_interruption(code == Code::Interruptible || options.timeout.is_some());
    // Costs nothing until a guest traps; then the error carries handles to all memories and
    // globals, exported or not.
    config.coredump_on_trap(true);
    if let Some(cache) = options.cache.as_deref().and_then(open_cache) {
        config.cache(Some(cache));
    }
    Engine::new(&config).map_err(|error| RunError::Engine {
        message: format!("this host cannot run Wasm with these options: {error:#}"),
    })
}

/// The size of a program's code sections, in bytes.
fn code_size(program: &Program) -> usize {
    let payloads = Parser::new(0).parse_all(program.bytes());
    payloads
        .map_while(Result::ok)
        .map(|payload| match payload {
            Payload::CodeSectionStart { range, .. } => range.len(),
            _ => 0,
        })
        .sum()
}

/// What plain and debuggable code have in common.
fn base(options: &Options) -> Result<Config, RunError> {
    let mut config = Config::new();
    config
        .wasm_backtrace_max_frames(NonZeroUsize::new(MAX_FRAMES))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .shared_memory(true);
    if let Some(stack) = options.max_wasm_stack {
        if stack == 0 || stack > MAX_WASM_STACK {
            let message = format!(
                "-W max-wasm-stack={stack}: must be at least 1 and at most {MAX_WASM_STACK} bytes"
            );
            return Err(RunError::Engine { message });
        }
        config
            .async_stack_size(stack.saturating_add(HOST_STACK))
            .max_wasm_stack(stack);
    }
    Ok(config)
}

/// Opens the store of compiled code. Not having it makes starting slower and nothing else.
fn open_cache(folder: &Path) -> Option<Cache> {
    let mut config = CacheConfig::new();
    config.with_directory(folder);
    match Cache::new(config) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), "compiled code is not kept: {error:#}");
            None
        }
    }
}

/// Compiles a core module.
pub(crate) fn compile_module(engine: &Engine, program: &Program) -> Result<Module, RunError> {
    Module::from_binary(engine, program.bytes()).map_err(|error| compile_error(program, &error))
}

/// Compiles a component.
pub(crate) fn compile_component(engine: &Engine, program: &Program) -> Result<Component, RunError> {
    Component::from_binary(engine, program.bytes()).map_err(|error| compile_error(program, &error))
}

/// Says why a program did not compile.
fn compile_error(program: &Program, error: &wasmtime::Error) -> RunError {
    let path = program.path().to_path_buf();
    match features::diagnose(program.bytes()) {
        Some(Diagnosis::Unsupported {
            proposal,
            offset,
            message,
        }) => RunError::Unsupported {
            path,
            proposal,
            offset,
            message,
        },
        Some(Diagnosis::Invalid { offset, message }) => RunError::Invalid {
            path,
            offset,
            message,
        },
        None => RunError::Compile {
            path,
            message: format!("{error:#}"),
        },
    }
}
