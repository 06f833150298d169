//! Wasmtime as `run` needs it: plain code, as fast as `wasmtime run`'s, or debuggable code that
//! keeps every Wasm local in memory; either leaves a stopped guest's memories and globals within
//! reach when it traps. Configuration and compiling live here; nothing is instantiated.

use crate::features::{self, Diagnosis};
use crate::options::Options;
use crate::program::Program;
use crate::run::RunError;
use std::num::NonZeroUsize;
use std::path::Path;
use wasmtime::component::Component;
use wasmtime::{Cache, CacheConfig, Config, Engine, Module, WasmBacktraceDetails};

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

/// Builds the engine.
pub(crate) fn build(options: &Options, code: Code) -> Result<Engine, RunError> {
    let mut config = base(options)?;
    config.guest_debug(code != Code::Plain);
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
