//! Core modules: WASI preview 1 through the tracer, `_start`, `_initialize` and invoked functions.

use crate::exact::Captured;
use crate::failure::{Failure, Remains, messages};
use crate::imports::MissingImport;
use crate::invoke;
use crate::limits::Limiter;
use crate::options::Options;
use crate::program::Program;
use crate::run::{EntryError, LoadedGuest, RunError, Setup, Watch};
use crate::stdio::TeedStderr;
use crate::stopped::StoppedStore;
use crate::world::World;
use std::time::Duration;
use wasmscope_tracer::{
    P1Host, Recording, add_sockets_to_gated_linker, add_sockets_to_linker, add_to_gated_linker,
    add_to_linker,
};
use wasmtime::{AsContextMut, ExternType, InstancePre, Linker, Module, Store, Val};

/// What a core module's store holds.
pub(crate) struct CoreState {
    host: P1Host,
    limiter: Limiter,
}

impl CoreState {
    fn host(&mut self) -> &mut P1Host {
        &mut self.host
    }

    /// The last calls to the host, oldest first.
    pub(crate) fn recent_calls(&self) -> Vec<wasmscope_tracer::HostCall> {
        self.host.recent.calls()
    }

    /// Memory that was asked for last and refused.
    pub(crate) fn memory_refusal(&self) -> Option<crate::MemoryRefusal> {
        self.limiter.refusal()
    }
}

/// A guest ready to run.
pub(crate) struct Guest {
    program: Program,
    pre: InstancePre<CoreState>,
    store: Store<CoreState>,
    entry: Entry,
    stderr: TeedStderr,
    timeout: Option<Duration>,
    max_wasm_stack: usize,
    captured: Captured,
    watch: Watch,
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
pub(crate) fn prepare(setup: &Setup<'_>, module: &Module) -> Result<Guest, RunError> {
    let Setup {
        engine,
        program,
        world,
        options,
        streams,
        ref watch,
    } = *setup;
    let entry = entry(program, module, world, options)?;
    let policy = world.policy(streams);
    let wasi = world
        .wasi(program, streams, watch.blocking(), &policy, None)?
        .build_p1();
    let mut recording = Recording {
        calls: options.remembered_calls,
        ..Recording::default()
    };
    if let Some(tracing) = &options.tracing {
        tracing.record(&mut recording);
    }
    let mut host = P1Host::with_recording(wasi, recording);
    if let Some(tracing) = &options.tracing {
        host.observe(tracing.observer(program, streams));
        host.inject(tracing.injection.clone());
    }
    host.expect_calls_from(module);
    host.set_network(policy);
    let state = CoreState {
        host,
        limiter: Limiter::new(options.max_memory_size),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_epoch_deadline(1);
    let mut linker: Linker<CoreState> = Linker::new(engine);
    let linked = match watch.supervision() {
        Some(supervision) => {
            let gate = supervision.gate();
            add_to_gated_linker(&mut linker, CoreState::host, &gate).and_then(|()| {
                add_sockets_to_gated_linker(&mut linker, module, CoreState::host, &gate)
            })
        }
        None => add_to_linker(&mut linker, CoreState::host)
            .and_then(|()| add_sockets_to_linker(&mut linker, module, CoreState::host)),
    };
    linked.map_err(|error| RunError::Engine {
        message: format!("{error:#}"),
    })?;
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
        .instantiate_pre(module)
        .map_err(|error| RunError::Instantiate {
            path: path(),
            message: messages(&error).join(": "),
        })?;
    let captured = Captured::new(program);
    watch.install(&captured, &mut store);
    Ok(Guest {
        program: program.clone(),
        pre,
        store,
        entry,
        stderr: streams.stderr.clone(),
        timeout: options.timeout,
        max_wasm_stack: options.wasm_stack(),
        captured,
        watch: watch.clone(),
    })
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
            let words = match invoke.pass_arguments {
                true => &*world.args,
                false => &[],
            };
            match invoke::core_arguments(name, &ty, words) {
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

impl LoadedGuest for Guest {
    async fn call(&mut self) -> wasmtime::Result<(i32, Vec<String>)> {
        self.watch.starts(self.store.as_context_mut())?;
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
            return Ok((0, Vec::new()));
        };
        let function = instance
            .get_func(&mut self.store, name)
            .ok_or_else(|| wasmtime::Error::msg(format!("`{name}` is gone")))?;
        let mut values = vec![Val::I32(0); *results];
        function
            .call_async(&mut self.store, arguments, &mut values)
            .await?;
        Ok((0, values.iter().map(invoke::show_core).collect()))
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn into_store(mut self) -> StoppedStore {
        // What is looked at afterwards holds no port.
        self.store.data_mut().host.close_sockets();
        StoppedStore::Core(self.store)
    }

    fn failed(mut self, error: &wasmtime::Error) -> Result<Failure, RunError> {
        self.store.data_mut().host.close_sockets();
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
            captured: self.captured.take(),
        };
        let store = StoppedStore::Core(self.store);
        Ok(Failure::new(&self.program, error, store, remains))
    }
}
