//! Core modules: WASI preview 1 through the tracer, `_start`, `_initialize` and invoked functions.

use crate::engine;
use crate::exact::{Capture, block_on};
use crate::failure::{Failure, Remains, messages};
use crate::imports::MissingImport;
use crate::invoke;
use crate::limits::Limiter;
use crate::options::Options;
use crate::program::Program;
use crate::run::{EntryError, Outcome, RunError, Setup};
use crate::stdio::TeedStderr;
use crate::stopped::StoppedStore;
use crate::world::World;
use std::time::Duration;
use wasmscope_tracer::{P1Host, Recording};
use wasmtime::{ExternType, InstancePre, Linker, Module, Store, Val};
use wasmtime_wasi::I32Exit;

/// What a core module's store holds.
pub(crate) struct CoreState {
    host: P1Host,
    limiter: Limiter,
}

/// A guest ready to run.
struct Guest {
    program: Program,
    pre: InstancePre<CoreState>,
    store: Store<CoreState>,
    entry: Entry,
    stderr: TeedStderr,
    timeout: Option<Duration>,
    max_wasm_stack: usize,
    capture: Capture<CoreState>,
}

/// What is called once the module is instantiated (and `_initialize` called, if there is one).
enum Entry {
    /// A function, with arguments and the number of its results.
    Call {
        name: String,
        arguments: Vec<Val>,
        results: usize,
    },
    /// Nothing: the module's start function is all there is.
    Instantiate,
}

/// Compiles, links and checks everything that can be checked without running.
pub(crate) fn prepare(
    setup: &Setup<'_>,
) -> Result<impl FnOnce() -> Result<Outcome, RunError> + Send + 'static, RunError> {
    let Setup {
        engine,
        code,
        program,
        world,
        options,
        stderr,
    } = *setup;
    let module = engine::compile_module(engine, program)?;
    let entry = entry(program, &module, world, options)?;
    let wasi = world.wasi(program, stderr)?.build_p1();
    let mut recording = Recording {
        calls: options.remembered_calls,
        ..Recording::default()
    };
    if let Some(tracing) = &options.tracing {
        tracing.record(&mut recording);
    }
    let mut host = P1Host::with_recording(wasi, recording);
    if let Some(tracing) = &options.tracing {
        host.observe(tracing.observer(program));
    }
    host.expect_calls_from(&module);
    let state = CoreState {
        host,
        limiter: Limiter::new(options.max_memory_size),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    if options.timeout.is_some() {
        store.set_epoch_deadline(1);
    }
    let mut linker: Linker<CoreState> = Linker::new(engine);
    wasmscope_tracer::add_to_linker(&mut linker, |state: &mut CoreState| &mut state.host).map_err(
        |error| RunError::Engine {
            message: format!("{error:#}"),
        },
    )?;
    let missing: Vec<_> = module
        .imports()
        .filter(|import| linker.get_by_import(&mut store, import).is_none())
        .map(|import| MissingImport::core(&import))
        .collect();
    let path = || program.path().to_path_buf();
    if !missing.is_empty() {
        return Err(RunError::Imports {
            path: path(),
            missing,
        });
    }
    let pre = linker
        .instantiate_pre(&module)
        .map_err(|error| RunError::Instantiate {
            path: path(),
            message: messages(&error).join(": "),
        })?;
    let capture = Capture::install(code, program, &mut store);
    let guest = Guest {
        program: program.clone(),
        pre,
        store,
        entry,
        stderr: stderr.clone(),
        timeout: options.timeout,
        max_wasm_stack: options.wasm_stack(),
        capture,
    };
    Ok(move || guest.run())
}

/// What to call, and with which arguments.
fn entry(
    program: &Program,
    module: &Module,
    world: &World,
    options: &Options,
) -> Result<Entry, RunError> {
    let fail = |error| {
        Err(RunError::Entry {
            path: program.path().to_path_buf(),
            error,
        })
    };
    let functions = || -> Vec<String> {
        let exported = module
            .exports()
            .filter(|export| matches!(export.ty(), ExternType::Func(_)));
        exported
            .map(|export| export.name().to_owned())
            .filter(|name| name != "_start" && name != "_initialize")
            .collect()
    };
    let function = |name: &str| match module.get_export(name) {
        Some(ExternType::Func(ty)) => Some(ty),
        _ => None,
    };
    match &options.invoke {
        Some(invoke) => {
            let name = &invoke.function;
            let Some(ty) = function(name) else {
                return fail(EntryError::Unknown {
                    name: name.clone(),
                    functions: functions(),
                });
            };
            match invoke::core_arguments(name, &ty, &world.args) {
                Ok(arguments) => Ok(Entry::Call {
                    name: name.clone(),
                    arguments,
                    results: ty.results().len(),
                }),
                Err(error) => fail(error),
            }
        }
        None => match function("_start") {
            Some(ty) if ty.params().len() == 0 && ty.results().len() == 0 => Ok(Entry::Call {
                name: "_start".into(),
                arguments: Vec::new(),
                results: 0,
            }),
            Some(_) => fail(EntryError::Arguments {
                function: "_start".into(),
                message: "a command's `_start` has neither parameters nor results".into(),
            }),
            None if program
                .module_ranges()
                .first()
                .is_some_and(|module| module.has_start) =>
            {
                Ok(Entry::Instantiate)
            }
            None => fail(EntryError::None {
                looked_for: "`_start` function",
                functions: functions(),
                hint: None,
            }),
        },
    }
}

impl Guest {
    fn run(mut self) -> Result<Outcome, RunError> {
        match block_on(self.call()) {
            Ok(results) => Ok(Outcome::Exited { code: 0, results }),
            Err(error) => self.failed(&error),
        }
    }

    async fn call(&mut self) -> wasmtime::Result<Vec<String>> {
        let instance = self.pre.instantiate_async(&mut self.store).await?;
        if let Ok(initialize) = instance.get_typed_func::<(), ()>(&mut self.store, "_initialize") {
            initialize.call_async(&mut self.store, ()).await?;
        }
        let Entry::Call {
            name,
            arguments,
            results,
        } = &self.entry
        else {
            return Ok(Vec::new());
        };
        let function = instance
            .get_func(&mut self.store, name)
            .ok_or_else(|| wasmtime::Error::msg(format!("`{name}` is gone")))?;
        let mut values = vec![Val::I32(0); *results];
        function
            .call_async(&mut self.store, arguments, &mut values)
            .await?;
        Ok(values.iter().map(invoke::show_core).collect())
    }

    fn failed(self, error: &wasmtime::Error) -> Result<Outcome, RunError> {
        if let Some(exit) = error.downcast_ref::<I32Exit>() {
            return Ok(Outcome::Exited {
                code: exit.0,
                results: Vec::new(),
            });
        }
        let state = self.store.data();
        let memory_refusal = state.limiter.refusal();
        if !crate::run::came_out_of_wasm(error) {
            return Err(crate::run::not_instantiated(
                &self.program,
                error,
                memory_refusal,
            ));
        }
        let remains = Remains {
            recent_calls: state.host.recent.calls(),
            stderr_tail: self.stderr.tail(),
            memory_refusal,
            timeout: self.timeout,
            max_wasm_stack: self.max_wasm_stack,
            captured: self.capture.take(),
        };
        let store = StoppedStore::Core(self.store);
        Ok(Outcome::Failed(Failure::new(
            &self.program,
            error,
            store,
            remains,
        )))
    }
}
