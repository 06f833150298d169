//! Opcodes of a function, memory's bytes, and the Wasm view of a frame: what is below the source.

use crate::cursor::Cursor;
use wasmscope_debugger::explain::Disassembly;
use wasmscope_debugger::protocol::{MemoryOwner, ModuleInfo, WasmFrameInfo, WasmItem};

/// Bytes of memory that are asked for at once.
pub(crate) const MEMORY_PAGE: u64 = 4096;
/// Bytes in a row of memory.
pub(crate) const MEMORY_ROW: usize = 16;

/// Opcodes of a function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Code {
    /// The opcodes.
    pub listing: Option<Disassembly>,
    /// Why there are none.
    pub note: Option<String>,
    /// The offset of the opcode that the selected frame is at.
    pub current: Option<u64>,
    /// The selected row.
    pub cursor: Cursor,
}

impl Code {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.listing
            .as_ref()
            .map_or(0, |listing| listing.lines.len())
    }

    /// The offset of the selected opcode.
    pub fn selected(&self) -> Option<u64> {
        let lines = &self.listing.as_ref()?.lines;
        lines.get(self.cursor.at).map(|line| line.pc)
    }

    /// The row of an offset, or of the last opcode before it.
    pub fn row_of(&self, pc: u64) -> Option<usize> {
        let lines = &self.listing.as_ref()?.lines;
        let after = lines.partition_point(|line| line.pc <= pc);
        after.checked_sub(1)
    }
}

/// Bytes of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The expression that led here.
    pub expression: Option<String>,
    /// The address of the first byte.
    pub address: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The bytes at the last stop, for the same address.
    pub before: Option<(u64, Vec<u8>)>,
    /// Size of the memory.
    pub size: u64,
    /// Why there are no bytes.
    pub note: Option<String>,
    /// The selected row.
    pub cursor: Cursor,
    /// The row to go to when the bytes come, by address.
    pub wanted: Option<u64>,
    /// What lies there.
    owners: Vec<MemoryOwner>,
    /// For each byte the smallest of them, by its place among them.
    owner_of: Vec<Option<usize>>,
}

impl Memory {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.bytes.len().div_ceil(MEMORY_ROW)
    }

    /// Whether a byte differs from what it was at the last stop.
    pub fn is_changed(&self, place: usize) -> bool {
        let Some((address, before)) = &self.before else {
            return false;
        };
        let at = u64::try_from(place)
            .ok()
            .and_then(|place| self.address.checked_add(place));
        let old = at
            .and_then(|at| at.checked_sub(*address))
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| before.get(at));
        old.is_some_and(|old| self.bytes.get(place) != Some(old))
    }

    /// Takes in what lies in the memory that is shown.
    pub fn set_owners(&mut self, owners: Vec<MemoryOwner>) {
        let mut order: Vec<usize> = (0..owners.len()).collect();
        // The smaller cover the larger; of those that are equal the first, which is of the frame that
        // is looked at, covers the others.
        order.sort_by_key(|at| {
            let length = owners.get(*at).map_or(0, |owner| owner.length);
            std::cmp::Reverse((length, *at))
        });
        self.owner_of = vec![None; self.bytes.len()];
        for at in order {
            let Some(owner) = owners.get(at) else {
                continue;
            };
            let place = |address: u64| {
                let offset = address.saturating_sub(self.address);
                usize::try_from(offset)
                    .unwrap_or(usize::MAX)
                    .min(self.bytes.len())
            };
            let end = owner.address.saturating_add(owner.length);
            if let Some(bytes) = self.owner_of.get_mut(place(owner.address)..place(end)) {
                bytes.fill(Some(at));
            }
        }
        self.owners = owners;
    }

    /// What lies in a row, each once, with the offset of the first of its bytes that is there.
    pub fn row_owners(&self, row: usize) -> Vec<(&MemoryOwner, u64)> {
        let first = row.saturating_mul(MEMORY_ROW);
        let bytes = self.owner_of.iter().skip(first).take(MEMORY_ROW);
        let mut owners: Vec<(&MemoryOwner, u64)> = Vec::new();
        let mut before = None;
        for (address, at) in (self.row_address(row)..).zip(bytes) {
            if *at != before
                && let Some(owner) = at.and_then(|at| self.owners.get(at))
                && owners.iter().all(|(known, _)| *known != owner)
            {
                owners.push((owner, address.saturating_sub(owner.address)));
            }
            before = *at;
        }
        owners
    }

    /// The address of a row.
    pub fn row_address(&self, row: usize) -> u64 {
        let offset = u64::try_from(row.saturating_mul(MEMORY_ROW)).unwrap_or(u64::MAX);
        self.address.saturating_add(offset)
    }
}

/// A row of the Wasm view.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WasmRow<'w> {
    /// A heading.
    Heading(&'static str),
    /// A remark.
    Note(&'w str),
    /// Something with a value.
    Item(&'w WasmItem),
    /// A module.
    Module(&'w ModuleInfo),
    /// What is wrong with a module.
    Problem(&'w str),
}

/// The Wasm view of a frame, and the modules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wasm {
    /// The frame.
    pub frame: Option<WasmFrameInfo>,
    /// Why there is none.
    pub note: Option<String>,
    /// The modules.
    pub modules: Vec<ModuleInfo>,
    /// The selected row.
    pub cursor: Cursor,
}

impl Wasm {
    /// The rows.
    pub fn rows(&self) -> Vec<WasmRow<'_>> {
        let mut rows = Vec::new();
        if let Some(frame) = &self.frame {
            if let Some(reason) = &frame.unavailable {
                rows.push(WasmRow::Note(reason));
            }
            for (heading, word, items) in [
                ("Wasm locals", "local", &frame.locals),
                ("operands, the top first", "operand", &frame.operands),
                ("globals", "global", &frame.globals),
            ] {
                if items.is_empty() {
                    continue;
                }
                rows.push(WasmRow::Heading(heading));
                if word == "operand" {
                    rows.extend(items.iter().rev().map(WasmRow::Item));
                } else {
                    rows.extend(items.iter().map(WasmRow::Item));
                }
            }
        } else if let Some(note) = &self.note {
            rows.push(WasmRow::Note(note));
        }
        if !self.modules.is_empty() {
            rows.push(WasmRow::Heading("modules"));
        }
        for module in &self.modules {
            rows.push(WasmRow::Module(module));
            rows.extend(
                module
                    .problems
                    .iter()
                    .map(|problem| WasmRow::Problem(problem)),
            );
        }
        rows
    }
}
