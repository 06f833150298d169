//! The last calls of components, as text. A slot's buffers are used again and again, and formatting
//! stops where they are full.

use super::{Arguments, ComponentRecording};
use crate::call::{Arg, CallResult, HostCall, Value};
use crate::table;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, Instant};
use tracing::Metadata;
use tracing::field::{Field, Visit};

/// The field of the event that ends a call.
pub(super) const RESULT: &str = "result";

/// At most this many bytes of an interface's or a function's name.
const MAX_NAME: usize = 256;

#[derive(Debug)]
pub(super) struct Ring {
    recording: ComponentRecording,
    slots: Vec<Slot>,
    next: u64,
    cursor: usize,
    origin: Instant,
    /// The functions that have been called.
    functions: Vec<FunctionName>,
    /// Their positions, by the address of their span's metadata.
    positions: HashMap<usize, usize>,
    /// Some of `positions`, each where its address says.
    known: [(usize, usize); KNOWN],
    /// Whether calls are rare enough for their arguments to be formatted.
    rare: bool,
    /// When the last batch of calls began.
    batch: Instant,
}

/// How many calls are timed together to tell how many there are in a second.
const BATCH: u64 = 64;

/// With calls further apart than this on average, arguments are formatted.
const RARE: Duration = Duration::from_micros(20);

/// How many functions are found again at once. A power of two.
const KNOWN: usize = 64;

/// The names of a function.
#[derive(Debug, Default)]
struct FunctionName {
    /// The path of the bindings' Rust module, which has the namespace and package in it.
    path: &'static str,
    module: String,
    function: String,
}

#[derive(Debug, Default)]
struct Slot {
    seq: u64,
    /// The position of the function's names.
    function: usize,
    /// Whether arguments and result are recorded.
    has_text: bool,
    /// The arguments, one after the other.
    text: String,
    fields: Vec<TextField>,
    result: String,
    result_cut: bool,
    has_result: bool,
    returned: bool,
    start: Option<u64>,
    duration: Option<u64>,
}

/// An argument: up to where its text goes.
#[derive(Clone, Copy, Debug)]
struct TextField {
    name: &'static str,
    end: usize,
    cut: bool,
}

impl Ring {
    pub(super) fn new(recording: ComponentRecording) -> Self {
        Ring {
            recording,
            slots: Vec::new(),
            next: 0,
            cursor: 0,
            origin: Instant::now(),
            functions: Vec::new(),
            positions: HashMap::new(),
            known: [(0, 0); KNOWN],
            rare: true,
            batch: Instant::now(),
        }
    }

    pub(super) fn recording(&self) -> &ComponentRecording {
        &self.recording
    }

    pub(super) fn total(&self) -> u64 {
        self.next
    }

    fn now(&self) -> Option<u64> {
        self.recording
            .time
            .then(|| self.origin.elapsed().as_nanos() as u64)
    }

    /// A call begins: `record` hands out the names in the fields of its span. Its number is returned,
    /// and whether its arguments and result are wanted.
    pub(super) fn enter(
        &mut self,
        metadata: &'static Metadata<'static>,
        record: impl FnOnce(&mut dyn Visit),
    ) -> (u64, bool) {
        let (seq, start) = (self.next, self.now());
        self.next += 1;
        let index = self.cursor;
        self.cursor += 1;
        if self.cursor >= self.recording.calls {
            self.cursor = 0;
        }
        let has_text = match self.recording.arguments {
            Arguments::Never => false,
            Arguments::WhenCheap => self.is_rare(seq),
            Arguments::Always => true,
        };
        if index == self.slots.len() && index < self.recording.calls {
            self.slots.push(Slot::default());
        }
        if index >= self.slots.len() {
            return (seq, false);
        }
        let function = self.function(metadata, record);
        if let Some(slot) = self.slots.get_mut(index) {
            slot.seq = seq;
            slot.function = function;
            slot.text.clear();
            slot.fields.clear();
            slot.result.clear();
            slot.has_text = has_text;
            slot.has_result = false;
            slot.returned = false;
            slot.start = start;
            slot.duration = None;
        }
        (seq, has_text)
    }

    /// Whether calls come slowly, judged by the batch of calls before this one.
    fn is_rare(&mut self, seq: u64) -> bool {
        if seq.is_multiple_of(BATCH) {
            let now = Instant::now();
            self.rare = seq == 0 || now.duration_since(self.batch) > RARE * BATCH as u32;
            self.batch = now;
        }
        self.rare
    }

    /// The position of the names in a span, which are the same for all spans of one place in the
    /// program.
    fn function(
        &mut self,
        metadata: &'static Metadata<'static>,
        record: impl FnOnce(&mut dyn Visit),
    ) -> usize {
        let address = std::ptr::from_ref(metadata).addr();
        // Metadata is larger than 64 bytes: neighbours go to different places.
        let place = self.known.get_mut((address >> 6) % KNOWN);
        if let Some((known, position)) = &place
            && *known == address
        {
            return *position;
        }
        let position = *self.positions.entry(address).or_insert_with(|| {
            let mut name = FunctionName {
                path: metadata.module_path().unwrap_or_default(),
                ..FunctionName::default()
            };
            record(&mut NameVisitor { name: &mut name });
            self.functions.push(name);
            self.functions.len() - 1
        });
        if let Some(place) = place {
            *place = (address, position);
        }
        position
    }

    /// The arguments or the result of a call, which `record` hands out.
    pub(super) fn text(&mut self, seq: u64, result: bool, record: impl FnOnce(&mut dyn Visit)) {
        let limit = self.recording.text_bytes;
        let Some(slot) = self.slot(seq) else { return };
        if result {
            record(&mut ResultVisitor { slot, limit });
        } else {
            record(&mut ArgumentVisitor { slot, limit });
        }
    }

    /// A call has ended.
    pub(super) fn leave(&mut self, seq: u64) {
        let end = self.now();
        if let Some(slot) = self.slot(seq) {
            slot.returned = true;
            if let (Some(start), Some(end)) = (slot.start, end) {
                slot.duration = Some(end.saturating_sub(start));
            }
        }
    }

    fn slot(&mut self, seq: u64) -> Option<&mut Slot> {
        let index = seq.checked_rem(self.recording.calls as u64)? as usize;
        self.slots.get_mut(index).filter(|slot| slot.seq == seq)
    }

    pub(super) fn calls(&self) -> Vec<HostCall> {
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_by_key(|slot| slot.seq);
        slots
            .into_iter()
            .filter_map(|slot| Some(slot.call(self.functions.get(slot.function)?)))
            .collect()
    }
}

impl Slot {
    fn call(&self, name: &FunctionName) -> HostCall {
        let module = interface(name.path, &name.module);
        HostCall {
            seq: self.seq,
            class: table::components::class(&module),
            module: Cow::Owned(module),
            function: Cow::Owned(name.function.clone()),
            args: self.args(),
            result: self.outcome(),
            start: self.start,
            duration: self.duration,
            tampering: None,
        }
    }

    fn args(&self) -> Vec<Arg> {
        if !self.has_text {
            return vec![Arg {
                name: Cow::Borrowed(""),
                value: Value::Text {
                    text: String::new(),
                    cut: true,
                },
                detail: false,
            }];
        }
        let mut start = 0;
        self.fields
            .iter()
            .map(|field| {
                let text = self.text.get(start..field.end).unwrap_or_default();
                start = field.end;
                let name = field.name.strip_suffix('_').unwrap_or(field.name);
                Arg {
                    // The bindings have Rust's spelling, the interface has dashes.
                    name: Cow::Owned(name.replace('_', "-")),
                    value: value(text, field.cut),
                    detail: false,
                }
            })
            .collect()
    }

    fn outcome(&self) -> CallResult {
        if !self.has_result {
            return match self.returned {
                true => CallResult::Unknown,
                false => CallResult::Unfinished,
            };
        }
        let (text, cut) = without_backtrace(&self.result, self.result_cut);
        match (inside(text, "Ok("), inside(text, "Err(")) {
            (Some("()"), _) => CallResult::Ok(Vec::new()),
            (Some(inner), _) => match inside(inner, "Err(") {
                Some(error) => CallResult::Err(value(error, cut)),
                None => CallResult::Ok(vec![Arg {
                    name: Cow::Borrowed(""),
                    value: value(inside(inner, "Ok(").unwrap_or(inner), cut),
                    detail: false,
                }]),
            },
            (None, Some(error)) => match exit_code(error) {
                Some(code) => CallResult::Exit { code },
                None => CallResult::Err(value(error, cut)),
            },
            // A result with a list in it, which Wasmtime leaves out.
            (None, None) => CallResult::Ok(vec![Arg {
                name: Cow::Borrowed(""),
                value: value(text, cut),
                detail: false,
            }]),
        }
    }
}

/// What an error says, without the host's own stack, which Wasmtime adds where `RUST_BACKTRACE` is
/// set; and whether what is left has been cut.
fn without_backtrace(text: &str, cut: bool) -> (&str, bool) {
    match text.split_once("Stack backtrace:\n") {
        Some((says, _)) if says.ends_with('\n') => (says.trim_end(), false),
        _ => (text, cut),
    }
}

/// The exit code in the error with which Wasmtime ends a guest that exits.
fn exit_code(error: &str) -> Option<i32> {
    let (_, code) = error.split_once("Exited with i32 exit status ")?;
    code.parse().ok()
}

/// What is between `open` and the `)` that ends the text; all of the rest when that has been cut off.
fn inside<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(open)?;
    Some(rest.strip_suffix(')').unwrap_or(rest))
}

/// The value that a text of Wasmtime stands for, where it is one that says little as it is.
fn value(text: &str, cut: bool) -> Value {
    if text == "\"...\"" {
        return Value::Text {
            text: String::new(),
            cut: true,
        };
    }
    if let Some(rep) = resource(text) {
        return Value::Text {
            text: format!("#{rep}"),
            cut: false,
        };
    }
    // Errors are shown with their number, flags in parentheses.
    let text = match text.rsplit_once(" (error ") {
        Some((name, _)) if !text.starts_with('"') => name,
        _ => flags(text).unwrap_or(text),
    };
    match text.parse() {
        Ok(number) if !cut => Value::Unsigned(number),
        _ => Value::Text {
            text: text.to_owned(),
            cut,
        },
    }
}

/// The names in a set of flags, `(READ|WRITE)`, or `0` when there are none.
fn flags(text: &str) -> Option<&str> {
    let names = inside(text, "(")?;
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_|".contains(c);
    match names {
        "" => Some("0"),
        names => names.chars().all(is_name).then_some(names),
    }
}

/// The number of a resource out of how Wasmtime shows it: `Resource { rep: 3, … }`.
fn resource(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Resource")?;
    let (_, rest) = rest.split_once("rep: ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest.get(..end).filter(|rep| !rep.is_empty())
}

/// The interface's name: namespace and package are only in the path of the bindings,
/// `…::bindings::…::wasi::io::streams` for `wasi:io/streams`.
fn interface(path: &str, name: &str) -> String {
    let package = path
        .split_once("::wasi::")
        .and_then(|(_, rest)| rest.split("::").next())
        .map(|package| package.replace('_', "-"));
    match package {
        Some(package) => format!("wasi:{package}/{name}"),
        None => name.to_owned(),
    }
}

/// Takes the names out of the fields of a span.
struct NameVisitor<'a> {
    name: &'a mut FunctionName,
}

impl Visit for NameVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let name = match field.name() {
            "module" => &mut self.name.module,
            "function" => &mut self.name.function,
            _ => return,
        };
        name.push_str(value.get(..MAX_NAME).unwrap_or(value));
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}

/// Takes the arguments out of the fields of an event.
struct ArgumentVisitor<'a> {
    slot: &'a mut Slot,
    limit: usize,
}

impl Visit for ArgumentVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            return;
        }
        let cut = !write_bounded(&mut self.slot.text, self.limit, value);
        self.slot.fields.push(TextField {
            name: field.name(),
            end: self.slot.text.len(),
            cut,
        });
    }
}

/// Takes the result out of the fields of an event.
struct ResultVisitor<'a> {
    slot: &'a mut Slot,
    limit: usize,
}

impl Visit for ResultVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == RESULT {
            self.slot.result_cut = !write_bounded(&mut self.slot.result, self.limit, value);
            self.slot.has_result = true;
        }
    }
}

/// Formats until `out` has `limit` bytes, and says whether it was all.
fn write_bounded(out: &mut String, limit: usize, value: &dyn fmt::Debug) -> bool {
    write!(Bounded { out, limit }, "{value:?}").is_ok()
}

struct Bounded<'a> {
    out: &'a mut String,
    limit: usize,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.limit.saturating_sub(self.out.len());
        if text.len() <= room {
            self.out.push_str(text);
            return Ok(());
        }
        let fits = text.get(..text.floor_char_boundary(room));
        self.out.push_str(fits.unwrap_or_default());
        // An error is the only way to make the rest of the formatting stop.
        Err(fmt::Error)
    }
}
