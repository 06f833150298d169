//! The scopes of a function: the function itself, its blocks, and the calls inlined in it, each
//! with the code it covers. Variables are looked up in them.

use super::functions::Function;
use super::ranges::{PcRange, RangeAttributes};
use super::{DebugInfo, Slice};
use gimli::UnitRef;

/// How deep scopes may nest; what is deeper counts as part of the scope around it.
const MAX_DEPTH: usize = 1_000;

/// What a scope is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ScopeKind {
    /// The subprogram.
    Function,
    /// A lexical block (also `DW_TAG_try_block` and the like).
    Block,
    /// A call that was inlined.
    Inlined,
}

/// One scope.
pub(crate) struct Scope {
    pub die: gimli::UnitOffset,
    pub kind: ScopeKind,
    /// Position of the scope around it.
    pub parent: Option<usize>,
    /// The code it covers, rising; a block without any covers what its parent does.
    pub ranges: Vec<PcRange>,
}

/// The scopes of one function; outer ones come before inner ones, the function itself first.
#[derive(Default)]
pub(crate) struct Scopes(pub Vec<Scope>);

impl Scopes {
    pub fn parse<'a>(
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
        function: &Function,
    ) -> Self {
        let mut scopes = Scopes::default();
        // Damage ends the reading; what came before it stays.
        let _ = scopes.read(info, unit, function);
        scopes
    }

    fn read<'a>(
        &mut self,
        info: &DebugInfo<'a>,
        unit: UnitRef<'_, Slice<'a>>,
        function: &Function,
    ) -> gimli::Result<()> {
        let mut entries = unit.entries_raw(Some(function.die))?;
        let top = entries.next_depth();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(());
        };
        entries.skip_attributes(abbreviation.attributes())?;
        self.0.push(Scope {
            die: function.die,
            kind: ScopeKind::Function,
            parent: None,
            ranges: function.ranges.clone(),
        });
        // The scopes that are open: depth in the tree, position.
        let mut open: Vec<(isize, usize)> = vec![(top, 0)];
        let mut nested: Option<isize> = None;
        while entries.next_depth() > top && !entries.is_empty() {
            let die = entries.next_offset();
            let depth = entries.next_depth();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            while open.len() > 1 && open.last().is_some_and(|(above, _)| *above >= depth) {
                open.pop();
            }
            if nested.is_some_and(|nested| depth <= nested) {
                nested = None;
            }
            let kind = match abbreviation.tag() {
                gimli::DW_TAG_lexical_block
                | gimli::DW_TAG_try_block
                | gimli::DW_TAG_catch_block => Some(ScopeKind::Block),
                gimli::DW_TAG_inlined_subroutine => Some(ScopeKind::Inlined),
                gimli::DW_TAG_subprogram => {
                    nested = nested.or(Some(depth));
                    None
                }
                _ => None,
            };
            let kind = kind.filter(|_| nested.is_none() && open.len() < MAX_DEPTH);
            let Some(kind) = kind else {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            };
            let mut attributes = RangeAttributes::default();
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec)?;
                attributes.take(unit, attribute.name(), attribute.value());
            }
            let parent = open.last().map(|(_, position)| *position);
            let mut ranges = Vec::new();
            attributes.for_each(info, unit, |range| {
                ranges.extend(function.clip(range));
            });
            if attributes.is_empty() && kind == ScopeKind::Block {
                let around = parent.and_then(|parent| self.0.get(parent));
                ranges = around.map(|scope| scope.ranges.clone()).unwrap_or_default();
            }
            open.push((depth, self.0.len()));
            self.0.push(Scope {
                die,
                kind,
                parent,
                ranges,
            });
        }
        Ok(())
    }

    /// The positions of the scopes that `offset` lies in, outermost first. A scope counts only
    /// when those around it do.
    pub fn at(&self, offset: u64) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for (position, scope) in self.0.iter().enumerate() {
            let inner = scope.parent == found.last().copied();
            if inner && scope.ranges.iter().any(|range| range.contains(offset)) {
                found.push(position);
            }
        }
        found
    }
}
