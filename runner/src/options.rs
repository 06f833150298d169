//! How to run: what to call, and the limits. What the guest sees of the world is in
//! [`crate::World`].

use crate::calls::CallTracing;
use std::path::PathBuf;
use std::time::Duration;
use wasmscope_tracer::ComponentCalls;

/// How a guest is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The function to call instead of the program's entry point.
    pub invoke: Option<Invoke>,
    /// The size no linear memory may grow beyond, in bytes; growing further fails in the guest as
    /// `memory.grow` does (it answers −1). `None`: no limit but the module's own.
    pub max_memory_size: Option<u64>,
    /// The stack Wasm frames may take up, in bytes; more is a trap. `None`: Wasmtime's default
    /// of 512 KiB.
    pub max_wasm_stack: Option<usize>,
    /// The time the guest may run, compiling not counted. `None`: for ever. Code that can be
    /// interrupted runs up to a third slower, so a limit is only compiled in when it is asked for.
    pub timeout: Option<Duration>,
    /// Where compiled code is kept between runs, by content; `None`: it is compiled every time.
    pub cache: Option<PathBuf>,
    /// The number of host calls of a core module that a [`crate::Failure`] remembers.
    pub remembered_calls: usize,
    /// What hears of the host calls of components; a [`crate::Failure`] takes them from there. It
    /// has to be installed as (part of) the process's `tracing` subscriber, by which Wasmtime
    /// tells them.
    pub component_calls: Option<ComponentCalls>,
    /// Who is told of every host call of a core module while it runs.
    pub tracing: Option<CallTracing>,
    /// Whether a standard input that is fed ([`crate::debuggee::fed_input`]) is a terminal to the
    /// guest: programs choose by it what they do.
    pub fed_input_is_terminal: bool,
}

/// A function to call, with its arguments.
#[derive(Clone, Debug)]
pub struct Invoke {
    /// For a core module the name of an exported function. For a component a call in
    /// [WAVE](https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave) such as
    /// `greet("world")`; a function of an exported interface may be named in full
    /// (`ns:package/interface#function(…)`) or, where that is unambiguous, by its last part.
    pub function: String,
    /// Whether the guest's arguments are those of the function, for a core module. Otherwise it is
    /// called without any, and the guest finds its arguments as every program does.
    pub pass_arguments: bool,
}

/// What Wasmtime allows Wasm frames when nothing else is said, in bytes.
const DEFAULT_WASM_STACK: usize = 512 * 1024;

impl Options {
    /// The stack that Wasm frames may take up, in bytes.
    pub(crate) fn wasm_stack(&self) -> usize {
        self.max_wasm_stack.unwrap_or(DEFAULT_WASM_STACK)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            invoke: None,
            max_memory_size: None,
            max_wasm_stack: None,
            timeout: None,
            cache: default_cache(),
            remembered_calls: 64,
            component_calls: None,
            tracing: None,
            fed_input_is_terminal: false,
        }
    }
}

/// The folder for compiled code below the user's cache folder, if the user has one.
fn default_cache() -> Option<PathBuf> {
    Some(dirs::cache_dir()?.join("wasmscope").join("compiled"))
}
