//! A value in one line, close to what `{:?}` prints, cut where it gets too much.

use super::items::{Items, ItemsKind};
use super::memory::{Slot, Typed};
use super::view::{Member, View};
use super::{MAX_DEPTH, Reader, format, recognise, scalar};
use crate::protocol::ValueFormat;
use std::fmt::Write as _;
use wasmscope_symbols::types::Style;
use wasmscope_symbols::{TypeId, Unavailable};

/// A summary that is being written.
pub(super) struct Summary<'s, 'r> {
    reader: &'s Reader<'r>,
    nodes_left: usize,
    depth_left: usize,
    /// What is being shown behind pointers: what leads back to it is not shown again.
    inside: Vec<(u64, TypeId)>,
    out: String,
}

impl<'s, 'r> Summary<'s, 'r> {
    /// The summary of a value, or why it has none. Parts of it may have none for themselves.
    pub fn of(reader: &'s Reader<'r>, typed: &Typed) -> Result<String, Unavailable> {
        Self::of_view(reader, &recognise::view(reader, typed)?)
    }

    /// The summary of what a value looks like.
    pub fn of_view(reader: &'s Reader<'r>, view: &View) -> Result<String, Unavailable> {
        let mut summary = Summary {
            reader,
            nodes_left: reader.limits.nodes.saturating_sub(1),
            depth_left: reader.limits.depth.min(MAX_DEPTH),
            inside: Vec::new(),
            out: String::new(),
        };
        summary.view(view)?;
        Ok(summary.out)
    }

    fn value(&mut self, typed: &Typed) -> Result<(), Unavailable> {
        let Some(nodes_left) = self.nodes_left.checked_sub(1) else {
            self.out.push('…');
            return Ok(());
        };
        self.nodes_left = nodes_left;
        let view = recognise::view(self.reader, typed)?;
        self.view(&view)
    }

    /// What a pointer points to, unless that is what the pointer is in.
    fn target(&mut self, target: &Typed) -> Result<(), Unavailable> {
        let Slot::Memory(address) = target.slot else {
            return self.value(target);
        };
        let this = (address, target.ty.id);
        if self.inside.contains(&this) {
            self.out.push_str("<cycle>");
            return Ok(());
        }
        self.inside.push(this);
        let result = self.value(target);
        self.inside.pop();
        result
    }

    /// A value that is part of another one.
    fn part(&mut self, typed: Result<Typed, Unavailable>) {
        let start = self.out.len();
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            self.out.push('…');
            return;
        };
        self.depth_left = depth_left;
        if let Err(reason) = typed.and_then(|typed| self.value(&typed)) {
            self.out.truncate(start);
            let _ = write!(self.out, "<{reason}>");
        }
        self.depth_left += 1;
    }

    fn view(&mut self, view: &View) -> Result<(), Unavailable> {
        match view {
            View::Word(word) => self.out.push_str(word),
            View::Number {
                encoding,
                bits,
                size,
            } => match format::number(self.reader.format, *encoding, *bits, *size) {
                Some(word) => self.out.push_str(&word),
                None => self.out.push_str(&scalar::word(*encoding, *bits, *size)?),
            },
            View::Text { first, len } => self.text(first, *len)?,
            View::Sequence { count, first, .. } => match self.reader.is_text(view) {
                true => {
                    let len = self.reader.text_len(view, *count);
                    self.text(first, len)?;
                }
                false => self.sequence(view, *count),
            },
            View::Items(items) => self.items(items),
            View::Task(task) => {
                let _ = write!(self.out, "{} ({})", task.title, task.state);
                if let Some(awaited) = task.fields.first().filter(|_| task.awaits) {
                    self.out.push_str(" awaiting ");
                    self.end(Some(awaited));
                }
            }
            View::Marked {
                before,
                view,
                after,
            } => {
                self.out.push_str(before);
                self.view(view)?;
                self.out.push_str(after);
            }
            View::Range {
                from,
                to,
                sign,
                after,
            } => {
                self.end(from.as_ref());
                self.out.push_str(sign);
                self.end(to.as_ref());
                self.out.push_str(after);
            }
            View::Record {
                name,
                note,
                style,
                fields,
                truncated,
            } => {
                self.out.push_str(name);
                self.out.push_str(note);
                self.record(view, *style, fields.len(), *truncated);
            }
            View::Behind {
                sign,
                target,
                suffix,
            } => {
                self.out.push_str(sign);
                if self.depth_left == 0 {
                    self.out.push('…');
                    return Ok(());
                }
                self.depth_left -= 1;
                let result = self.target(target);
                self.depth_left += 1;
                self.out.push_str(suffix);
                return result;
            }
            View::Pointer { address, target } => {
                match self.reader.format {
                    ValueFormat::Decimal => _ = write!(self.out, "{address}"),
                    _ => _ = write!(self.out, "{address:#x}"),
                }
                if let Some((bytes, len)) = self.reader.c_text(*address, target.as_deref()) {
                    self.out.push(' ');
                    self.quoted(&bytes, len);
                    return Ok(());
                }
                if let Some(target) = target
                    && self.depth_left > 0
                {
                    self.out.push_str(" -> ");
                    let start = self.out.len();
                    self.depth_left -= 1;
                    if let Err(reason) = self.target(target) {
                        self.out.truncate(start);
                        let _ = write!(self.out, "<{reason}>");
                    }
                    self.depth_left += 1;
                }
            }
        }
        Ok(())
    }

    fn sequence(&mut self, view: &View, count: u64) {
        self.out.push('[');
        if count > 0 && self.depth_left == 0 {
            self.out.push_str("…]");
            return;
        }
        let mut shown = 0;
        while shown < count.min(self.reader.limits.elements as u64) && self.nodes_left > 0 {
            self.separate(shown == 0);
            self.part(view.element(self.reader, shown));
            shown += 1;
        }
        self.rest(shown, count);
        self.out.push(']');
    }

    /// What lies apart: a list, a set, a map.
    fn items(&mut self, items: &Items) {
        let (open, close) = match items.kind {
            ItemsKind::List => ('[', ']'),
            ItemsKind::Set | ItemsKind::Map => ('{', '}'),
        };
        self.out.push(open);
        if items.count > 0 && self.depth_left == 0 {
            self.out.push('…');
            self.out.push(close);
            return;
        }
        let mut shown = 0;
        while shown < items.count.min(self.reader.limits.elements as u64) && self.nodes_left > 0 {
            self.separate(shown == 0);
            match items.get(self.reader, shown) {
                Ok((element, value)) => {
                    self.part(Ok(element));
                    if let Some(value) = value {
                        self.out.push_str(": ");
                        self.part(Ok(value));
                    }
                }
                // Where one cannot be found, neither can those behind it.
                Err(reason) => {
                    let _ = write!(self.out, "<{reason}>");
                    self.out.push(close);
                    return;
                }
            }
            shown += 1;
        }
        self.rest(shown, items.count);
        self.out.push(close);
    }

    /// An end of a range, or what a future waits for.
    fn end(&mut self, end: Option<&Member>) {
        if let Some(end) = end {
            let slot = end.slot.clone();
            self.part(slot.map(|slot| self.reader.typed(end.type_id, slot)));
        }
    }

    fn record(&mut self, view: &View, style: Style, count: usize, truncated: bool) {
        let (open, close) = match style {
            Style::Named if count == 0 => return,
            Style::Named if self.out.is_empty() || self.out.ends_with([' ', '[', '(']) => {
                ("{ ", " }")
            }
            Style::Named => (" { ", " }"),
            Style::TupleStruct | Style::Tuple => ("(", ")"),
        };
        if self.depth_left == 0 && count > 0 {
            self.out.push_str(match style {
                Style::Named => " {…}",
                _ => "(…)",
            });
            return;
        }
        self.out.push_str(open);
        let total = count as u64;
        let mut shown = 0;
        while shown < total.min(self.reader.limits.elements as u64) && self.nodes_left > 0 {
            self.separate(shown == 0);
            self.field(view, style, shown);
            shown += 1;
        }
        self.rest(shown, total);
        if truncated {
            self.out.push_str(", …");
        }
        if style == Style::Tuple && count == 1 {
            self.out.push(',');
        }
        self.out.push_str(close);
    }

    fn field(&mut self, view: &View, style: Style, index: u64) {
        let View::Record { fields, .. } = view else {
            return;
        };
        let Some(field) = usize::try_from(index)
            .ok()
            .and_then(|index| fields.get(index))
        else {
            return;
        };
        if style == Style::Named && !field.name.is_empty() {
            self.out.push_str(&field.name);
            self.out.push_str(": ");
        }
        let typed = field
            .slot
            .clone()
            .map(|slot| self.reader.typed(field.type_id, slot));
        self.part(typed);
    }

    fn separate(&mut self, first: bool) {
        if !first {
            self.out.push_str(", ");
        }
    }

    /// Says how many of `total` were left out.
    fn rest(&mut self, shown: u64, total: u64) {
        if shown < total {
            self.separate(shown == 0);
            let _ = write!(self.out, "… {} more", total - shown);
        }
    }

    /// Text in memory, as much of it as is shown.
    fn text(&mut self, first: &Slot, len: u64) -> Result<(), Unavailable> {
        // A character has up to four bytes.
        let wanted = (self.reader.limits.text as u64)
            .saturating_add(1)
            .saturating_mul(4);
        let wanted = usize::try_from(len.min(wanted)).unwrap_or(0);
        let mut bytes = vec![0; wanted];
        first.read(self.reader.memory, &mut bytes)?;
        self.quoted(&bytes, len);
        Ok(())
    }

    /// Text in quotes, escaped as Rust does it; bytes that are no UTF-8 as `\xNN`.
    fn quoted(&mut self, bytes: &[u8], len: u64) {
        self.out.push('"');
        let mut chars = 0;
        let mut used = 0;
        let mut broken = false;
        'all: for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                if chars == self.reader.limits.text {
                    break 'all;
                }
                push_escaped(&mut self.out, c);
                chars += 1;
                used += c.len_utf8();
            }
            // A character that the cut went through is not broken.
            let invalid = chunk.invalid();
            if used + invalid.len() == bytes.len() && (bytes.len() as u64) < len {
                break;
            }
            for byte in invalid {
                if chars == self.reader.limits.text {
                    break 'all;
                }
                let _ = write!(self.out, "\\x{byte:02x}");
                chars += 1;
                used += 1;
                broken = true;
            }
        }
        self.out.push('"');
        if (used as u64) < len {
            let _ = write!(self.out, "… ({len} bytes)");
        }
        if broken {
            self.out.push_str(" (not UTF-8)");
        }
    }
}

/// One character of a string literal, as `{:?}` writes it.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '\'' => out.push('\''),
        c => out.extend(c.escape_debug()),
    }
}
