//! Which bytes of memory are which parts of a value: the way from addresses to names.

use super::items::ItemsKind;
use super::memory::{Slot, Typed};
use super::view::View;
use super::{Reader, recognise};
use std::ops::Range;

/// How deep parts nest that are looked at.
const MAX_DEPTH: usize = 12;

/// Children of one part that are looked at for what they point to.
const MAX_CHILDREN: u64 = 64;

/// Elements of one part that are told one by one.
const MAX_ELEMENTS: u64 = 1024;

/// A part of a value, and where it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    /// An expression that means it.
    pub name: String,
    /// Its bytes.
    pub bytes: Range<u64>,
}

/// A search for the parts of values that lie in a stretch of memory.
pub(crate) struct Extents<'r> {
    reader: Reader<'r>,
    within: Range<u64>,
    /// How many more parts are looked at.
    left: usize,
    found: Vec<Extent>,
}

/// How a part is called: by itself, and at the start of what is below it, where pointers are followed
/// by themselves.
struct Called {
    name: String,
    below: String,
}

impl Called {
    fn plain(name: String) -> Self {
        Called {
            below: name.clone(),
            name,
        }
    }
}

impl<'r> Extents<'r> {
    /// A search that looks at no more than `parts` of values.
    pub fn new(reader: Reader<'r>, within: Range<u64>, parts: usize) -> Self {
        Extents {
            reader,
            within,
            left: parts,
            found: Vec::new(),
        }
    }

    /// Looks through a value of this name, and all that it owns or points to.
    pub fn look(&mut self, name: &str, typed: &Typed) {
        self.part(&Called::plain(name.to_owned()), typed, 0);
    }

    /// How many more parts are looked at, and those that were found.
    pub fn finish(self) -> (usize, Vec<Extent>) {
        (self.left, self.found)
    }

    fn part(&mut self, called: &Called, typed: &Typed, depth: usize) {
        let Some(left) = self.left.checked_sub(1) else {
            return;
        };
        self.left = left;
        if let Slot::Memory(address) = typed.slot {
            self.note(&called.name, address, typed.ty.size.unwrap_or(0));
        }
        if depth >= MAX_DEPTH {
            return;
        }
        // What has no value has no parts.
        let Ok(view) = recognise::view(&self.reader, typed) else {
            return;
        };
        self.below(called, typed, &view, depth);
    }

    fn below(&mut self, called: &Called, typed: &Typed, view: &View, depth: usize) {
        match view {
            View::Text { first, len } => self.contents(called, typed, first, *len),
            View::Sequence {
                first,
                stride,
                count,
                start,
                ..
            } => {
                self.contents(called, typed, first, stride.saturating_mul(*count));
                for index in self.elements(first, *stride, *count) {
                    let shown = start.saturating_add(index);
                    let name = format!("{}[{shown}]", called.below);
                    if let Some((_, child)) = view.child(&self.reader, index) {
                        self.part(&Called::plain(name), &child, depth + 1);
                    }
                }
            }
            view => {
                for index in 0..view.count().min(MAX_CHILDREN) {
                    let Some((name, child)) = view.child(&self.reader, index) else {
                        continue;
                    };
                    let child_called = match name.as_str() {
                        "*" => Called {
                            name: format!("*{}", called.name),
                            below: called.below.clone(),
                        },
                        name if name.starts_with('[') => {
                            let is_entry = matches!(
                                view,
                                View::Items(items) if items.kind == ItemsKind::Map
                            );
                            Called::plain(match is_entry && !super::leads_back(name) {
                                true => format!("{}.values()[{index}]", called.below),
                                false => format!("{}{name}", called.below),
                            })
                        }
                        name => Called::plain(format!("{}.{name}", called.below)),
                    };
                    self.part(&child_called, &child, depth + 1);
                }
            }
        }
    }

    /// The contents of a text or a sequence, if they are apart from it.
    fn contents(&mut self, called: &Called, typed: &Typed, first: &Slot, length: u64) {
        if let Slot::Memory(address) = first {
            let is_itself = matches!(typed.slot, Slot::Memory(own) if own == *address);
            if !is_itself {
                self.note(&format!("{}[..]", called.below), *address, length);
            }
        }
    }

    /// The elements that lie in the stretch, and some more that may point there.
    fn elements(&self, first: &Slot, stride: u64, count: u64) -> Vec<u64> {
        let mut wanted: Vec<u64> = (0..count.min(MAX_CHILDREN)).collect();
        if let (Slot::Memory(address), true) = (first, stride > 0) {
            let index_of = |at: u64| at.saturating_sub(*address).checked_div(stride).unwrap_or(0);
            let from = index_of(self.within.start).max(MAX_CHILDREN);
            let to = index_of(self.within.end).saturating_add(1).min(count);
            if self.within.end > *address {
                wanted.extend((from..to).take(usize::try_from(MAX_ELEMENTS).unwrap_or(0)));
            }
        }
        wanted
    }

    fn note(&mut self, name: &str, address: u64, length: u64) {
        let Some(end) = address.checked_add(length) else {
            return;
        };
        if length > 0 && address < self.within.end && end > self.within.start {
            self.found.push(Extent {
                name: name.to_owned(),
                bytes: address..end,
            });
        }
    }
}
