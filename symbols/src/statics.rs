//! Statics: variables that live as long as the program, at one place in memory.
//!
//! Rust's stand in the namespace of their module or function, C's in their unit or function. A
//! thread-local of Rust's is the static that std keeps its value in: single-threaded Wasm has no
//! other storage for it. Statics that the linker dropped are known, and known to be nowhere.

use crate::dwarf::{DebugInfo, DieId, Slice};
use crate::frames::SourceLocation;
use crate::location::{self, FrameState, Located, Place, Unavailable, WasmValue};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use crate::types::die::{self, Entry};
use crate::types::{TypeId, is_signed, size_of};
use gimli::{AttributeValue, Operation, UnitOffset, UnitRef};
use rayon::prelude::*;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

/// How many statics are known altogether.
const MAX_STATICS: usize = 100_000;

/// How many names a static's path is made of at most.
const MAX_PATH: usize = 64;

/// A static.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Static {
    /// Its whole name: `orders::STOCK`, `orders::next_id::LAST`.
    pub path: Arc<str>,
    /// The last part of it.
    pub name: Arc<str>,
    /// Its type, when debug info says one. That of a thread-local is std's storage around the
    /// value.
    pub type_id: Option<TypeId>,
    /// Where it is declared.
    pub declared: Option<SourceLocation>,
    /// Whether it was declared by `thread_local!`.
    pub thread_local: bool,
    /// Whether it is in the program: the linker drops what nothing uses.
    pub linked: bool,
    die: DieId,
}

/// Which statics are asked for.
#[derive(Clone)]
pub enum StaticQuery {
    /// Every one.
    All,
    /// The whole name: `orders::STOCK`.
    Exact(String),
    /// The last parts of the name: `STOCK`, `next_id::LAST`.
    Suffix(String),
    /// A regular expression found anywhere in the name.
    Regex(regex::Regex),
    /// Those declared in the files that this says.
    DeclaredIn(Arc<dyn Fn(&str) -> bool + Send + Sync>),
}

/// The statics of one module, read when somebody asked.
#[derive(Default)]
pub(crate) struct KeptStatics(OnceLock<Vec<Static>>);

impl Symbols {
    /// The statics that a query means, by name. The first question reads every unit. Statics that
    /// are not [`linked`](Static::linked) are told too, after those that are.
    pub fn statics(&self, query: &StaticQuery) -> Vec<Static> {
        let all = self.kept_statics().0.get_or_init(|| self.with(read));
        all.iter().filter(|it| query.means(it)).cloned().collect()
    }

    /// Finds a static on a stopped guest.
    pub fn locate_static(&self, of: &Static, state: &dyn FrameState) -> Place {
        match of.unavailable() {
            Some(reason) => Place::Unavailable(reason),
            None => {
                self.with(|info| location::locate(info, of.located(info), CodeOffset(0), state))
            }
        }
    }
}

impl Static {
    /// Why it cannot be found in any frame, if so.
    pub(crate) fn unavailable(&self) -> Option<Unavailable> {
        let reason = "nothing in the program uses it, so the linker left it out";
        (!self.linked).then(|| Unavailable::Other(reason.into()))
    }

    /// What its location is evaluated with.
    pub(crate) fn located(&self, info: &DebugInfo<'_>) -> Located {
        let type_die = self.type_id.map(|id| id.0);
        Located {
            die: self.die,
            function: None,
            size: type_die.and_then(|id| size_of(info, id)),
            signed: type_die.is_some_and(|id| is_signed(info, id)),
        }
    }
}

impl StaticQuery {
    fn means(&self, of: &Static) -> bool {
        match self {
            StaticQuery::All => true,
            StaticQuery::Exact(path) => *of.path == **path,
            StaticQuery::Suffix(parts) => of.path.strip_suffix(&**parts).is_some_and(|before| {
                !parts.is_empty() && (before.is_empty() || before.ends_with("::"))
            }),
            StaticQuery::Regex(regex) => regex.is_match(&of.path),
            StaticQuery::DeclaredIn(wanted) => {
                let declared = of.declared.as_ref();
                declared.is_some_and(|declared| wanted(&declared.file))
            }
        }
    }
}

fn read(info: &DebugInfo<'_>) -> Vec<Static> {
    let memory = info.module.initial_memory();
    let units = (0..info.unit_count()).into_par_iter().map(|index| {
        let mut unit = Unit {
            info,
            index,
            memory,
            rust: false,
            open: Vec::new(),
            found: Vec::new(),
        };
        // Damage ends the reading; what came before it stays.
        let _ = unit.read();
        unit.found
    });
    let units: Vec<Vec<(Static, Vec<u8>)>> = units.collect();
    let mut all: Vec<(Static, Vec<u8>)> = units.into_iter().flatten().collect();
    all.sort_by(|(a, _), (b, _)| {
        let order = |it: &Static| (!it.linked, Arc::clone(&it.path), it.die);
        order(a).cmp(&order(b))
    });
    // Several units may describe the same one: generic code is made in each that uses it.
    let mut seen = HashSet::new();
    all.retain(|(it, location)| {
        let location = if it.linked {
            location.clone()
        } else {
            Vec::new()
        };
        seen.insert((Arc::clone(&it.path), it.linked, location))
    });
    all.truncate(MAX_STATICS);
    all.into_iter().map(|(it, _)| it).collect()
}

/// A DIE around the one being read.
struct Around {
    depth: isize,
    die: UnitOffset,
    /// Whether it lends its name to what is in it.
    names: bool,
    /// Whether it is a function: what is in there has to be told from locals.
    function: bool,
}

struct Unit<'i, 'a> {
    info: &'i DebugInfo<'a>,
    index: u32,
    /// The size of memory when the program starts, in bytes.
    memory: Option<u64>,
    /// Whether it was written in Rust, whose functions have no statics in them.
    rust: bool,
    open: Vec<Around>,
    /// What was found, with the bytes of its location.
    found: Vec<(Static, Vec<u8>)>,
}

impl<'a> Unit<'_, 'a> {
    fn read(&mut self) -> gimli::Result<()> {
        let Some(unit) = self.info.unit(self.index) else {
            return Ok(());
        };
        let root = unit.entry(unit.header.root_offset())?;
        self.rust = matches!(
            root.attr_value(gimli::DW_AT_language),
            Some(AttributeValue::Language(gimli::DW_LANG_Rust))
        );
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() && self.found.len() < MAX_STATICS {
            let die = entries.next_offset();
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while self.open.last().is_some_and(|above| above.depth >= depth) {
                self.open.pop();
            }
            let tag = abbreviation.tag();
            if abbreviation.has_children() {
                self.open.push(Around {
                    depth,
                    die,
                    names: is_scope(tag),
                    function: matches!(
                        tag,
                        gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine
                    ),
                });
            }
            entries.skip_attributes(abbreviation.attributes())?;
            let local = self.rust && self.open.iter().any(|around| around.function);
            if tag == gimli::DW_TAG_variable
                && !local
                && let Ok(entry) = unit.entry(die)
            {
                self.take(unit, &entry);
            }
        }
        Ok(())
    }

    fn take(&mut self, unit: UnitRef<'_, Slice<'a>>, entry: &Entry<'a>) {
        let depth_of_own = self
            .open
            .last()
            .is_some_and(|last| last.die == entry.offset());
        let around = self.open.len().saturating_sub(usize::from(depth_of_own));
        let around = self.open.get(..around).unwrap_or_default();
        let in_function = around.iter().any(|around| around.function);
        let expression = match entry.attr_value(gimli::DW_AT_location) {
            Some(AttributeValue::Exprloc(expression)) => Some(expression),
            _ => None,
        };
        let static_place =
            expression.map(|expression| place(self.info, unit, expression, self.memory));
        let linked = match static_place {
            // A local that the optimiser put at a fixed address ends with what it does to it.
            Some(Some(place)) if place.alone || !in_function => place.linked,
            Some(_) if in_function => return,
            None if in_function => return,
            // A constant, or nothing at all: it is optimised out.
            _ => true,
        };
        if die::flag(entry, gimli::DW_AT_declaration) {
            return;
        }
        let Some(found) = self.describe(unit, entry, around, linked) else {
            return;
        };
        let location = expression.map(|expression| expression.0.slice().to_vec());
        self.found.push((found, location.unwrap_or_default()));
    }

    fn describe(
        &self,
        unit: UnitRef<'_, Slice<'a>>,
        entry: &Entry<'a>,
        around: &[Around],
        linked: bool,
    ) -> Option<Static> {
        // A definition outside of its class or namespace refers to the declaration within.
        let specification =
            die::reference(self.info, self.index, entry, gimli::DW_AT_specification);
        let declaration = specification.and_then(|id| die::entry(self.info, id));
        let name = die::name(&unit, entry).or_else(|| {
            let (unit, declaration) = declaration.as_ref()?;
            die::name(unit, declaration)
        })?;
        // Tables of methods are made by the compiler and shown with the values they belong to.
        if name.ends_with("{vtable}") {
            return None;
        }
        let names = around.iter().filter(|around| around.names);
        let mut path: Vec<Arc<str>> = names
            .take(MAX_PATH)
            .filter_map(|around| die::name(&unit, &unit.entry(around.die).ok()?))
            .collect();
        let thread_local = is_storage(&name, &path);
        if thread_local {
            while path.last().is_some_and(|part| part.starts_with('{')) {
                path.pop();
            }
        } else {
            path.push(name);
        }
        let type_id =
            die::reference(self.info, self.index, entry, gimli::DW_AT_type).or_else(|| {
                let (_, declaration) = declaration.as_ref()?;
                die::reference(
                    self.info,
                    specification?.unit,
                    declaration,
                    gimli::DW_AT_type,
                )
            });
        let id = DieId::new(self.index as usize, entry.offset());
        Some(Static {
            name: Arc::clone(path.last()?),
            path: path.join("::").into(),
            type_id: type_id.map(TypeId),
            declared: self.info.declared_at(id),
            thread_local,
            linked,
            die: id,
        })
    }
}

/// Whether a DIE lends its name to what is in it.
fn is_scope(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        gimli::DW_TAG_namespace
            | gimli::DW_TAG_module
            | gimli::DW_TAG_structure_type
            | gimli::DW_TAG_class_type
            | gimli::DW_TAG_union_type
            | gimli::DW_TAG_enumeration_type
            | gimli::DW_TAG_subprogram
    )
}

/// Whether this is what `thread_local!` makes to keep a value in: its names change from one
/// version of std to the next, and lie in a closure or constant of the thread-local's own name.
fn is_storage(name: &str, path: &[Arc<str>]) -> bool {
    let made = name.starts_with("__RUST_STD_INTERNAL") || name == "VAL" || name == "__KEY";
    made && path.len() > 1 && path.last().is_some_and(|part| part.starts_with('{'))
}

/// Where a location's fixed address is.
struct FixedPlace {
    /// Whether something can be there.
    linked: bool,
    /// Whether the address is all there is to the location.
    alone: bool,
}

/// The fixed address that a location starts from, if it does.
fn place(
    info: &DebugInfo<'_>,
    unit: UnitRef<'_, Slice<'_>>,
    expression: gimli::Expression<Slice<'_>>,
    memory: Option<u64>,
) -> Option<FixedPlace> {
    let mut operations = expression.operations(unit.encoding());
    let mut first = operations.next().ok()??;
    // Position-independent code counts from a global.
    let mut base = Some(0);
    let mut relative = false;
    if let Operation::WasmGlobal { index } = first {
        let value = info.module.constant_global(index);
        base = value.and_then(WasmValue::as_address);
        relative = true;
        first = operations.next().ok()??;
    }
    let address = match first {
        Operation::Address { address } => address,
        Operation::AddressIndex { index } => unit.address(index).ok()?,
        _ => return None,
    };
    let mut rest = operations.next().ok()?;
    if relative && matches!(rest, Some(Operation::Plus)) {
        rest = operations.next().ok()?;
    }
    let tombstone = match unit.encoding().address_size {
        8 => u64::MAX - 1,
        _ => u64::from(u32::MAX) - 1,
    };
    // What the linker placed lies in the memory that the program starts with. Where the base is
    // not known, this cannot be told.
    let placed = base.is_none_or(|base| {
        let address = base.wrapping_add(address);
        address != 0 && memory.is_none_or(|memory| address < memory)
    });
    Some(FixedPlace {
        linked: address < tombstone && placed,
        alone: rest.is_none(),
    })
}
