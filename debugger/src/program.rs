//! The program's symbols, all core modules together: which source frames an opcode belongs to, whose
//! code it is, and what its places are called here.
//!
//! Asked again and again by whoever stops, steps and shows a guest, so answers about places in code
//! are kept. Everything here can be shared between threads. What a stopped guest holds is not known
//! here, nor how names and lines are found in debug info (the `symbols` crate).

use crate::explain::{FrameKind, Place, kind_of_code, package_of};
use crate::sources::{PathMap, Sources};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use wasmscope_runner::Program;
use wasmscope_runner::debuggee::CodePlace;
use wasmscope_symbols::{
    BesideModule, Binary, CodeOffset, FunctionQuery, ModulePc, SourceFrame, SourceLocation,
    Symbols, SymbolsOptions, names,
};

/// Places in code of which the frames are kept, per module: programs stop at far fewer.
const MAX_KEPT: usize = 1 << 16;

/// Functions called `main` that are looked at to find the program's own package.
const MAX_MAINS: usize = 16;

/// Why a program's symbols cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SymbolsError {
    /// The binary could not be taken apart.
    #[error("{}: its symbols cannot be read: {reason}", .path.display())]
    Binary {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Two readers found different core modules in it.
    #[error(
        "{}: its symbols cannot be read: its modules are counted in two ways ({symbols} and \
         {runner}), which is a bug in wasmscope",
        .path.display()
    )]
    Modules {
        /// The program.
        path: PathBuf,
        /// Modules that the reader of symbols found.
        symbols: usize,
        /// Modules that the runner found.
        runner: usize,
    },
}

/// A file with debug info that the user names, taken apart if it is a Wasm binary.
#[derive(Clone, Debug)]
pub struct DebugFile {
    bytes: Arc<[u8]>,
    modules: Vec<Arc<[u8]>>,
}

impl DebugFile {
    /// A file of these contents.
    pub fn new(bytes: Arc<[u8]>) -> Self {
        let modules = match Binary::parse(Arc::clone(&bytes)) {
            Ok(binary) => binary
                .modules
                .iter()
                .map(|module| module.bytes().into())
                .collect(),
            Err(_) => Vec::new(),
        };
        DebugFile { bytes, modules }
    }
}

/// The symbols of all core modules of a program, in its order.
///
/// # Errors
/// When the binary cannot be taken apart. Damaged debug info is no error: it makes answers poorer.
pub fn open_symbols(
    program: &Program,
    debug_file: Option<&DebugFile>,
) -> Result<Vec<Symbols>, SymbolsError> {
    let path = || program.path().to_path_buf();
    let binary =
        Binary::parse(Arc::clone(program.bytes())).map_err(|error| SymbolsError::Binary {
            path: path(),
            reason: error.to_string(),
        })?;
    if binary.modules.len() != program.core_modules().len() {
        return Err(SymbolsError::Modules {
            path: path(),
            symbols: binary.modules.len(),
            runner: program.core_modules().len(),
        });
    }
    let beside = BesideModule::new(program.file());
    let search = Some(Arc::new(match program.root() {
        Some(root) => beside.within(root),
        None => beside,
    }) as _);
    let largest = largest(&binary);
    let open = |(at, module): (usize, &Arc<_>)| {
        let debug_file = debug_file.and_then(|file| {
            if file.modules.len() == binary.modules.len() {
                file.modules.get(at).cloned()
            } else {
                (Some(at) == largest).then(|| Arc::clone(&file.bytes))
            }
        });
        let options = SymbolsOptions {
            debug_file,
            search: Clone::clone(&search),
        };
        Symbols::open(Arc::clone(module), &options)
    };
    Ok(binary.modules.iter().enumerate().map(open).collect())
}

/// Checks that a file that the user names belongs to the program: what it says of another build's
/// lines and variables would be wrong.
///
/// # Errors
/// Why it does not, in words that follow the file's name.
pub fn check_debug_file(program: &Program, file: &DebugFile) -> Result<(), String> {
    let binary = Binary::parse(Arc::clone(program.bytes())).map_err(|error| error.to_string())?;
    let Some((at, module)) = largest(&binary).and_then(|at| Some((at, binary.modules.get(at)?)))
    else {
        return Ok(());
    };
    let bytes = match file.modules.len() == binary.modules.len() {
        true => file.modules.get(at),
        false => None,
    };
    wasmscope_symbols::check_debug_file(module, bytes.unwrap_or(&file.bytes))
}

/// A component's own code is in its largest module; the others are adapters.
fn largest(binary: &Binary) -> Option<usize> {
    (0..binary.modules.len()).max_by_key(|at| {
        binary
            .modules
            .get(*at)
            .map_or(0, |module| module.bytes().len())
    })
}

/// The symbols of a program, with the sources they name.
pub struct ProgramSymbols {
    modules: Vec<Symbols>,
    sources: Sources,
    frames: Vec<RwLock<HashMap<CodeOffset, Arc<[CodeFrame]>>>>,
    rewritten: Vec<OnceLock<bool>>,
    own_package: OnceLock<Option<String>>,
}

/// A source-level call that an opcode belongs to, as far as it can be told without a guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeFrame {
    /// What the debug info says.
    pub source: SourceFrame,
    /// The function's name, readable.
    pub function: Option<String>,
    /// Where in the source.
    pub place: Option<Place>,
    /// Whose code it is.
    pub kind: FrameKind,
}

impl ProgramSymbols {
    /// The symbols of a program. Finds sections and indexes units; the rest is read when it is
    /// asked for.
    ///
    /// # Errors
    /// As [`open_symbols`].
    pub fn open(
        program: &Program,
        debug_file: Option<&DebugFile>,
        maps: Vec<PathMap>,
    ) -> Result<Self, SymbolsError> {
        let modules = open_symbols(program, debug_file)?;
        Ok(Self::new(modules, Sources::new(maps)))
    }

    /// These modules' symbols, with sources looked for in `sources`.
    pub fn new(modules: Vec<Symbols>, sources: Sources) -> Self {
        ProgramSymbols {
            frames: modules.iter().map(|_| RwLock::default()).collect(),
            rewritten: modules.iter().map(|_| OnceLock::new()).collect(),
            modules,
            sources,
            own_package: OnceLock::new(),
        }
    }

    /// The core modules' symbols, in the program's order.
    pub fn modules(&self) -> &[Symbols] {
        &self.modules
    }

    /// The symbols of one core module.
    pub fn module(&self, module: usize) -> Option<&Symbols> {
        self.modules.get(module)
    }

    /// Where sources are found.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// A place in DWARF's count; `None` outside of the module's code.
    pub fn offset(&self, place: CodePlace) -> Option<CodeOffset> {
        let module = self.modules.get(place.module)?.module();
        module.code.to_code(ModulePc(place.pc))
    }

    /// An offset in a module's code as a place; `None` outside of the module's code.
    pub fn place(&self, module: usize, offset: CodeOffset) -> Option<CodePlace> {
        let pc = self.modules.get(module)?.module().code.to_module(offset)?;
        Some(CodePlace { module, pc: pc.0 })
    }

    /// The source frames of an opcode, innermost first: inlined calls, then the function itself. One
    /// at least for a place in a function's body, without a line where debug info has none; empty
    /// outside of every body.
    pub fn frames(&self, module: usize, offset: CodeOffset) -> Arc<[CodeFrame]> {
        let Some(kept) = self.frames.get(module) else {
            return Arc::new([]);
        };
        let known = kept.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&offset) {
            return Arc::clone(known);
        }
        drop(known);
        let frames = self.look_up(module, offset);
        let mut kept = kept.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_KEPT {
            kept.insert(offset, Arc::clone(&frames));
        }
        frames
    }

    /// As [`ProgramSymbols::frames`], for a place in Wasmtime's count.
    pub fn frames_at(&self, place: CodePlace) -> Arc<[CodeFrame]> {
        match self.offset(place) {
            Some(offset) => self.frames(place.module, offset),
            None => Arc::new([]),
        }
    }

    fn look_up(&self, module: usize, offset: CodeOffset) -> Arc<[CodeFrame]> {
        let Some(symbols) = self.modules.get(module) else {
            return Arc::new([]);
        };
        let found = symbols.frames(offset).into_iter();
        found
            .map(|source| self.code_frame(module, source))
            .collect()
    }

    fn code_frame(&self, module: usize, source: SourceFrame) -> CodeFrame {
        let function = source
            .function
            .as_ref()
            .map(|name| name.pretty().to_owned());
        let file = source.location.as_ref().map(|location| &*location.file);
        CodeFrame {
            kind: self.kind(module, file, function.as_deref()),
            place: source
                .location
                .as_ref()
                .map(|location| self.source_place(location)),
            function,
            source,
        }
    }

    /// A place in the source, as a reader knows it.
    pub fn source_place(&self, location: &SourceLocation) -> Place {
        let resolved = self.sources.resolve(&location.file);
        Place {
            file: resolved.display,
            path: resolved
                .path
                .map(|path| path.to_string_lossy().into_owned()),
            line: location.line,
            column: location.column,
        }
    }

    /// Whose code a function is: by its file's path in the debug info, and its readable name.
    ///
    /// A program that was built out of a registry (`cargo install`) lies where dependencies do: the
    /// package that holds `main` is the user's own all the same.
    pub fn kind(&self, module: usize, file: Option<&str>, function: Option<&str>) -> FrameKind {
        let core = self.modules.get(module).map(|symbols| symbols.module());
        if file.is_none() && core.is_some_and(|core| core.is_shim()) {
            return FrameKind::Runtime;
        }
        let name = core.and_then(|core| core.name.as_deref());
        match (kind_of_code(file, function, name), file) {
            (FrameKind::Dependency, Some(file)) => match (package_of(file), self.own_package()) {
                (Some(package), Some(own)) if package == own => FrameKind::User,
                _ => FrameKind::Dependency,
            },
            (kind, _) => kind,
        }
    }

    /// Whose code an opcode is: that of the innermost call it belongs to.
    pub fn kind_at(&self, module: usize, offset: CodeOffset) -> FrameKind {
        let frames = self.frames(module, offset);
        frames
            .first()
            .map_or(FrameKind::Unknown, |frame| frame.kind)
    }

    /// Whether an opcode is the user's own code (and not a dependency's, the standard library's or
    /// code that nothing is known of).
    pub fn is_users_code(&self, module: usize, offset: CodeOffset) -> bool {
        self.kind_at(module, offset) == FrameKind::User
    }

    /// Whether a tool has written a module's code anew since it was linked, so that debug info tells
    /// where variables were before.
    pub fn is_rewritten(&self, module: usize) -> bool {
        match (self.rewritten.get(module), self.modules.get(module)) {
            (Some(known), Some(symbols)) => *known.get_or_init(|| symbols.module().is_rewritten()),
            _ => false,
        }
    }

    /// The package of `main`, when it lies among dependencies.
    fn own_package(&self) -> Option<&str> {
        self.own_package
            .get_or_init(|| {
                let file = self.modules.iter().find_map(main_file)?;
                package_of(&file).map(str::to_owned)
            })
            .as_deref()
    }
}

impl std::fmt::Debug for ProgramSymbols {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgramSymbols")
            .field("modules", &self.modules)
            .finish_non_exhaustive()
    }
}

/// The file that declares the program's `main`. The name section tells soonest where that is.
fn main_file(symbols: &Symbols) -> Option<String> {
    let is_main = |name: &str| {
        name.split_once("::")
            .is_some_and(|(_, function)| function == "main")
    };
    let module = symbols.module();
    let mangled = module
        .function_names()
        .filter(|(_, raw)| raw.contains("4main") && is_main(&names::prettify(raw)));
    let by_name = mangled.take(MAX_MAINS).find_map(|(index, _)| {
        let frames = symbols.frames(module.body(index)?.first_opcode);
        let declared = symbols.declared_at(frames.last()?.function_die?)?;
        Some(declared.file.to_string())
    });
    by_name.or_else(|| {
        let found = symbols.find_functions(&FunctionQuery::Suffix("main".into()));
        let mut mains = found
            .instances
            .iter()
            .filter(|instance| is_main(instance.name.pretty()));
        mains.find_map(|main| Some(main.declared.as_ref()?.file.to_string()))
    })
}
