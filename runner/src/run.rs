//! Running a program in a world: prepare everything on the caller's thread, then run the guest on
//! a thread of its own, so that its time can be limited.

use crate::debuggee::Supervision;
use crate::engine::{self, Code};
use crate::exact::{CaptureHandler, Captured, block_on};
use crate::failure::{Failure, messages};
use crate::imports::MissingImport;
use crate::limits::{MemoryRefusal, RefusedBy};
use crate::options::Options;
use crate::program::{Program, ProgramKind};
use crate::stdio::Streams;
use crate::stopped::StoppedStore;
use crate::world::{Blocking, World, WorldError};
use crate::{component, core_module};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use wasmtime::{Engine, Store, StoreContextMut, Trap, WasmBacktrace, WasmCoreDump};
use wasmtime_wasi::I32Exit;

/// How long a guest whose time is up has to come out of the host call it is in.
const GRACE: Duration = Duration::from_millis(500);

/// Most missing imports that an error lists.
const MAX_LISTED: usize = 12;

/// How a run ended.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one per run")]
pub enum Outcome {
    /// The guest ended by itself.
    Exited {
        /// Its exit code.
        code: i32,
        /// What the invoked function returned, one line each, for [`Options::invoke`].
        results: Vec<String>,
    },
    /// The guest was ended by a failure.
    Failed(Failure),
}

/// Why a program was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The world cannot be built.
    #[error(transparent)]
    World(#[from] WorldError),
    /// There is no engine with these options.
    #[error("{message}")]
    Engine {
        /// What is wrong with them.
        message: String,
    },
    /// The program needs a WebAssembly proposal that is not available.
    #[error(
        "{}: needs a WebAssembly feature that is not available here: {proposal}; build it without \
         (the validator says: {message}, at offset {offset:#x})", .path.display()
    )]
    Unsupported {
        /// The program.
        path: PathBuf,
        /// The proposal and where it is described.
        proposal: String,
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the validator says.
        message: String,
    },
    /// The program breaks a rule of WebAssembly.
    #[error(
        "{}: is not valid WebAssembly: {message} (at offset {offset:#x}); the tool that wrote it, \
         or one that changed it afterwards, has a bug", .path.display()
    )]
    Invalid {
        /// The program.
        path: PathBuf,
        /// Offset in the whole binary, in bytes.
        offset: u64,
        /// What the validator says.
        message: String,
    },
    /// The program is valid and was not compiled all the same.
    #[error("{}: cannot be compiled: {message}", .path.display())]
    Compile {
        /// The program.
        path: PathBuf,
        /// What the compiler says.
        message: String,
    },
    /// The program imports what nobody here provides.
    #[error("{}", missing_imports(.path, .missing))]
    Imports {
        /// The program.
        path: PathBuf,
        /// The imports.
        missing: Vec<MissingImport>,
    },
    /// The program could not be instantiated.
    #[error("{}: cannot be instantiated: {message}", .path.display())]
    Instantiate {
        /// The program.
        path: PathBuf,
        /// What Wasmtime says.
        message: String,
    },
    /// There is nothing to call, or it cannot be called so.
    #[error("{}: {error}", .path.display())]
    Entry {
        /// The program.
        path: PathBuf,
        /// What is wrong.
        error: EntryError,
    },
    /// The thread for the guest could not be started.
    #[error("cannot start a thread for the guest: {reason}")]
    Thread {
        /// What the system says.
        reason: String,
    },
}

/// What is wrong with the function to call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The program is no command, and no function was named.
    #[error("{}", no_entry(.looked_for, .functions, .hint))]
    None {
        /// What a command has.
        looked_for: &'static str,
        /// The functions that can be called.
        functions: Vec<String>,
        /// More about programs like this one.
        hint: Option<&'static str>,
    },
    /// There is no function of that name.
    #[error("has no exported function `{name}`; {}", callable(.functions))]
    Unknown {
        /// The name.
        name: String,
        /// The functions that can be called.
        functions: Vec<String>,
    },
    /// Several functions have that name.
    #[error("has several functions `{name}`: name one in full: {}", list(.functions))]
    Ambiguous {
        /// The name.
        name: String,
        /// The functions it may mean.
        functions: Vec<String>,
    },
    /// The arguments do not fit.
    #[error("`{function}` cannot be called so: {message}")]
    Arguments {
        /// The function with its type.
        function: String,
        /// What does not fit.
        message: String,
    },
}

/// Runs `program` in `world` and waits for its end.
///
/// The guest's standard streams are the process's own; whoever prints after it should flush
/// standard output first. When the time limit is reached inside a host call that cannot be
/// interrupted, the guest's thread is left behind: end the process soon.
///
/// # Errors
/// When the program cannot be run at all; nothing of it has run then.
pub fn run(program: &Program, world: &World, options: &Options) -> Result<Outcome, RunError> {
    run_in(Code::Plain, program, world, options)
}

/// As [`run`], but in debuggable code, which is three to five times slower and keeps every Wasm
/// local and operand: a [`Failure`] can tell them ([`Failure::frame_values`]).
///
/// # Errors
/// As [`run`].
pub fn run_exact(program: &Program, world: &World, options: &Options) -> Result<Outcome, RunError> {
    run_in(Code::Debuggable, program, world, options)
}

/// Everything that a guest is prepared from, beside its compiled code.
pub(crate) struct Setup<'a> {
    pub engine: &'a Engine,
    pub program: &'a Program,
    pub world: &'a World,
    pub options: &'a Options,
    pub streams: &'a Streams,
    pub watch: Watch,
}

/// Who watches the guest run.
#[derive(Clone)]
pub(crate) enum Watch {
    /// Nobody.
    Nobody,
    /// Debuggable code: frames are captured when it fails.
    Failures,
    /// A debugger.
    Supervision(Arc<Supervision>),
}

impl Watch {
    /// Sets a store up to be watched.
    pub(crate) fn install<T: Send + 'static>(&self, captured: &Captured, store: &mut Store<T>) {
        match self {
            Self::Nobody => {}
            Self::Failures => CaptureHandler::install(captured, store),
            Self::Supervision(supervision) => supervision.install(captured, store),
        }
    }

    /// The debugger.
    pub(crate) fn supervision(&self) -> Option<&Arc<Supervision>> {
        match self {
            Self::Supervision(supervision) => Some(supervision),
            Self::Nobody | Self::Failures => None,
        }
    }

    /// Who waits for files and sleeps.
    pub(crate) fn blocking(&self) -> Blocking {
        match self {
            Self::Supervision(_) => Blocking::OtherThreads,
            Self::Nobody | Self::Failures => Blocking::GuestThread,
        }
    }

    /// Lets a debugger look at a guest that is about to run.
    pub(crate) fn starts<T: 'static>(&self, store: StoreContextMut<'_, T>) -> wasmtime::Result<()> {
        match self {
            Self::Nobody | Self::Failures => Ok(()),
            Self::Supervision(supervision) => supervision.starts(store),
        }
    }
}

fn run_in(
    code: Code,
    program: &Program,
    world: &World,
    options: &Options,
) -> Result<Outcome, RunError> {
    let engine = engine::build(options, code, program)?;
    let streams = Streams::default();
    let setup = Setup {
        engine: &engine,
        program,
        world,
        options,
        streams: &streams,
        watch: match code {
            Code::Plain => Watch::Nobody,
            Code::Debuggable | Code::Interruptible => Watch::Failures,
        },
    };
    match program.kind() {
        ProgramKind::Module => {
            let module = engine::compile_module(&engine, program)?;
            let guest = core_module::prepare(&setup, &module)?;
            on_guest_thread(&setup, move || run_to_end(guest))
        }
        ProgramKind::Component => {
            let component = engine::compile_component(&engine, program)?;
            let guest = component::prepare(&setup, &component)?;
            on_guest_thread(&setup, move || run_to_end(guest))
        }
    }
}

/// A guest ready to run: a core module's or a component's.
pub(crate) trait LoadedGuest: Send + Sized + 'static {
    /// Instantiates it and calls what is to be called: the exit code, and what was returned.
    fn call(&mut self) -> impl Future<Output = wasmtime::Result<(i32, Vec<String>)>> + Send;

    /// What it was loaded from.
    fn program(&self) -> &Program;

    /// What is left of it.
    fn into_store(self) -> StoppedStore;

    /// What is to be said of it when the call ended with this error, which is no exit.
    ///
    /// # Errors
    /// When nothing of it has run.
    fn failed(self, error: &wasmtime::Error) -> Result<Failure, RunError>;
}

/// Runs a guest that nobody stops.
fn run_to_end(mut guest: impl LoadedGuest) -> Result<Outcome, RunError> {
    let result = block_on(guest.call());
    match result {
        Ok((code, results)) => Ok(Outcome::Exited { code, results }),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => Ok(Outcome::Exited {
                code: exit.0,
                results: Vec::new(),
            }),
            None => guest.failed(&error).map(Outcome::Failed),
        },
    }
}

/// Runs `job` on a thread of its own and watches its time.
fn on_guest_thread(
    setup: &Setup<'_>,
    job: impl FnOnce() -> Result<Outcome, RunError> + Send + 'static,
) -> Result<Outcome, RunError> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name("guest".into())
        .spawn(move || {
            // The receiver is gone only when the run has been given up.
            let _ = sender.send(job());
        })
        .map_err(|error| RunError::Thread {
            reason: error.to_string(),
        })?;
    let ended = match setup.options.timeout {
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(limit) => receiver.recv_timeout(limit).or_else(|error| match error {
            RecvTimeoutError::Disconnected => Err(error),
            RecvTimeoutError::Timeout => {
                setup.engine.increment_epoch();
                receiver.recv_timeout(GRACE)
            }
        }),
    };
    match ended {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => {
            let limit = setup.options.timeout.unwrap_or_default();
            Ok(Outcome::Failed(Failure::stuck(
                setup.program,
                limit,
                setup.options.wasm_stack(),
                setup.streams.stderr.tail(),
            )))
        }
        // The thread ended without an answer: it panicked, and so do we, with its message.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(RunError::Thread {
                reason: "it ended without a result".into(),
            }),
        },
    }
}

/// The text of [`RunError::Imports`].
fn missing_imports(path: &std::path::Path, missing: &[MissingImport]) -> String {
    let mut text = format!(
        "{}: imports {} that wasmscope does not provide:",
        path.display(),
        match missing.len() {
            1 => "an item".to_owned(),
            count => format!("{count} items"),
        }
    );
    // Writing to a string does not fail.
    for import in missing.iter().take(MAX_LISTED) {
        let _ = write!(text, "\n  {import}");
    }
    if let Some(more) = missing
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        let _ = write!(text, "\n  … and {more} more");
    }
    let mut said = Vec::new();
    for import in missing {
        let Some(provider) = import.provider() else {
            continue;
        };
        if !said.contains(&provider) {
            said.push(provider);
            let of = if import.module.is_empty() {
                &import.name
            } else {
                &import.module
            };
            let _ = write!(text, "\n`{}`: {provider}", of.escape_debug());
        }
    }
    if said.is_empty() {
        text.push_str("\nwasmscope provides WASI preview 1 and WASI 0.2's command world");
    }
    text
}

/// The text of [`EntryError::None`].
fn no_entry(looked_for: &str, functions: &[String], hint: &Option<&str>) -> String {
    let mut text = format!("has no {looked_for}, so it is not a command; ");
    if let Some(hint) = hint {
        let _ = write!(text, "{hint}; ");
    }
    text + &callable(functions)
}

fn callable(functions: &[String]) -> String {
    if functions.is_empty() {
        "it exports no function that could be called".into()
    } else {
        format!(
            "name one of its functions with --invoke: {}",
            list(functions)
        )
    }
}

/// A list of names, not too long.
fn list(names: &[String]) -> String {
    let quoted: Vec<_> = names
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    let mut text = quoted.join(", ");
    if let Some(more) = names.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}

/// Whether an error was raised while Wasm ran, rather than while it was being set up.
pub(crate) fn came_out_of_wasm(error: &wasmtime::Error) -> bool {
    error.is::<WasmBacktrace>() || error.is::<WasmCoreDump>() || error.is::<Trap>()
}

/// A program whose instantiation failed before any of it ran.
pub(crate) fn not_instantiated(
    program: &Program,
    error: &wasmtime::Error,
    refusal: Option<MemoryRefusal>,
) -> RunError {
    let mut message = messages(error).join(": ");
    if let Some(MemoryRefusal {
        wanted,
        by: RefusedBy::Limit(limit),
        ..
    }) = refusal
    {
        message = format!(
            "it starts with {wanted} bytes of memory, and -W max-memory-size allows {limit}"
        );
    }
    RunError::Instantiate {
        path: program.path().to_path_buf(),
        message,
    }
}
