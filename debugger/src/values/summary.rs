//! A value in one line, close to what `{:?}` prints, cut where it gets too much.

use super::memory::{Slot, Typed};
use super::view::View;
use super::{MAX_DEPTH, Reader, format, recognise, scalar};
use crate::protocol::ValueFormat;
use std::fmt::Write as _;
use wasmscope_symbols::Unavailable;
use wasmscope_symbols::types::Style;

/// A summary that is being written.
pub(super) struct Summary<'s, 'r> {
    reader: &'s Reader<'r>,
    nodes_left: usize,
    depth_left: usize,
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
                true => self.text(first, *count)?,
                false => self.sequence(view, *count),
            },
            View::Record {
                name,
                style,
                fields,
                truncated,
            } => {
                self.out.push_str(name);
                self.record(view, *style, fields.len(), *truncated);
            }
            View::Behind { sign, target } => {
                self.out.push_str(sign);
                if self.depth_left == 0 {
                    self.out.push('…');
                    return Ok(());
                }
                self.depth_left -= 1;
                let result = self.value(target);
                self.depth_left += 1;
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
                    self.part(Ok((**target).clone()));
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

    fn record(&mut self, view: &View, style: Style, count: usize, truncated: bool) {
        let (open, close) = match style {
            Style::Named if count == 0 => return,
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
