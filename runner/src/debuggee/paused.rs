//! A stopped guest of debuggable code, as far as it is asked: walking its stack, reading frames,
//! memories and globals, changing what it stops at.

use super::known::Known;
use super::walk::{Innermost, Walk};
use super::{CodePlace, FramePlace, GuestView, PausedGuest};
use crate::component::ComponentState;
use crate::core_module::CoreState;
use crate::engine::MAX_FRAMES;
use crate::failure::{FrameValues, WasmFrame};
use crate::limits::MemoryRefusal;
use crate::program::ProgramKind;
use crate::stopped::{self, Unavailable, WasmValue};
use std::any::Any;
use wasmscope_tracer::HostCall;
use wasmtime::{AsContextMut, Global, Instance, Memory, RootScope, StoreContextMut, Val};

/// Most globals of a module that a [`GuestView`] holds.
const MAX_VIEWED_GLOBALS: u32 = 1024;

/// A stopped guest.
pub(super) struct Paused<'a, T: 'static> {
    pub(super) store: StoreContextMut<'a, T>,
    pub(super) known: &'a mut Known,
    pub(super) innermost: Innermost,
    pub(super) refreshed: bool,
    pub(super) walk: Option<Walk>,
    /// The host call that it waits in.
    pub(super) host_call: Option<String>,
}

impl<'a, T: 'static> Paused<'a, T> {
    pub(super) fn new(
        store: StoreContextMut<'a, T>,
        known: &'a mut Known,
        innermost: Innermost,
    ) -> Self {
        Self {
            store,
            known,
            innermost,
            refreshed: false,
            walk: None,
            host_call: None,
        }
    }

    /// Looks which instances there are, once per stop until all are known.
    pub(super) fn refresh(&mut self) {
        if self.refreshed || self.known.complete {
            return;
        }
        self.refreshed = true;
        for module in &mut self.known.modules {
            module.instances.clear();
            module.memory = None;
        }
        for instance in self.store.as_context_mut().debug_all_instances() {
            let module = instance.module(&self.store).clone();
            if let Some(index) = self.known.meet(&module)
                && let Some(known) = self.known.modules.get_mut(index)
            {
                known.instances.push(instance);
            }
        }
        self.known.complete = match self.known.program.kind() {
            ProgramKind::Module => self
                .known
                .modules
                .iter()
                .all(|module| !module.instances.is_empty()),
            ProgramKind::Component => self.known.instantiated,
        };
    }

    /// What is known beyond this stop.
    pub(super) fn known(&mut self) -> &mut Known {
        self.known
    }

    /// The instance of a module that is meant.
    fn instance(&mut self, module: usize) -> Result<Instance, Unavailable> {
        self.refresh();
        let known = self
            .known
            .modules
            .get(module)
            .ok_or_else(|| Unavailable::because("the program has no such module"))?;
        match stopped::the_only(&known.instances) {
            Ok(instance) => Ok(instance),
            Err(reason) if known.instances.is_empty() => Err(reason),
            Err(reason) => self.innermost_instance(module).ok_or(reason),
        }
    }

    fn memory_handle(&mut self, module: usize) -> Result<Memory, Unavailable> {
        self.refresh();
        if let Some(memory) = self
            .known
            .modules
            .get(module)
            .and_then(|known| known.memory)
        {
            return Ok(memory);
        }
        let instance = self.instance(module)?;
        let memory = instance
            .debug_memory(&mut self.store, 0)
            .ok_or_else(stopped::no_memory)?;
        if let Some(known) = self.known.modules.get_mut(module)
            && known.instances.len() == 1
        {
            known.memory = Some(memory);
        }
        Ok(memory)
    }

    fn global_handle(&mut self, module: usize, index: u32) -> Result<Global, Unavailable> {
        let instance = self.instance(module)?;
        instance
            .debug_global(&mut self.store, index)
            .ok_or_else(|| Unavailable::because(format!("the module has no global {index}")))
    }

    fn value(&mut self, global: Global) -> WasmValue {
        let ty = global.ty(&self.store);
        stopped::read(&global, &ty, &mut self.store)
    }
}

fn stale(error: wasmtime::Error) -> Unavailable {
    Unavailable::because(format!("Wasmtime does not give it: {error:#}"))
}

fn no_such(what: &str, index: u32) -> Unavailable {
    Unavailable::because(format!("the frame has no {what} {index}"))
}

impl<T: 'static> PausedGuest for Paused<'_, T> {
    fn recent_calls(&mut self) -> Vec<HostCall> {
        let state: &dyn Any = self.store.data();
        match (
            state.downcast_ref::<CoreState>(),
            &self.known.component_calls,
        ) {
            (Some(core), _) => core.recent_calls(),
            (None, Some(calls)) => calls.calls(),
            (None, None) => Vec::new(),
        }
    }

    fn stderr_tail(&mut self) -> Vec<u8> {
        self.known.stderr.tail()
    }

    fn host_call(&mut self) -> Option<String> {
        self.host_call.clone()
    }

    fn memory_refusal(&mut self) -> Option<MemoryRefusal> {
        let state: &dyn Any = self.store.data();
        match (
            state.downcast_ref::<CoreState>(),
            state.downcast_ref::<ComponentState>(),
        ) {
            (Some(core), _) => core.memory_refusal(),
            (None, Some(component)) => component.memory_refusal(),
            (None, None) => None,
        }
    }

    fn innermost(&mut self) -> Option<FramePlace> {
        self.frame(0)
    }

    fn frame(&mut self, frame: usize) -> Option<FramePlace> {
        self.walk_to(frame).map(|walked| walked.place)
    }

    fn depth(&mut self, limit: usize) -> usize {
        match limit.min(MAX_FRAMES).checked_sub(1) {
            None => 0,
            Some(last) => {
                self.walk_to(last);
                let walked = self.walk.as_ref().map_or(0, |walk| walk.frames.len());
                walked.min(limit)
            }
        }
    }

    fn stack(&mut self, limit: usize) -> Vec<WasmFrame> {
        let depth = self.depth(limit);
        let frames = self.walk.as_ref().map(|walk| walk.frames.as_slice());
        let frames = frames.unwrap_or_default().iter().take(depth);
        frames
            .map(|frame| WasmFrame {
                module: frame.place.place.module,
                func_index: frame.place.func_index,
                pc: frame.place.place.pc,
                name: None,
            })
            .collect()
    }

    fn local(&mut self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let handle = self.handle(frame)?;
        let mut scope = RootScope::new(&mut self.store);
        if index >= handle.num_locals(&mut scope).map_err(stale)? {
            return Err(no_such("local", index));
        }
        let value = handle.local(&mut scope, index).map_err(stale)?;
        Ok(WasmValue::of(&value))
    }

    fn operand(&mut self, frame: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let handle = self.operands_handle(frame)?;
        let mut scope = RootScope::new(&mut self.store);
        if index >= handle.num_stacks(&mut scope).map_err(stale)? {
            return Err(no_such("operand", index));
        }
        let value = handle.stack(&mut scope, index).map_err(stale)?;
        Ok(WasmValue::of(&value))
    }

    fn frame_values(&mut self, frame: usize) -> Result<FrameValues, Unavailable> {
        let handle = self.handle(frame)?;
        let has_operands = self
            .walk_to(frame)
            .is_some_and(|walked| walked.has_operands);
        let mut scope = RootScope::new(&mut self.store);
        let mut values = FrameValues::default();
        for index in 0..handle.num_locals(&mut scope).map_err(stale)? {
            let value = handle.local(&mut scope, index).map_err(stale)?;
            values.locals.push(WasmValue::of(&value));
        }
        let operands = if has_operands {
            handle.num_stacks(&mut scope).map_err(stale)?
        } else {
            0
        };
        for index in 0..operands {
            let value = handle.stack(&mut scope, index).map_err(stale)?;
            values.operands.push(WasmValue::of(&value));
        }
        Ok(values)
    }

    fn memory(&mut self, module: usize) -> Result<&[u8], Unavailable> {
        let memory = self.memory_handle(module)?;
        Ok(memory.data(&self.store))
    }

    fn memory_mut(&mut self, module: usize) -> Result<&mut [u8], Unavailable> {
        let memory = self.memory_handle(module)?;
        Ok(memory.data_mut(&mut self.store))
    }

    fn global(&mut self, module: usize, index: u32) -> Result<WasmValue, Unavailable> {
        let global = self.global_handle(module, index)?;
        Ok(self.value(global))
    }

    fn set_global(
        &mut self,
        module: usize,
        index: u32,
        value: WasmValue,
    ) -> Result<(), Unavailable> {
        let global = self.global_handle(module, index)?;
        let value = match value {
            WasmValue::I32(value) => Val::I32(value),
            WasmValue::I64(value) => Val::I64(value),
            WasmValue::F32(bits) => Val::F32(bits),
            WasmValue::F64(bits) => Val::F64(bits),
            WasmValue::V128(bits) => Val::V128(bits.into()),
            WasmValue::Reference => {
                return Err(Unavailable::because("references cannot be written"));
            }
        };
        global
            .set(&mut self.store, value)
            .map_err(|error| Unavailable::because(format!("global {index}: {error:#}")))
    }

    fn view(&mut self) -> GuestView<'_> {
        let modules = self.known.modules.len();
        let memories: Vec<_> = (0..modules)
            .map(|module| self.memory_handle(module))
            .collect();
        let mut globals = Vec::with_capacity(modules);
        for module in 0..modules {
            let mut values = Vec::new();
            if let Ok(instance) = self.instance(module) {
                let all = (0..MAX_VIEWED_GLOBALS)
                    .map_while(|index| instance.debug_global(&mut self.store, index));
                let all: Vec<Global> = all.collect();
                values.extend(all.into_iter().map(|global| Ok(self.value(global))));
            }
            globals.push(values);
        }
        let store = &self.store;
        let memories = memories
            .into_iter()
            .map(|memory| memory.map(|memory| memory.data(store)))
            .collect();
        GuestView { memories, globals }
    }

    fn edit(&mut self, arm: &[CodePlace], disarm: &[CodePlace]) -> Result<(), Unavailable> {
        self.change_places(arm, disarm)
    }

    fn set_single_step(&mut self, on: bool) {
        self.step_singly(on);
    }
}
