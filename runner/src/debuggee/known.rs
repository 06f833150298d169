//! What is known of a guest's store beyond one stop: its modules and instances, their memories, calls
//! and imports that were looked up, and what is armed.

use super::CodePlace;
use super::host_calls::shim_target;
use crate::code_index::{Call, CodeIndex};
use crate::program::Program;
use crate::stdio::TeedStderr;
use crate::stopped;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use wasmscope_tracer::ComponentCalls;
use wasmtime::{Instance, Memory, Module, ModulePC};

/// Most calls that are kept by the place they return to.
const MAX_CALLS: usize = 1 << 16;

/// What is known of a store beyond one stop.
pub(super) struct Known {
    pub(super) program: Program,
    /// By the module's place in the program.
    pub(super) modules: Vec<ModuleKnown>,
    /// By the instance's number in the store.
    pub(super) owners: Vec<Owner>,
    /// Whether a component's instances are all there.
    pub(super) instantiated: bool,
    /// Whether all instances there will be are known.
    pub(super) complete: bool,
    pub(super) armed: BTreeSet<CodePlace>,
    /// Places that are known to be opcodes.
    pub(super) opcodes: HashSet<CodePlace>,
    /// By the place it returns to.
    pub(super) calls: HashMap<CodePlace, Option<Call>>,
    pub(super) stderr: TeedStderr,
    /// Where the calls of components are remembered.
    pub(super) component_calls: Option<ComponentCalls>,
}

#[derive(Default)]
pub(super) struct ModuleKnown {
    pub(super) module: Option<Module>,
    pub(super) imported_functions: u32,
    pub(super) instances: Vec<Instance>,
    /// Memory 0 of the only instance.
    pub(super) memory: Option<Memory>,
    /// Made when first asked for.
    pub(super) code: Option<CodeIndex>,
    /// The names of imported functions that were called.
    pub(super) import_names: HashMap<u32, Option<Arc<str>>>,
    /// What shims' functions stand for.
    pub(super) shim_names: HashMap<u32, Option<Arc<str>>>,
}

/// Whose an instance is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
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

    /// A place as Wasmtime names it.
    pub(super) fn module_and_pc(&self, place: &CodePlace) -> Option<(&Module, ModulePC)> {
        let module = self.modules.get(place.module)?.module.as_ref()?;
        let pc = u32::try_from(place.pc).ok()?;
        Some((module, ModulePC::new(pc)))
    }

    /// What is armed at the same offset of other modules.
    pub(super) fn armed_elsewhere(&self, place: &CodePlace) -> Vec<CodePlace> {
        let elsewhere = |module| CodePlace {
            module,
            pc: place.pc,
        };
        (0..self.modules.len())
            .filter(|module| *module != place.module)
            .map(elsewhere)
            .filter(|other| self.armed.contains(other))
            .collect()
    }

    /// Whether a stop may be at a place that nobody armed.
    pub(super) fn may_stop_elsewhere(&self) -> bool {
        self.modules.len() > 1
    }

    /// Takes note of a module.
    pub(super) fn meet(&mut self, module: &Module) -> Option<usize> {
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
    pub(super) fn code(&mut self, module: usize) -> Option<(&CodeIndex, &[u8])> {
        let range = self.program.module_ranges().get(module)?.range.clone();
        let bytes = self.program.bytes().get(range)?;
        let known = self.modules.get_mut(module)?;
        Some((
            known.code.get_or_insert_with(|| CodeIndex::new(bytes)),
            bytes,
        ))
    }

    pub(super) fn is_opcode(&mut self, place: CodePlace) -> bool {
        self.code(place.module)
            .is_some_and(|(code, bytes)| code.is_opcode(bytes, place.pc))
    }

    /// The call that returns to a place.
    pub(super) fn call_before(&mut self, place: CodePlace) -> Option<Call> {
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
