//! [`Symbols`]: everything known about one core module's source, behind one handle.
//!
//! Opening never fails. What is missing or damaged is noted as a [`Problem`], and answers degrade:
//! from lines and variables to the names of the name section, to nothing. Here are the handle and
//! how it comes to be; the questions it answers are in [`crate::frames`], [`crate::lines`],
//! [`crate::functions`] and [`crate::facts`].

use crate::dwarf::{DebugInfo, Slice};
use crate::liveness::{KeptDrops, KeptGraphs};
use crate::loading::{self, Loaded};
use crate::statements::KeptStatements;
use crate::statics::KeptStatics;
use crate::vtables::KeptVtables;
use crate::wasm::CoreModule;
use self_cell::self_cell;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

pub use crate::loading::{BesideModule, DebugFiles};

/// Where debug info may come from, other than the module itself.
#[derive(Clone, Default)]
pub struct SymbolsOptions {
    /// A file the user names as the module's debug info (a Wasm binary with the `.debug_*`
    /// sections, or another object file). It goes before all others.
    pub debug_file: Option<Arc<[u8]>>,
    /// How files that the module refers to are found: `external_debug_info`, `.dwp` packages,
    /// `.dwo` files. `None` looks for none.
    pub search: Option<Arc<dyn DebugFiles>>,
}

/// Something about the debug info that makes answers poorer than they could be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong.
    pub what: String,
    /// Where: a section, a file, a unit.
    pub place: String,
    /// What that means for the answers.
    pub effect: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.what, self.effect)
    }
}

self_cell!(
    /// The bytes, and what is known about them.
    struct Cell {
        owner: Loaded,
        #[not_covariant]
        dependent: DebugInfo,
    }
);

struct Inner {
    cell: Cell,
    problems: Vec<Problem>,
    statements: KeptStatements,
    statics: KeptStatics,
    vtables: KeptVtables,
    graphs: KeptGraphs,
    drops: KeptDrops,
}

/// What is known about the source of one core module. Cheap to clone, and shared between threads.
#[derive(Clone)]
pub struct Symbols(Arc<Inner>);

impl Symbols {
    /// Opens a module's debug info: finds the sections and indexes the units. Nothing else is
    /// read before it is asked for.
    pub fn open(module: Arc<CoreModule>, options: &SymbolsOptions) -> Self {
        let mut problems = Vec::new();
        let loaded = loading::load(module, options, &mut problems);
        let mut cell = index(loaded, &mut problems);
        if let Some(search) = &options.search {
            let wanted = cell.with_dependent(|_, info| loading::wanted_splits(info));
            if !wanted.is_empty() {
                let mut loaded = cell.into_owner();
                loading::load_splits(&mut loaded, wanted, &**search, &mut problems);
                cell = index(loaded, &mut problems);
            }
        }
        Symbols(Arc::new(Inner {
            cell,
            problems,
            statements: KeptStatements::default(),
            statics: KeptStatics::default(),
            vtables: KeptVtables::default(),
            graphs: KeptGraphs::default(),
            drops: KeptDrops::default(),
        }))
    }

    /// The module this is about.
    pub fn module(&self) -> &Arc<CoreModule> {
        &self.0.cell.borrow_owner().module
    }

    /// What was found wrong so far: on opening, and in what was read since.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.0.problems.clone();
        self.with(|info| problems.extend(info.problems()));
        problems
    }

    /// Whether there is any debug info: without it, all there is are the names of functions.
    pub fn has_debug_info(&self) -> bool {
        self.with(|info| !info.units.is_empty())
    }

    /// Where the debug info was taken from.
    pub fn source(&self) -> &str {
        &self.0.cell.borrow_owner().source
    }

    /// Lends the debug info for a question.
    pub(crate) fn with<T>(&self, question: impl for<'a> FnOnce(&DebugInfo<'a>) -> T) -> T {
        self.0.cell.with_dependent(|_, info| question(info))
    }

    pub(crate) fn kept_statements(&self) -> &KeptStatements {
        &self.0.statements
    }

    pub(crate) fn kept_statics(&self) -> &KeptStatics {
        &self.0.statics
    }

    pub(crate) fn kept_vtables(&self) -> &KeptVtables {
        &self.0.vtables
    }

    pub(crate) fn kept_graphs(&self) -> &KeptGraphs {
        &self.0.graphs
    }

    pub(crate) fn kept_drops(&self) -> &KeptDrops {
        &self.0.drops
    }

    /// The contents of a section the debug info is read from, by its ELF name.
    pub(crate) fn section(&self, name: &str) -> &[u8] {
        self.0.cell.borrow_owner().main.get(name)
    }

    /// The debug sections and their sizes in bytes.
    pub(crate) fn debug_sections(&self) -> Vec<(String, u64)> {
        self.0.cell.borrow_owner().main.sizes()
    }

    /// The DWARF as gimli sees it, to be read by another library that answers the same questions.
    pub(crate) fn gimli(&self) -> gimli::Dwarf<Slice<'_>> {
        let section = |id: gimli::SectionId| -> Result<Slice<'_>, gimli::Error> {
            Ok(Slice::new(self.section(id.name()), gimli::LittleEndian))
        };
        gimli::Dwarf::load(section).unwrap_or_else(|_| {
            gimli::DwarfSections::default().borrow(|_: &()| crate::dwarf::empty())
        })
    }
}

/// Indexes the units of sections that are found.
fn index(loaded: Loaded, problems: &mut Vec<Problem>) -> Cell {
    Cell::new(loaded, |loaded| {
        let mut info = DebugInfo::open(&loaded.module, |name| loaded.main.get(name));
        loading::attach_splits(&mut info, loaded, problems);
        info.build_index();
        info
    })
}

impl fmt::Debug for Symbols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbols")
            .field("module", &self.module().name)
            .field("source", &self.source())
            .finish_non_exhaustive()
    }
}
