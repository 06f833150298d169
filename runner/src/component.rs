//! Components: WASI 0.2, `wasi:cli/run`, and invoked functions of the world or of an exported
//! interface.

use crate::debuggee::{add_waiting_to_linker, at_call};
use crate::exact::Captured;
use crate::failure::{Failure, Remains, messages};
use crate::imports::{self, MissingImport};
use crate::invoke;
use crate::limits::Limiter;
use crate::network::Places;
use crate::options::{Invoke, Options};
use crate::program::Program;
use crate::run::{EntryError, LoadedGuest, RunError, Setup, Watch};
use crate::stdio::TeedStderr;
use crate::stopped::StoppedStore;
use std::time::Duration;
use wasmscope_tracer::{ComponentCalls, Watched, WatchedView};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, InstancePre, Linker, ResourceTable, Val};
use wasmtime::{AsContextMut, CallHook, Engine, Store, WasmBacktrace};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// What a component's store holds.
pub(crate) struct ComponentState {
    wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    limiter: Limiter,
    /// Where calls are noted that somebody is told of.
    pub(crate) calls: ComponentCalls,
    /// Where its sockets are in its own eyes.
    pub(crate) places: Places,
}

impl ComponentState {
    /// Memory that was asked for last and refused.
    pub(crate) fn memory_refusal(&self) -> Option<crate::MemoryRefusal> {
        self.limiter.refusal()
    }
}

impl WasiView for ComponentState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WatchedView for ComponentState {
    fn watched(&mut self) -> Watched<'_> {
        Watched {
            view: WasiCtxView {
                ctx: &mut self.wasi,
                table: &mut self.table,
            },
            calls: &self.calls,
        }
    }
}

/// A guest ready to run.
pub(crate) struct Guest {
    program: Program,
    store: Store<ComponentState>,
    entry: Entry,
    stderr: TeedStderr,
    timeout: Option<Duration>,
    max_wasm_stack: usize,
    captured: Captured,
    watch: Watch,
    calls: Option<ComponentCalls>,
}

enum Entry {
    /// `wasi:cli/run`.
    Command(CommandPre<ComponentState>),
    /// A function of the world or of one of its interfaces.
    Call {
        pre: InstancePre<ComponentState>,
        /// The names of the interfaces to go through, then the function's.
        path: Vec<String>,
        arguments: Vec<Val>,
        results: usize,
    },
}

/// Compiles, links and checks everything that can be checked without running.
pub(crate) fn prepare(setup: &Setup<'_>, component: &Component) -> Result<Guest, RunError> {
    let Setup {
        engine,
        program,
        world,
        options,
        streams,
        ref watch,
    } = *setup;
    let mut linker: Linker<ComponentState> = Linker::new(engine);
    let not_defined = |error| RunError::Engine {
        message: format!("{error:#}"),
    };
    match watch.supervision() {
        Some(supervision) => wasmtime_wasi::p2::add_to_linker_async(&mut linker)
            .and_then(|()| add_waiting_to_linker(&mut linker, supervision)),
        None => wasmtime_wasi::p2::add_to_linker_sync(&mut linker),
    }
    .map_err(not_defined)?;
    let traced = options
        .tracing
        .as_ref()
        .zip(options.component_calls.as_ref());
    // Calls that nobody wants to hear of need nothing that costs the guest time.
    let is_heard = traced.is_some_and(|(tracing, _)| tracing.is_heard());
    if is_heard {
        ComponentCalls::watch(&mut linker).map_err(not_defined)?;
    }
    let policy = world.policy(streams);
    let waits = watch.supervision().is_some();
    crate::network::add_to_linker(&mut linker, &policy, waits, is_heard).map_err(not_defined)?;
    let pre = linker
        .instantiate_pre(component)
        .map_err(|error| not_linked(program, engine, component, &error))?;
    let entry =
        entry(program, engine, component, pre, options).map_err(|error| RunError::Entry {
            path: program.path().to_path_buf(),
            error,
        })?;
    let state = ComponentState {
        wasi: world
            .wasi(
                program,
                streams,
                watch.blocking(),
                &policy,
                options.component_calls.as_ref(),
            )?
            .build(),
        table: ResourceTable::new(),
        limiter: Limiter::new(options.max_memory_size),
        calls: options.component_calls.clone().unwrap_or_default(),
        places: Places::default(),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_epoch_deadline(1);
    if let Some((tracing, calls)) = traced {
        calls.observe(tracing.observer(program, streams));
        calls.inject(tracing.injection.clone());
        match watch {
            _ if !is_heard => {}
            Watch::Failures if tracing.with_state => {
                at_call::tell_when_over(&mut store, calls.clone(), tracing, program, streams);
            }
            _ => tell_when_over(&mut store, calls.clone()),
        }
    }
    let captured = Captured::new(program);
    watch.install(&captured, &mut store);
    if let Some(supervision) = watch.supervision() {
        supervision.hook_calls(options.component_calls.clone(), &mut store);
    }
    Ok(Guest {
        program: program.clone(),
        store,
        entry,
        stderr: streams.stderr.clone(),
        timeout: options.timeout,
        max_wasm_stack: options.wasm_stack(),
        captured,
        watch: watch.clone(),
        calls: options.component_calls.clone(),
    })
}

/// Closes files and sockets of a guest that has ended: what is looked at afterwards holds no port.
fn close_resources(store: &mut Store<ComponentState>) {
    let table = std::mem::take(&mut store.data_mut().table);
    wasmtime_wasi::runtime::with_ambient_tokio_runtime(|| drop(table));
}

/// Has `calls` told when the guest goes on after a call, while its stack can be walked.
fn tell_when_over(store: &mut Store<ComponentState>, calls: ComponentCalls) {
    store.call_hook(move |store, hook| {
        if matches!(hook, CallHook::ReturningFromHost) {
            calls.returned(&|| WasmBacktrace::force_capture(&store));
        }
        Ok(())
    });
}

/// Names the imports that are not provided; Wasmtime only names the first.
fn not_linked(
    program: &Program,
    engine: &Engine,
    component: &Component,
    error: &wasmtime::Error,
) -> RunError {
    let path = program.path().to_path_buf();
    let ty = component.component_type();
    let missing: Vec<_> = ty
        .imports(engine)
        // Types alone need no provider.
        .filter(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
        .filter(|(name, _)| !imports::is_provided(name, ""))
        .map(|(name, item)| MissingImport::component(name, &item.ty))
        .collect();
    if missing.is_empty() {
        return RunError::Instantiate {
            path,
            message: messages(error).join(": "),
        };
    }
    RunError::Imports { path, missing }
}

fn entry(
    program: &Program,
    engine: &Engine,
    component: &Component,
    pre: InstancePre<ComponentState>,
    options: &Options,
) -> Result<Entry, EntryError> {
    let exported = exported_functions(engine, component);
    let names = || {
        exported
            .iter()
            .map(|(path, _)| path.join("#"))
            .collect::<Vec<_>>()
    };
    let Some(invoke) = &options.invoke else {
        return CommandPre::new(pre).map(Entry::Command).map_err(|error| {
            tracing::debug!(program = %program.path().display(), "no command: {error:#}");
            EntryError::None {
                looked_for: "`wasi:cli/run` export (of WASI 0.2)",
                functions: names(),
                hint: no_command_hint(engine, component),
            }
        });
    };
    let (path, ty, arguments) = find(&exported, invoke, names)?;
    let values = invoke::component_arguments(&path.join("#"), ty, arguments)?;
    let results = ty.results().len();
    Ok(Entry::Call {
        pre,
        path: path.clone(),
        arguments: values,
        results,
    })
}

/// What the exports say a component is for, when it is no command.
fn no_command_hint(engine: &Engine, component: &Component) -> Option<&'static str> {
    let ty = component.component_type();
    let exports: Vec<String> = ty
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let starts = |prefix: &str| exports.iter().any(|name| name.starts_with(prefix));
    if starts("wasi:http/") {
        Some("it serves HTTP: `wasmtime serve` runs such components")
    } else if starts("wasi:cli/run@0.3") {
        Some("it is a command of WASI 0.3, which wasmscope does not run yet")
    } else {
        None
    }
}

type Exported = (Vec<String>, ComponentFunc);

/// All functions that can be called from outside, with the interfaces they are in.
fn exported_functions(engine: &Engine, component: &Component) -> Vec<Exported> {
    let mut found = Vec::new();
    for (name, export) in component.component_type().exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(ty) => found.push((vec![name.to_owned()], ty)),
            ComponentItem::ComponentInstance(instance) => {
                for (inner, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = item.ty {
                        found.push((vec![name.to_owned(), inner.to_owned()], ty));
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Finds the function that a call means: by its full name, or else by the end of it.
fn find<'a>(
    exported: &'a [Exported],
    invoke: &'a Invoke,
    names: impl Fn() -> Vec<String>,
) -> Result<(&'a Vec<String>, &'a ComponentFunc, &'a str), EntryError> {
    let (wanted, arguments) = invoke::split_call(&invoke.function);
    let wanted = wanted.trim();
    let full: Vec<_> = exported
        .iter()
        .filter(|(path, _)| path.join("#") == wanted)
        .collect();
    let last = || {
        exported
            .iter()
            .filter(|(path, _)| path.last().is_some_and(|f| f == wanted))
    };
    let candidates = if full.is_empty() {
        last().collect()
    } else {
        full
    };
    match candidates.as_slice() {
        [(path, ty)] => Ok((path, ty, arguments)),
        [] => Err(EntryError::Unknown {
            name: wanted.to_owned(),
            functions: names(),
        }),
        several => Err(EntryError::Ambiguous {
            name: wanted.to_owned(),
            functions: several.iter().map(|(path, _)| path.join("#")).collect(),
        }),
    }
}

impl LoadedGuest for Guest {
    async fn call(&mut self) -> wasmtime::Result<(i32, Vec<String>)> {
        match &self.entry {
            Entry::Command(pre) => {
                let command = pre.instantiate_async(&mut self.store).await?;
                self.watch.starts(self.store.as_context_mut())?;
                let result = command.wasi_cli_run().call_run(&mut self.store).await?;
                let code = if result.is_ok() { 0 } else { 1 };
                Ok((code, Vec::new()))
            }
            Entry::Call {
                pre,
                path,
                arguments,
                results,
            } => {
                let gone = || wasmtime::Error::msg(format!("`{}` is gone", path.join("#")));
                let instance = pre.instantiate_async(&mut self.store).await?;
                self.watch.starts(self.store.as_context_mut())?;
                let mut index = None;
                for name in path {
                    let found = instance.get_export_index(&mut self.store, index.as_ref(), name);
                    index = Some(found.ok_or_else(gone)?);
                }
                let index = index.ok_or_else(gone)?;
                let function = instance.get_func(&mut self.store, index).ok_or_else(gone)?;
                let mut values = vec![Val::Bool(false); *results];
                function
                    .call_async(&mut self.store, arguments, &mut values)
                    .await?;
                let results = values.iter().map(invoke::show_component).collect();
                Ok((0, results))
            }
        }
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn into_store(mut self) -> StoppedStore {
        close_resources(&mut self.store);
        StoppedStore::Component(self.store)
    }

    fn failed(mut self, error: &wasmtime::Error) -> Result<Failure, RunError> {
        close_resources(&mut self.store);
        let memory_refusal = self.store.data().limiter.refusal();
        if !crate::run::came_out_of_wasm(error) {
            return Err(crate::run::not_instantiated(
                &self.program,
                error,
                memory_refusal,
            ));
        }
        let remains = Remains {
            recent_calls: self
                .calls
                .as_ref()
                .map(ComponentCalls::calls)
                .unwrap_or_default(),
            stderr_tail: self.stderr.tail(),
            memory_refusal,
            timeout: self.timeout,
            max_wasm_stack: self.max_wasm_stack,
            captured: self.captured.take(),
        };
        let store = StoppedStore::Component(self.store);
        Ok(Failure::new(&self.program, error, store, remains))
    }
}
