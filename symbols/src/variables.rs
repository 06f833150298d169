//! Variables in scope at a place: arguments and locals of a function or of a call inlined in it,
//! those of its blocks included, with what the abstract function says of them.
//!
//! Where they are is evaluated in [`crate::location`], what their bytes mean elsewhere.

use crate::dwarf::{DebugInfo, DieId, ScopeKind};
use crate::location::{self, FrameBaseRegister, FrameState, Located, Place};
use crate::offsets::CodeOffset;
use crate::symbols::Symbols;
use crate::types::die::{self, Entry, Visit};
use crate::types::{Type, TypeId};
use gimli::UnitOffset;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most variables given of one frame.
const MAX_VARIABLES: usize = 4096;

/// How many origins are followed from a variable to its name and type.
const MAX_ORIGINS: usize = 8;

/// What a variable is to its function.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableKind {
    /// A parameter.
    Argument,
    /// Declared in the body.
    Local,
}

/// A variable in scope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name in the source.
    pub name: Arc<str>,
    /// Argument or local.
    pub kind: VariableKind,
    /// Its type, when debug info says one.
    pub type_id: Option<TypeId>,
    /// The line it is declared on.
    pub line: Option<u32>,
    /// Made by the compiler.
    pub artificial: bool,
    /// A variable of the same name that is declared later hides it.
    pub shadowed: bool,
    /// It is declared on a later line than the one that is being executed, so it may not have
    /// been initialised. Rust's blocks begin behind the declaration, so this is said of C mostly;
    /// optimised code moves instructions between lines, so it is a doubt and not a fact.
    pub declared_later: bool,
    /// The DIE with its location.
    die: DieId,
    /// The subprogram around it.
    function: Option<DieId>,
}

impl Symbols {
    /// The variables in scope at `pc` in the frame whose DIE (subprogram or inlined call) is
    /// `frame`: arguments first, then locals from the outermost block to the innermost, each in
    /// the order of declaration. `line` is the one being executed, if it is known.
    ///
    /// `pc` is that of an instruction in the frame: for a caller, of its call.
    pub fn variables(&self, frame: DieId, pc: CodeOffset, line: Option<u32>) -> Vec<Variable> {
        self.with(|info| variables(info, frame, pc, line))
    }

    /// Finds a variable of [`variables`](Self::variables) on a stopped guest, `pc` as there.
    pub fn locate(&self, variable: &Variable, pc: CodeOffset, state: &dyn FrameState) -> Place {
        self.with(|info| locate(info, variable, pc, state))
    }

    /// The type that a function returns, `die` being its own DIE or that of an inlined call of it;
    /// `None` when it returns nothing (`()`, C's `void`) or there is no such function.
    pub fn return_type(&self, die: DieId) -> Option<TypeId> {
        self.with(|info| return_type(info, die))
    }

    /// What debug info says about a type.
    pub fn describe_type(&self, id: TypeId) -> Arc<Type> {
        self.with(|info| info.types.describe(info, id))
    }

    /// Where the function with code at `pc` keeps the address of its frame in linear memory;
    /// `None` when debug info does not name one local or global for it.
    pub fn frame_base_register(&self, pc: CodeOffset) -> Option<FrameBaseRegister> {
        self.with(|info| {
            let unit = info.units_at(pc.0).find_map(|unit| {
                let function = info.functions(unit)?.at(pc.0)?;
                Some(DieId::new(unit as usize, function.die))
            })?;
            location::frame_base_register(info, unit)
        })
    }
}

impl Variable {
    /// What its location is evaluated with.
    pub(crate) fn located(&self, info: &DebugInfo<'_>) -> Located {
        let type_die = self.type_id.map(|id| id.0);
        Located {
            die: self.die,
            function: self.function,
            size: type_die.and_then(|id| crate::types::size_of(info, id)),
            signed: type_die.is_some_and(|id| crate::types::is_signed(info, id)),
        }
    }
}

fn return_type(info: &DebugInfo<'_>, die: DieId) -> Option<TypeId> {
    let mut at = die;
    for _ in 0..MAX_ORIGINS {
        let (_, entry) = die::entry(info, at)?;
        if let Some(ty) = die::reference(info, at.unit, &entry, gimli::DW_AT_type) {
            return Some(TypeId(ty));
        }
        let origin = die::reference(info, at.unit, &entry, gimli::DW_AT_abstract_origin);
        let origin =
            origin.or_else(|| die::reference(info, at.unit, &entry, gimli::DW_AT_specification));
        at = origin?;
    }
    None
}

fn locate(
    info: &DebugInfo<'_>,
    variable: &Variable,
    pc: CodeOffset,
    state: &dyn FrameState,
) -> Place {
    location::locate(info, variable.located(info), pc, state)
}

fn variables(
    info: &DebugInfo<'_>,
    frame: DieId,
    pc: CodeOffset,
    line: Option<u32>,
) -> Vec<Variable> {
    let functions = info.functions(frame.unit);
    let Some(function) = functions.and_then(|functions| functions.at(pc.0)) else {
        return Vec::new();
    };
    let scopes = info.scopes(frame.unit, function);
    let mut collector = Collector {
        info,
        unit: frame.unit,
        function: DieId::new(frame.unit as usize, function.die),
        line,
        found: Vec::new(),
    };
    // From the frame's own scope inwards, up to the next inlined call: that is another frame.
    let inside = scopes.at(pc.0);
    let mut inside = inside.iter().filter_map(|position| scopes.0.get(*position));
    let Some(own) = inside.find(|scope| scope.die == frame.unit_offset()) else {
        return Vec::new();
    };
    collector.scope(own.die);
    let mut around = collector.origin_of(own.die);
    for block in inside.take_while(|scope| scope.kind == ScopeKind::Block) {
        let origin = collector.origin_of(block.die);
        if let (Some(around), Some(origin)) = (around, origin) {
            collector.lost_blocks(around, origin);
        }
        around = origin.or(around);
        collector.scope(block.die);
    }
    let mut found = collector.found;
    found.sort_by_key(|variable| variable.kind == VariableKind::Local);
    hide_shadowed(&mut found);
    found
}

/// Marks all but the last variable of each name.
fn hide_shadowed(variables: &mut [Variable]) {
    let mut seen = HashSet::new();
    for variable in variables.iter_mut().rev() {
        variable.shadowed = !seen.insert(Arc::clone(&variable.name));
    }
}

struct Collector<'i, 'a> {
    info: &'i DebugInfo<'a>,
    unit: u32,
    function: DieId,
    line: Option<u32>,
    found: Vec<Variable>,
}

impl<'a> Collector<'_, 'a> {
    /// The abstract scope that a scope is an instance of.
    fn origin_of(&self, scope: UnitOffset) -> Option<DieId> {
        let (_, entry) = die::entry(self.info, DieId::new(self.unit as usize, scope))?;
        die::reference(self.info, self.unit, &entry, gimli::DW_AT_abstract_origin)
    }

    /// Takes the variables of the abstract blocks between `outer` and `inner`. The instance has
    /// no such blocks: their variables were optimised out, all of them, but they are in scope.
    fn lost_blocks(&mut self, outer: DieId, inner: DieId) {
        if outer.unit != inner.unit {
            return;
        }
        let Some(unit) = self.info.unit(outer.unit) else {
            return;
        };
        // The blocks on the way to the DIE that is being visited, with their depth.
        let mut way: Vec<(isize, UnitOffset)> = Vec::new();
        let mut found = false;
        die::walk(&unit, outer.unit_offset(), |entry, depth| {
            while way.last().is_some_and(|(above, _)| *above >= depth) {
                way.pop();
            }
            if entry.offset() == inner.unit_offset() {
                found = true;
                return Visit::Stop;
            }
            if entry.tag() != gimli::DW_TAG_lexical_block {
                return Visit::Skip;
            }
            way.push((depth, entry.offset()));
            Visit::Descend
        });
        if !found {
            return;
        }
        for (_, block) in way {
            let mut lost = Vec::new();
            die::children(&unit, block, |child| {
                if is_variable(child) && lost.len() < MAX_VARIABLES {
                    lost.push(child.clone());
                }
            });
            for entry in &lost {
                self.take(outer.unit, entry);
            }
        }
    }

    /// Takes the variables directly in a scope. Where the scope is an instance of an abstract
    /// one, variables that only that one has were optimised out, and keep their places.
    fn scope(&mut self, scope: UnitOffset) {
        let Some((unit, entry)) = die::entry(self.info, DieId::new(self.unit as usize, scope))
        else {
            return;
        };
        let mut concrete: Vec<Entry<'a>> = Vec::new();
        die::children(&unit, scope, |child| {
            if is_variable(child) && concrete.len() < MAX_VARIABLES {
                concrete.push(child.clone());
            }
        });
        let origin = self.origin_of(entry.offset());
        if let Some(origin) = origin {
            self.with_origin(origin, concrete);
        } else {
            for entry in &concrete {
                self.take(self.unit, entry);
            }
        }
    }

    fn with_origin(&mut self, origin: DieId, concrete: Vec<Entry<'a>>) {
        let mut instances: HashMap<DieId, Entry<'a>> = HashMap::new();
        let mut others = Vec::new();
        for entry in concrete {
            let own = die::reference(self.info, self.unit, &entry, gimli::DW_AT_abstract_origin);
            match own {
                Some(own) if !instances.contains_key(&own) => {
                    instances.insert(own, entry);
                }
                _ => others.push(entry),
            }
        }
        let mut abstracts: Vec<Entry<'a>> = Vec::new();
        if let Some(unit) = self.info.unit(origin.unit) {
            die::children(&unit, origin.unit_offset(), |child| {
                if is_variable(child) && abstracts.len() < MAX_VARIABLES {
                    abstracts.push(child.clone());
                }
            });
        }
        for entry in &abstracts {
            let id = DieId::new(origin.unit as usize, entry.offset());
            match instances.remove(&id) {
                Some(instance) => self.take(self.unit, &instance),
                None => self.take(origin.unit, entry),
            }
        }
        let mut rest: Vec<Entry<'a>> = instances.into_values().chain(others).collect();
        rest.sort_by_key(|entry| entry.offset().0);
        for entry in &rest {
            self.take(self.unit, entry);
        }
    }

    /// Takes one variable; one without a name anywhere (`_`) is nobody's.
    fn take(&mut self, unit_index: u32, entry: &Entry<'a>) {
        if self.found.len() >= MAX_VARIABLES {
            return;
        }
        let mut variable = Variable {
            name: Arc::from(""),
            kind: match entry.tag() {
                gimli::DW_TAG_formal_parameter => VariableKind::Argument,
                _ => VariableKind::Local,
            },
            type_id: None,
            line: None,
            artificial: false,
            shadowed: false,
            declared_later: false,
            die: DieId::new(unit_index as usize, entry.offset()),
            function: Some(self.function),
        };
        let mut at = (unit_index, entry.clone());
        for _ in 0..MAX_ORIGINS {
            let (unit_index, entry) = &at;
            let Some(unit) = self.info.unit(*unit_index) else {
                break;
            };
            if variable.name.is_empty()
                && let Some(name) = die::name(&unit, entry)
            {
                variable.name = name;
            }
            variable.type_id = variable.type_id.or_else(|| {
                die::reference(self.info, *unit_index, entry, gimli::DW_AT_type).map(TypeId)
            });
            variable.line = variable.line.or_else(|| {
                let line = die::unsigned(entry, gimli::DW_AT_decl_line)?;
                u32::try_from(line).ok().filter(|line| *line > 0)
            });
            variable.artificial |= die::flag(entry, gimli::DW_AT_artificial);
            let origin =
                die::reference(self.info, *unit_index, entry, gimli::DW_AT_abstract_origin);
            let next = origin.and_then(|id| Some((id.unit, die::entry(self.info, id)?.1)));
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        if variable.name.is_empty() {
            return;
        }
        // rustc names what an `async` body is polled with as if a source had.
        variable.artificial |= &*variable.name == "_task_context";
        variable.declared_later = variable.kind == VariableKind::Local
            && match (variable.line, self.line) {
                (Some(declared), Some(now)) => declared > now,
                _ => false,
            };
        self.found.push(variable);
    }
}

fn is_variable(entry: &Entry<'_>) -> bool {
    match entry.tag() {
        gimli::DW_TAG_formal_parameter | gimli::DW_TAG_variable => {
            // `extern` declarations and statics in a block are elsewhere.
            !die::flag(entry, gimli::DW_AT_declaration) && !die::flag(entry, gimli::DW_AT_external)
        }
        _ => false,
    }
}
