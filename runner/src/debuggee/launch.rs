//! Compiling a program to debuggable code, and launching it, as often as one likes.

use super::control::Control;
use super::{Supervision, Supervisor};
use crate::engine::{self, Code};
use crate::failure::Failure;
use crate::options::Options;
use crate::program::{Program, ProgramKind};
use crate::run::{LoadedGuest, RunError, Setup, Watch};
use crate::stdio::{CapturedOutput, GuestStdio, Streams};
use crate::stopped::StoppedGuest;
use crate::world::World;
use crate::{component, core_module};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::runtime::with_ambient_tokio_runtime;

/// A program compiled to debuggable code.
pub struct Debuggee {
    program: Program,
    options: Options,
    engine: Engine,
    code: Compiled,
}

enum Compiled {
    Module(Module),
    Component(Component),
}

/// How a launched guest ended.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one per launch")]
pub enum End {
    /// By itself.
    Exited {
        /// Its exit code.
        code: i32,
        /// What the invoked function returned, one line each, for [`Options::invoke`].
        results: Vec<String>,
        /// What is left of it.
        guest: StoppedGuest,
    },
    /// By a failure.
    Failed(Failure),
    /// By [`Control::kill`] or [`super::Resume::Kill`].
    Killed {
        /// What is left of it.
        guest: StoppedGuest,
    },
    /// Nothing of it has run.
    NotRun(RunError),
}

/// A launched guest. Dropping this ends it.
#[derive(Debug)]
pub struct Running {
    control: Control,
    end: Receiver<End>,
    program: Program,
}

/// How much larger than those of plain code the frames of debuggable code may be: a program must not
/// run out of stack because it is debugged.
const LARGER_FRAMES: usize = 8;

/// How long a killed guest has to come out of the host call it is in.
const GRACE: Duration = Duration::from_millis(500);

impl std::fmt::Debug for Debuggee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Debuggee")
            .field("program", &self.program.path())
            .finish_non_exhaustive()
    }
}

impl Debuggee {
    /// Compiles a program. This takes long: seconds for every ten MB of code, unless
    /// [`Options::cache`] holds the result already. [`Options::timeout`] is not kept to: a
    /// debugger's user takes their time; and where [`Options::max_wasm_stack`] is not given, there
    /// is more of it than in plain code, whose frames are smaller.
    ///
    /// # Errors
    /// When the program is not valid or cannot be compiled.
    pub fn compile(program: &Program, options: &Options) -> Result<Self, RunError> {
        let options = Options {
            timeout: None,
            max_wasm_stack: options
                .max_wasm_stack
                .or(Some(options.wasm_stack().saturating_mul(LARGER_FRAMES))),
            ..options.clone()
        };
        let engine = engine::build(&options, Code::Interruptible, program)?;
        let code = match program.kind() {
            ProgramKind::Module => Compiled::Module(engine::compile_module(&engine, program)?),
            ProgramKind::Component => {
                Compiled::Component(engine::compile_component(&engine, program)?)
            }
        };
        Ok(Self {
            program: program.clone(),
            options,
            engine,
            code,
        })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The stack that Wasm frames can take up, in bytes.
    pub fn max_wasm_stack(&self) -> usize {
        self.options.wasm_stack()
    }

    /// Launches the program on a thread of its own. The supervisor's first call is about
    /// [`super::Interruption::Start`].
    ///
    /// # Errors
    /// When the program cannot be run: imports are missing, there is nothing to call, the world
    /// cannot be built.
    pub fn launch(
        &self,
        world: &World,
        mut stdio: GuestStdio,
        supervisor: Box<dyn Supervisor>,
    ) -> Result<Running, RunError> {
        let control = Control::new(&self.engine);
        if let Some(output) = &mut stdio.output {
            let control = control.clone();
            output.watch(move || control.is_wanted());
        }
        let modules = match &self.code {
            Compiled::Module(module) => vec![module.clone()],
            Compiled::Component(_) => Vec::new(),
        };
        let streams = Streams::new(stdio);
        let supervision = Arc::new(Supervision::new(
            &self.program,
            modules,
            control.clone(),
            supervisor,
            streams.stderr.clone(),
            self.options.component_calls.clone(),
        ));
        let setup = Setup {
            engine: &self.engine,
            program: &self.program,
            world,
            options: &self.options,
            streams: &streams,
            watch: Watch::Supervision(Arc::clone(&supervision)),
        };
        let end = match &self.code {
            Compiled::Module(module) => {
                let guest = core_module::prepare(&setup, module)?;
                start(&control, guest, streams.stdio.output)?
            }
            Compiled::Component(component) => {
                let guest = component::prepare(&setup, component)?;
                start(&control, guest, streams.stdio.output)?
            }
        };
        Ok(Running {
            control,
            end,
            program: self.program.clone(),
        })
    }
}

/// Says that there is no more output, also when the thread panics.
struct EndsOutput(Option<CapturedOutput>);

impl Drop for EndsOutput {
    fn drop(&mut self) {
        if let Some(output) = &self.0 {
            output.end();
        }
    }
}

/// Says that nothing of the guest runs any more, also when the thread panics.
struct Ended<'a>(&'a Control);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.ended();
    }
}

/// Starts the guest's thread.
fn start(
    control: &Control,
    guest: impl LoadedGuest,
    output: Option<CapturedOutput>,
) -> Result<Receiver<End>, RunError> {
    let (sender, receiver) = mpsc::channel();
    let control = control.clone();
    std::thread::Builder::new()
        .name("guest".into())
        .spawn(move || {
            let output = EndsOutput(output);
            let end = run(&control, guest);
            drop(output);
            // Nobody may be left to hear of it.
            let _ = sender.send(end);
        })
        .map_err(|error| RunError::Thread {
            reason: error.to_string(),
        })?;
    Ok(receiver)
}

/// The life of a guest.
fn run(control: &Control, mut guest: impl LoadedGuest) -> End {
    let ended = Ended(control);
    // Host functions that wait need Wasmtime's runtime around them; its own threads run it.
    let result = with_ambient_tokio_runtime(|| control.drive(guest.call()));
    drop(ended);
    let left = |guest: &Program, store| StoppedGuest::of_debuggable(guest, store);
    let program = guest.program().clone();
    let (code, results) = match result {
        None => {
            let guest = left(&program, guest.into_store());
            return End::Killed { guest };
        }
        Some(Ok(ended)) => ended,
        Some(Err(error)) => match error.downcast_ref::<I32Exit>() {
            Some(exit) => (exit.0, Vec::new()),
            None => {
                return match guest.failed(&error) {
                    Ok(failure) => End::Failed(failure),
                    Err(error) => End::NotRun(error),
                };
            }
        },
    };
    End::Exited {
        code,
        results,
        guest: left(&program, guest.into_store()),
    }
}

impl Running {
    /// A handle for other threads.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// As [`Control::interrupt`].
    pub fn interrupt(&self) {
        self.control.interrupt();
    }

    /// As [`Control::kill`].
    pub fn kill(&self) {
        self.control.kill();
    }

    /// As [`Control::host_call`].
    pub fn host_call(&self) -> Option<String> {
        self.control.host_call()
    }

    /// Waits until the guest has ended. One that is killed inside a host call that cannot be
    /// interrupted is given up after half a second: its thread is left behind, and ends when the
    /// call returns.
    pub fn wait(self) -> End {
        let mut since_kill = Duration::ZERO;
        let step = Duration::from_millis(50);
        loop {
            match self.end.recv_timeout(step) {
                Ok(end) => return end,
                Err(RecvTimeoutError::Timeout) if self.control.is_killed() => {
                    since_kill += step;
                    if since_kill < GRACE {
                        continue;
                    }
                    let guest = StoppedGuest::unknown(
                        &self.program,
                        "the guest is still inside a host call",
                    );
                    return End::Killed { guest };
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return End::NotRun(RunError::Thread {
                        reason: "it ended without a result".into(),
                    });
                }
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.control.kill();
    }
}
