//! A stopped guest of debuggable code, as far as it is asked: walking its stack, reading frames,
//! memories and globals, changing what it stops at.

use super::host_calls::shim_target;
use super::{CodePlace, FramePlace, GuestView, PausedGuest};
use crate::code_index::{Call, Callee, CodeIndex};
use crate::component::ComponentState;
use crate::core_module::CoreState;
use crate::engine::MAX_FRAMES;
use crate::failure::{self, FrameValues, WasmFrame};
use crate::limits::MemoryRefusal;
use crate::program::{Program, ProgramKind};
use crate::stdio::TeedStderr;
use crate::stopped::{self, Unavailable, WasmValue};
use std::any::Any;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use wasmscope_tracer::{ComponentCalls, HostCall};
use wasmtime::{
    AsContext, AsContextMut, FrameHandle, Global, Instance, Memory, Module, ModulePC, RootScope,
    StoreContextMut, Val, WasmBacktrace,
};

/// Most globals of a module that a [`GuestView`] holds.
const MAX_VIEWED_GLOBALS: u32 = 1024;

/// Most calls that are kept by the place they return to.
const MAX_CALLS: usize = 1 << 16;

/// What is known of a store beyond one stop.
pub(super) struct Known {
    program: Program,
    /// By the module's place in the program.
    modules: Vec<ModuleKnown>,
    /// By the instance's number in the store.
    owners: Vec<Owner>,
    /// Whether a component's instances are all there.
    instantiated: bool,
    /// Whether all instances there will be are known.
    complete: bool,
    armed: BTreeSet<CodePlace>,
    /// Places that are known to be opcodes.
    opcodes: HashSet<CodePlace>,
    /// By the place it returns to.
    calls: HashMap<CodePlace, Option<Call>>,
    stderr: TeedStderr,
    /// Where the calls of components are remembered.
    component_calls: Option<ComponentCalls>,
}

/// How the innermost frame's place is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Innermost {
    /// As Wasmtime's debug interface has it: at a breakpoint, a trap, an exception.
    Exact,
    /// It has called its host, and the debug interface says where to it returns.
    Call,
    /// The host has failed it. It may have called its host, or an opcode may have needed it: only
    /// the backtrace knows.
    Host,
    /// It was found between two opcodes, at a loop's head or a function's entry, in code that
    /// stands apart: the debug interface names a wrong place and wrong operands, and the backtrace
    /// is right.
    Between,
    /// The host calls itself in the guest's name: the debug interface cannot walk from there.
    Unknown,
    /// After a native stack overflow it has not set up what the debug interface reads; asking would
    /// end the process.
    Broken,
}

#[derive(Default)]
struct ModuleKnown {
    module: Option<Module>,
    imported_functions: u32,
    instances: Vec<Instance>,
    /// Memory 0 of the only instance.
    memory: Option<Memory>,
    /// Made when first asked for.
    code: Option<CodeIndex>,
    /// The names of imported functions that were called.
    import_names: HashMap<u32, Option<Arc<str>>>,
    /// What shims' functions stand for.
    shim_names: HashMap<u32, Option<Arc<str>>>,
}

/// Whose an instance is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    NotAsked,
    Module(usize),
    /// An adapter's between components.
    Adapter,
}

impl Known {
    pub(super) fn new(
        program: &Program,
        modules: Vec<Module>,
        stderr: TeedStderr,
        component_calls: Option<ComponentCalls>,
    ) -> Self {
        let mut known = Self {
            stderr,
            component_calls,
            program: program.clone(),
            modules: program
                .core_modules()
                .map(|_| ModuleKnown::default())
                .collect(),
            owners: Vec::new(),
            instantiated: false,
            complete: false,
            armed: BTreeSet::new(),
            opcodes: HashSet::new(),
            calls: HashMap::new(),
        };
        for module in modules {
            known.meet(&module);
        }
        known
    }

    /// All instances there will be are there; of a core module the only one is still to come.
    pub(super) fn instantiated(&mut self) {
        self.instantiated = true;
    }

    /// Takes note of a module.
    fn meet(&mut self, module: &Module) -> Option<usize> {
        let index = stopped::module_index(&self.program, module)?;
        let known = self.modules.get_mut(index)?;
        if known.module.is_none() {
            let functions = module.functions();
            let first = functions.into_iter().next();
            known.imported_functions = first.map_or(0, |first| first.index.as_u32());
            known.module = Some(module.clone());
        }
        Some(index)
    }

    /// The index of a module's code, and its binary.
    fn code(&mut self, module: usize) -> Option<(&CodeIndex, &[u8])> {
        let range = self.program.module_ranges().get(module)?.range.clone();
        let bytes = self.program.bytes().get(range)?;
        let known = self.modules.get_mut(module)?;
        Some((
            known.code.get_or_insert_with(|| CodeIndex::new(bytes)),
            bytes,
        ))
    }

    fn is_opcode(&mut self, place: CodePlace) -> bool {
        self.code(place.module)
            .is_some_and(|(code, bytes)| code.is_opcode(bytes, place.pc))
    }

    /// The call that returns to a place.
    fn call_before(&mut self, place: CodePlace) -> Option<Call> {
        if let Some(call) = self.calls.get(&place) {
            return *call;
        }
        let call = self
            .code(place.module)
            .and_then(|(code, bytes)| code.call_before(bytes, place.pc));
        if self.calls.len() >= MAX_CALLS {
            self.calls.clear();
        }
        self.calls.insert(place, call);
        call
    }

    /// The name of a module's imported function, if that is one of the host's: those of components
    /// name an interface.
    pub(super) fn import_name(&mut self, module: usize, function: u32) -> Option<Arc<str>> {
        if let Some(name) = self.modules.get(module)?.import_names.get(&function) {
            return name.clone();
        }
        let name = self.code(module).and_then(|(code, _)| {
            let (interface, name) = code.import(function)?;
            let is_host = interface.contains(':') && !interface.starts_with("wit-component:");
            is_host.then(|| Arc::from(format!("{interface}#{name}")))
        });
        let known = self.modules.get_mut(module)?;
        known.import_names.insert(function, name.clone());
        name
    }

    /// What a function of a shim module stands for.
    pub(super) fn shim_name(&mut self, module: usize, function: u32) -> Option<Arc<str>> {
        if let Some(name) = self.modules.get(module)?.shim_names.get(&function) {
            return name.clone();
        }
        let target = self
            .code(module)
            .and_then(|(_, bytes)| shim_target(bytes, function));
        let name: Option<Arc<str>> = target.map(Arc::from);
        let known = self.modules.get_mut(module)?;
        known.shim_names.insert(function, name.clone());
        name
    }
}

/// A stopped guest.
pub(super) struct Paused<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    known: &'a mut Known,
    innermost: Innermost,
    refreshed: bool,
    walk: Option<Walk>,
}

/// A walk along the stack, as far as it has come.
struct Walk {
    frames: Vec<Walked>,
    /// Where the activations further out begin, the outermost first.
    exits: Vec<FrameHandle>,
    next: Option<FrameHandle>,
    /// How many handles have been looked at, adapters' included.
    asked: usize,
}

struct Walked {
    place: FramePlace,
    /// `None` when its values cannot be read.
    handle: Option<FrameHandle>,
    /// Whether its operands are those at its place.
    has_operands: bool,
    /// What it has called.
    callee: Option<Callee>,
    instance: Option<Instance>,
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
        }
    }

    /// Looks which instances there are, once per stop until all are known.
    fn refresh(&mut self) {
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

    /// Whose frame it is.
    fn owner(&mut self, instance: Instance) -> Owner {
        let number = instance.debug_index_in_store();
        let Ok(slot) = usize::try_from(number) else {
            return Owner::Adapter;
        };
        match self.known.owners.get(slot) {
            Some(Owner::NotAsked) | None => {}
            Some(owner) => return *owner,
        }
        let module = instance.module(&self.store).clone();
        let owner = self
            .known
            .meet(&module)
            .map_or(Owner::Adapter, Owner::Module);
        if self.known.owners.len() <= slot {
            self.known.owners.resize(slot + 1, Owner::NotAsked);
        }
        if let Some(entry) = self.known.owners.get_mut(slot) {
            *entry = owner;
        }
        owner
    }

    /// Walks until the frame at `index` is known, or the stack ends.
    fn walk_to(&mut self, index: usize) -> Option<&Walked> {
        if index >= MAX_FRAMES {
            return None;
        }
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => self.begin_walk(),
        };
        while walk.frames.len() <= index && self.advance(&mut walk) {}
        self.walk.insert(walk).frames.get(index)
    }

    fn begin_walk(&mut self) -> Walk {
        let mut exits = match self.innermost {
            Innermost::Unknown => Vec::new(),
            _ => cautiously(|| self.store.debug_exit_frames().collect()).unwrap_or_default(),
        };
        exits.reverse();
        let mut walk = Walk {
            frames: Vec::new(),
            next: exits.pop(),
            exits,
            asked: 0,
        };
        if self.innermost == Innermost::Broken
            && let Some(innermost) = walk.next.take()
        {
            walk.frames.extend(self.backtraced().map(|place| Walked {
                place,
                handle: None,
                has_operands: false,
                callee: None,
                instance: None,
            }));
            walk.next = self.outwards(&innermost, &mut walk.exits);
        }
        walk
    }

    /// The innermost frame's place as the backtrace has it; `None` if it is an adapter's.
    fn backtraced(&mut self) -> Option<FramePlace> {
        let backtrace = WasmBacktrace::force_capture(&self.store);
        let innermost = backtrace.frames().get(..1)?;
        let frames = failure::frames(&self.known.program, innermost);
        let frame = frames.first()?;
        // What runs at a function's entry is said to be at its locals' declarations.
        let (code, bytes) = self.known.code(frame.module)?;
        let pc = code.opcode_or_entry(bytes, frame.pc)?;
        Some(FramePlace {
            place: CodePlace {
                module: frame.module,
                pc,
            },
            func_index: frame.func_index,
        })
    }

    /// Whether Wasmtime can walk the stack of a component that has called its host. It cannot when
    /// a resource is dropped: what calls the destructor is no module's code.
    pub(super) fn is_walkable(&mut self) -> bool {
        let Some(FramePlace { place, .. }) = self.backtraced() else {
            return false;
        };
        let callee = self
            .known
            .code(place.module)
            .and_then(|(code, bytes)| code.callee_at(bytes, place.pc));
        let Some(Callee::Function(function)) = callee else {
            return true;
        };
        self.known
            .code(place.module)
            .and_then(|(code, _)| code.import(function))
            .is_none_or(|(_, name)| !name.starts_with("[resource-drop]"))
    }

    /// The frame that comes after one, in whichever activation.
    fn outwards(
        &mut self,
        frame: &FrameHandle,
        exits: &mut Vec<FrameHandle>,
    ) -> Option<FrameHandle> {
        match cautiously(|| frame.parent(&mut self.store)) {
            Some(Ok(Some(parent))) => Some(parent),
            Some(_) => exits.pop(),
            None => None,
        }
    }

    /// One frame further; `false` at the end of the stack.
    fn advance(&mut self, walk: &mut Walk) -> bool {
        while let Some(handle) = walk.next.take() {
            let is_innermost = walk.frames.is_empty() && walk.asked == 0;
            walk.asked = walk.asked.saturating_add(1);
            let walked = self.walked(&handle, is_innermost);
            walk.next = self.outwards(&handle, &mut walk.exits);
            if let Some(walked) = walked {
                walk.frames.push(walked);
                return true;
            }
        }
        false
    }

    /// What a handle stands for; `None` for adapters.
    fn walked(&mut self, handle: &FrameHandle, is_innermost: bool) -> Option<Walked> {
        let instance = handle.instance(&mut self.store).ok()?;
        let Owner::Module(module) = self.owner(instance) else {
            return None;
        };
        let (function, pc) = handle
            .wasm_function_index_and_pc(&mut self.store)
            .ok()
            .flatten()?;
        let imported = self.known.modules.get(module)?.imported_functions;
        let mut walked = Walked {
            place: FramePlace {
                place: CodePlace {
                    module,
                    pc: u64::from(pc.raw()),
                },
                func_index: function.as_u32().saturating_add(imported),
            },
            handle: Some(handle.clone()),
            has_operands: true,
            callee: None,
            instance: Some(instance),
        };
        let how = if is_innermost {
            self.innermost
        } else {
            Innermost::Call
        };
        match how {
            Innermost::Exact => {}
            Innermost::Call => {
                if let Some(call) = self.known.call_before(walked.place.place) {
                    walked.place.place.pc = call.pc;
                    walked.callee = Some(call.callee);
                }
            }
            Innermost::Host | Innermost::Between | Innermost::Broken | Innermost::Unknown => {
                walked.has_operands = how == Innermost::Host;
                if let Some(place) = self.backtraced()
                    && place.place.module == module
                    && place.func_index == walked.place.func_index
                {
                    walked.place = place;
                }
            }
        }
        Some(walked)
    }

    /// What a frame has called, if that is known.
    pub(super) fn called_by(&mut self, frame: usize) -> Option<Callee> {
        self.walk_to(frame)?.callee
    }

    /// What is known beyond this stop.
    pub(super) fn known(&mut self) -> &mut Known {
        self.known
    }

    /// The handle of a frame whose operands can be read.
    fn operands_handle(&mut self, frame: usize) -> Result<FrameHandle, Unavailable> {
        if self
            .walk_to(frame)
            .is_some_and(|walked| !walked.has_operands)
        {
            return Err(Unavailable::because(
                "the guest was interrupted between two instructions",
            ));
        }
        self.handle(frame)
    }

    /// The handle of a frame whose values can be read.
    fn handle(&mut self, frame: usize) -> Result<FrameHandle, Unavailable> {
        let walked = self
            .walk_to(frame)
            .ok_or_else(|| Unavailable::because("there is no such frame"))?;
        walked
            .handle
            .clone()
            .ok_or_else(|| Unavailable::because("Wasmtime does not give the locals of this frame"))
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

    /// The instance of a module that its innermost frame belongs to.
    fn innermost_instance(&mut self, module: usize) -> Option<Instance> {
        (0..MAX_FRAMES)
            .map_while(|index| {
                let frame = self.walk_to(index)?;
                Some((frame.place.place.module == module).then_some(frame.instance))
            })
            .find_map(Option::flatten)
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

/// Walks. Wasmtime panics where a frame is no module's code, as in a component whose resources'
/// destructors are its own functions; nothing has been changed by then. The stack ends there.
fn cautiously<R>(walk: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(walk)).ok()
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
        self.refresh();
        let mut result = Ok(());
        let mut fail = |place: CodePlace, what: &str| {
            result = Err(Unavailable::because(format!(
                "{:#x} in core module {}: {what}",
                place.pc, place.module
            )));
        };
        let mut fresh = Vec::new();
        {
            let Some(mut edit) = self.store.as_context_mut().edit_breakpoints() else {
                return Err(Unavailable::because("the code is not debuggable"));
            };
            let module_of = |place: &CodePlace| {
                let module = self.known.modules.get(place.module)?.module.as_ref()?;
                let pc = u32::try_from(place.pc).ok()?;
                Some((module, ModulePC::new(pc)))
            };
            for place in disarm {
                if self.known.armed.remove(place)
                    && let Some((module, pc)) = module_of(place)
                    && let Err(error) = edit.remove_breakpoint(module, pc)
                {
                    fail(*place, &format!("{error:#}"));
                }
            }
            for place in arm {
                if self.known.armed.contains(place) {
                    continue;
                }
                let Some((module, pc)) = module_of(place) else {
                    fail(*place, "the module is not there (yet)");
                    continue;
                };
                match edit.add_breakpoint(module, pc) {
                    Ok(()) => {
                        self.known.armed.insert(*place);
                        if !self.known.opcodes.contains(place) {
                            fresh.push(*place);
                        }
                    }
                    Err(error) => fail(*place, &format!("{error:#}")),
                }
            }
        }
        if !fresh.is_empty() {
            for place in self.slipped(&fresh) {
                fail(place, "no opcode that can run");
            }
        }
        result
    }

    fn set_single_step(&mut self, on: bool) {
        if self.store.as_context().is_single_step() == on {
            return;
        }
        if let Some(mut edit) = self.store.as_context_mut().edit_breakpoints()
            && let Err(error) = edit.single_step(on)
        {
            tracing::warn!("single-stepping: {error:#}");
        }
        if !on {
            self.arm_anew();
        }
    }
}

impl<T: 'static> Paused<'_, T> {
    /// Puts all that is armed in place again. Wasmtime 48, when it leaves off single-stepping, goes
    /// through the places of all modules of a component once for each of them, and disarms those
    /// that are armed in another one.
    fn arm_anew(&mut self) {
        let armed: Vec<CodePlace> = self.known.armed.iter().copied().collect();
        if armed.is_empty() || self.known.modules.len() < 2 {
            return;
        }
        let again = self.edit(&[], &armed).and_then(|()| self.edit(&armed, &[]));
        if let Err(error) = again {
            tracing::warn!("arming again after single-stepping: {error}");
        }
    }

    /// Takes places back that turned out to be no opcodes, and says which: Wasmtime arms the next
    /// opcode instead.
    fn slipped(&mut self, fresh: &[CodePlace]) -> Vec<CodePlace> {
        let mut armed = HashSet::new();
        let context = self.store.as_context();
        for breakpoint in context.breakpoints().into_iter().flatten() {
            if let Some(module) = stopped::module_index(&self.known.program, &breakpoint.module) {
                armed.insert((module, u64::from(breakpoint.pc.raw())));
            }
        }
        let known = &mut *self.known;
        let (good, bad): (Vec<_>, Vec<_>) = fresh.iter().copied().partition(|place| {
            armed.contains(&(place.module, place.pc)) && known.is_opcode(*place)
        });
        self.known.opcodes.extend(good);
        if !bad.is_empty()
            && let Err(error) = self.edit(&[], &bad)
        {
            tracing::warn!("{error}");
        }
        bad
    }
}
