//! A guest after its failure, read-only: memory and globals of each core module. The store it
//! lived in is kept for that; nothing in it can run again.
//!
//! Everything comes from the core dump that Wasmtime attaches to the error, which lists all
//! memories and globals that some instance in the store *defines*, exported or not. What an
//! instance *imports* is not listed with it; see [`StoppedGuest::memory`].

use crate::component::ComponentState;
use crate::core_module::CoreState;
use crate::program::Program;
use std::collections::HashMap;
use wasmtime::{
    AsContext, AsContextMut, ExternType, Global, GlobalType, Instance, Memory, MemoryType, Module,
    Mutability, Store, Val, ValType, WasmCoreDump,
};

/// Most globals whose values are kept.
const MAX_GLOBALS: usize = 1 << 17;

/// Why something about a stopped guest cannot be told.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

impl Unavailable {
    pub(crate) fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// The value of a Wasm global, local or operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WasmValue {
    /// An `i32`.
    I32(i32),
    /// An `i64`.
    I64(i64),
    /// An `f32`, as its bits.
    F32(u32),
    /// An `f64`, as its bits.
    F64(u64),
    /// A `v128`, as its bits.
    V128(u128),
    /// A reference, which means nothing outside the guest.
    Reference,
}

/// The value of a Wasm global.
pub type GlobalValue = WasmValue;

impl WasmValue {
    /// Wasmtime's value; any reference is [`WasmValue::Reference`].
    pub(crate) fn of(value: &Val) -> Self {
        match value {
            Val::I32(value) => Self::I32(*value),
            Val::I64(value) => Self::I64(*value),
            Val::F32(bits) => Self::F32(*bits),
            Val::F64(bits) => Self::F64(*bits),
            Val::V128(value) => Self::V128(value.as_u128()),
            _ => Self::Reference,
        }
    }
}

/// What is left of a guest that failed. Modules are named by their place in
/// [`Program::core_modules`].
pub struct StoppedGuest {
    store: Option<StoppedStore>,
    /// One for each core module of the program.
    modules: Vec<Result<InstanceState, Unavailable>>,
}

/// The store a guest lived in.
pub(crate) enum StoppedStore {
    /// A core module's.
    Core(Store<CoreState>),
    /// A component's.
    Component(Store<ComponentState>),
}

/// The only instance of a module.
struct InstanceState {
    memory: Result<Memory, Unavailable>,
    globals: Vec<Result<GlobalValue, Unavailable>>,
}

impl std::fmt::Debug for StoppedGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoppedGuest")
            .field("modules", &self.modules.len())
            .finish_non_exhaustive()
    }
}

impl StoppedGuest {
    /// The contents of memory 0 of a module's instance, as the failure left it.
    ///
    /// # Errors
    /// When it cannot be told which memory that is (the module was instantiated several times, or
    /// imports its memory and there are several it may be), when the memory is shared with other
    /// threads, or when nothing is left of the guest.
    pub fn memory(&self, module: usize) -> Result<&[u8], Unavailable> {
        let memory = self
            .instance(module)?
            .memory
            .as_ref()
            .map_err(Clone::clone)?;
        match &self.store {
            Some(StoppedStore::Core(store)) => Ok(memory.data(store)),
            Some(StoppedStore::Component(store)) => Ok(memory.data(store)),
            None => Err(Unavailable::because(
                "the guest is still inside a host call",
            )),
        }
    }

    /// The value of a global, by its index in the module's global index space (imports first).
    ///
    /// # Errors
    /// As [`StoppedGuest::memory`]; also when the module has no such global.
    pub fn global(&self, module: usize, index: u32) -> Result<GlobalValue, Unavailable> {
        let globals = &self.instance(module)?.globals;
        let global = usize::try_from(index)
            .ok()
            .and_then(|index| globals.get(index));
        global.cloned().unwrap_or_else(|| {
            Err(Unavailable::because(format!(
                "the module has no global {index}"
            )))
        })
    }

    fn instance(&self, module: usize) -> Result<&InstanceState, Unavailable> {
        match self.modules.get(module) {
            Some(state) => state.as_ref().map_err(Clone::clone),
            None => Err(Unavailable::because("the program has no such module")),
        }
    }

    /// A guest nothing is known of.
    pub(crate) fn unknown(program: &Program, reason: &str) -> Self {
        let none = || Err(Unavailable::because(reason));
        Self {
            store: None,
            modules: program.core_modules().map(|_| none()).collect(),
        }
    }

    /// Takes over the store of a guest of debuggable code, however it ended.
    pub(crate) fn of_debuggable(program: &Program, mut store: StoppedStore) -> Self {
        let all = store.instances();
        let modules = match &mut store {
            StoppedStore::Core(store) => debuggable_instances(program, store, &all),
            StoppedStore::Component(store) => debuggable_instances(program, store, &all),
        };
        Self {
            store: Some(store),
            modules,
        }
    }

    /// Takes over the store of a guest that failed.
    pub(crate) fn new(
        program: &Program,
        mut store: StoppedStore,
        dump: Option<&WasmCoreDump>,
    ) -> Self {
        let Some(dump) = dump else {
            return Self::unknown(program, "the failure did not come out of running Wasm code");
        };
        if store.is_debuggable() {
            return Self::of_debuggable(program, store);
        }
        let modules = match &mut store {
            StoppedStore::Core(store) => instances(program, store, dump),
            StoppedStore::Component(store) => instances(program, store, dump),
        };
        Self {
            store: Some(store),
            modules,
        }
    }
}

impl StoppedStore {
    /// Whether everything in it can be asked for directly.
    fn is_debuggable(&mut self) -> bool {
        !self.instances().is_empty()
    }

    /// All instances, if the code is debuggable.
    fn instances(&mut self) -> Vec<Instance> {
        match self {
            Self::Core(store) => store.debug_all_instances(),
            Self::Component(store) => store.debug_all_instances(),
        }
    }
}

/// Which of the program's core modules a compiled module is; `None` for the adapters that
/// Wasmtime generates between components.
///
/// Wasmtime numbers a component's modules as it meets them, which is [`Program::core_modules`]'
/// order; that the number of functions agrees is checked all the same.
pub(crate) fn module_index(program: &Program, module: &Module) -> Option<usize> {
    let mut functions = module.functions();
    let defined = functions.len();
    let index = usize::try_from(functions.next()?.module.as_u32()).ok()?;
    let known = program.module_ranges().get(index)?;
    (usize::try_from(known.defined_functions).ok()? == defined).then_some(index)
}

/// Everything in the store that can be told apart.
struct Inventory {
    memories: HashMap<u64, (Memory, MemoryType)>,
    globals: HashMap<u64, (GlobalType, WasmValue)>,
}

impl Inventory {
    fn new(mut store: impl AsContextMut, dump: &WasmCoreDump) -> Self {
        let mut memories = HashMap::new();
        for memory in dump.memories() {
            let ty = memory.ty(&store);
            memories.insert(memory.debug_index_in_store(), (*memory, ty));
        }
        let mut globals = HashMap::new();
        for global in dump.globals().iter().take(MAX_GLOBALS) {
            let ty = global.ty(&store);
            let value = read(global, &ty, &mut store);
            globals.insert(global.debug_index_in_store(), (ty, value));
        }
        Self { memories, globals }
    }
}

/// The value of a global. References are not asked for: that would touch the GC heap.
pub(crate) fn read(global: &Global, ty: &GlobalType, mut store: impl AsContextMut) -> WasmValue {
    match ty.content() {
        ValType::Ref(_) => WasmValue::Reference,
        _ => WasmValue::of(&global.get(&mut store)),
    }
}

/// The instance of each core module of the program.
fn instances(
    program: &Program,
    mut store: impl AsContextMut,
    dump: &WasmCoreDump,
) -> Vec<Result<InstanceState, Unavailable>> {
    let inventory = Inventory::new(&mut store, dump);
    let found = by_module(program, &store, dump.instances());
    let state = |list: &Vec<Instance>| {
        the_only(list).map(|instance| instance_state(&instance, &store, &inventory))
    };
    found.iter().map(state).collect()
}

/// As [`instances`], where everything can be asked for directly.
fn debuggable_instances(
    program: &Program,
    mut store: impl AsContextMut,
    all: &[Instance],
) -> Vec<Result<InstanceState, Unavailable>> {
    let found = by_module(program, &store, all);
    let mut state = |list: &Vec<Instance>| {
        let instance = the_only(list)?;
        let memory = instance.debug_memory(&mut store, 0).ok_or_else(no_memory);
        let globals = (0..)
            .take(MAX_GLOBALS)
            .map_while(|index| instance.debug_global(&mut store, index));
        let globals: Vec<Global> = globals.collect();
        let mut value = |global: &Global| {
            let ty = global.ty(&store);
            Ok(read(global, &ty, &mut store))
        };
        Ok(InstanceState {
            memory,
            globals: globals.iter().map(&mut value).collect(),
        })
    };
    found.iter().map(&mut state).collect()
}

/// The instances of each core module of the program.
pub(crate) fn by_module(
    program: &Program,
    store: impl AsContext,
    all: &[Instance],
) -> Vec<Vec<Instance>> {
    let mut found: Vec<Vec<Instance>> = program.core_modules().map(|_| Vec::new()).collect();
    for instance in all {
        let module = module_index(program, instance.module(&store));
        if let Some(list) = module.and_then(|module| found.get_mut(module)) {
            list.push(*instance);
        }
    }
    found
}

/// The instance of a module that has only one.
pub(crate) fn the_only(instances: &[Instance]) -> Result<Instance, Unavailable> {
    match instances {
        [] => Err(Unavailable::because("the module was not instantiated")),
        [instance] => Ok(*instance),
        several => Err(Unavailable::because(format!(
            "the module was instantiated {} times, and the stack does not tell which instance is \
             meant",
            several.len()
        ))),
    }
}

/// Why there is no memory to be read.
pub(crate) fn no_memory() -> Unavailable {
    Unavailable::because("the module has no memory, or one shared with other threads")
}

fn instance_state(
    instance: &Instance,
    store: impl AsContext,
    inventory: &Inventory,
) -> InstanceState {
    let module = instance.module(&store);
    // Wasmtime's stable identifiers: the defining instance in the upper half, the index among
    // the items that it defines in the lower.
    let defined = |index: usize| u64::from(instance.debug_index_in_store()) << 32 | index as u64;

    let imported_memory = module.imports().find_map(|import| match import.ty() {
        ExternType::Memory(ty) => Some(ty),
        _ => None,
    });
    let memory = match imported_memory {
        Some(ty) => imported_memory_of(&ty, inventory),
        None => inventory
            .memories
            .get(&defined(0))
            .map(|(memory, _)| *memory)
            .ok_or_else(no_memory),
    };

    let mut globals: Vec<_> = module
        .imports()
        .filter_map(|import| match import.ty() {
            ExternType::Global(ty) => Some(imported_global(&ty, inventory)),
            _ => None,
        })
        .collect();
    for index in 0..MAX_GLOBALS {
        let Some((_, value)) = inventory.globals.get(&defined(index)) else {
            break;
        };
        globals.push(Ok(*value));
    }
    InstanceState { memory, globals }
}

/// An imported memory: the only one in the store that fits the import.
fn imported_memory_of(ty: &MemoryType, inventory: &Inventory) -> Result<Memory, Unavailable> {
    if ty.is_shared() {
        return Err(Unavailable::because(
            "the module's memory is shared with other threads",
        ));
    }
    let fits = |found: &MemoryType| {
        found.is_64() == ty.is_64() && found.page_size_log2() == ty.page_size_log2()
    };
    let mut fitting = inventory.memories.values().filter(|(_, found)| fits(found));
    match (fitting.next(), fitting.next()) {
        (Some((memory, _)), None) => Ok(*memory),
        (None, _) => Err(Unavailable::because(
            "the memory that the module imports was not found",
        )),
        _ => Err(Unavailable::because(
            "the module imports its memory, and there are several it may be",
        )),
    }
}

/// The value of an imported global: that of the only one in the store that fits the import.
fn imported_global(ty: &GlobalType, inventory: &Inventory) -> Result<GlobalValue, Unavailable> {
    let constant = ty.mutability() == Mutability::Const;
    let fits = |found: &GlobalType| {
        (found.mutability() == Mutability::Const) == constant
            && ValType::eq(found.content(), ty.content())
    };
    let mut fitting = inventory.globals.values().filter(|(found, _)| fits(found));
    match (fitting.next(), fitting.next()) {
        (Some((_, value)), None) => Ok(*value),
        _ => Err(Unavailable::because(
            "the module imports this global, and there is not exactly one it may be",
        )),
    }
}
