//! One call of a component in the ring, as text: what Wasmtime has said of it, and the record that is made
//! of that when somebody asks. Which calls are kept is [`super::ring`]'s business.

use super::text::{exit_code, inside, value, write_bounded};
use crate::call::{Arg, CallResult, HostCall, Moved, Tampering, Value, contents};
use crate::observe::Interest;
use crate::table::components as table;
use std::borrow::Cow;
use std::fmt;
use tracing::field::{Field, Visit};

/// The field of the event that ends a call.
pub(super) const RESULT: &str = "result";

/// The name that an error goes by that Wasmtime leaves out of its text.
pub(super) const ERROR: &str = "error";

/// At most this many bytes of an interface's or a function's name.
const MAX_NAME: usize = 256;

/// The names of a function.
#[derive(Debug, Default)]
pub(super) struct FunctionName {
    /// The path of the bindings' Rust module, which has the namespace and package in it.
    pub(super) path: &'static str,
    pub(super) module: String,
    pub(super) function: String,
    /// What an observer wants to hear of its calls; `None` before it has been asked.
    pub(super) interest: Option<Interest>,
}

#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) seq: u64,
    /// The position of the function's names.
    pub(super) function: usize,
    /// What is recorded of arguments and result.
    pub(super) detail: Detail,
    /// The arguments, one after the other.
    pub(super) text: String,
    pub(super) fields: Vec<TextField>,
    pub(super) result: String,
    pub(super) result_cut: bool,
    pub(super) has_result: bool,
    /// What Wasmtime leaves out of its text: by the argument's name, or the result's.
    pub(super) noted: Vec<(&'static str, Value)>,
    pub(super) returned: bool,
    pub(super) start: Option<u64>,
    pub(super) duration: Option<u64>,
    pub(super) tampering: Option<Tampering>,
    pub(super) hint: Option<String>,
}

/// What is recorded of a call beside its function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Detail {
    #[default]
    Nothing,
    /// Whether it failed, and the contents it moved.
    Outcome,
    /// Arguments and result.
    All,
}

/// An argument: up to where its text goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextField {
    name: &'static str,
    end: usize,
    cut: bool,
}

impl Slot {
    /// Forgets the call that was here before.
    pub(super) fn begin(&mut self, seq: u64, function: usize, start: Option<u64>, detail: Detail) {
        self.seq = seq;
        self.function = function;
        self.text.clear();
        self.fields.clear();
        self.result.clear();
        self.noted.clear();
        self.detail = detail;
        self.has_result = false;
        self.returned = false;
        self.start = start;
        self.duration = None;
        self.tampering = None;
        self.hint = None;
    }

    pub(super) fn call(&self, name: &FunctionName) -> HostCall {
        let module = interface(name.path, &name.module);
        let mut call = HostCall {
            seq: self.seq,
            class: table::class(&module),
            args: self.args(),
            result: self.outcome(),
            module: Cow::Owned(module),
            function: Cow::Owned(name.function.clone()),
            start: self.start,
            duration: self.duration,
            tampering: self.tampering,
            hint: None,
        };
        if call.result.is_failure() {
            call.hint.clone_from(&self.hint);
        }
        if call.module.starts_with("wasi:clocks/monotonic") {
            in_nanoseconds(&mut call);
        }
        call
    }

    /// What has been noted of an argument, or of the result.
    fn noted(&self, name: &str) -> Option<&Value> {
        let found = self.noted.iter().find(|(noted, _)| *noted == name);
        found.map(|(_, value)| value)
    }

    fn args(&self) -> Vec<Arg> {
        let arg = |name, value| Arg {
            name,
            value,
            detail: false,
        };
        if self.detail != Detail::All {
            let text = String::new();
            return vec![arg(Cow::Borrowed(""), Value::Text { text, cut: true })];
        }
        if self.fields.is_empty() {
            // A call that Wasmtime has no span for.
            let noted = self.noted.iter().filter(|(name, _)| *name != RESULT);
            return noted
                .map(|(name, value)| arg(Cow::Borrowed(*name), value.clone()))
                .collect();
        }
        let mut start = 0;
        self.fields
            .iter()
            .map(|field| {
                let text = self.text.get(start..field.end).unwrap_or_default();
                start = field.end;
                let name = field.name.strip_suffix('_').unwrap_or(field.name);
                // The bindings have Rust's spelling, the interface has dashes.
                let name = name.replace('_', "-");
                let value = match (self.noted(&name), value(text, field.cut)) {
                    (Some(noted), _) => noted.clone(),
                    (None, Value::Bytes(bytes)) if table::is_path(&name) => Value::Path(bytes),
                    (None, value) => value,
                };
                arg(Cow::Owned(name), value)
            })
            .collect()
    }

    /// Whether the call told its guest of a failure, or ended it by one, as [`Self::outcome`] has it.
    pub(super) fn has_failed(&self) -> bool {
        if self.noted(RESULT).is_some() && self.noted(ERROR).is_none() {
            return false;
        }
        let text = self.result.as_str();
        self.noted(ERROR).is_some()
            || match (inside(text, "Ok("), inside(text, "Err(")) {
                (Some(inner), _) => inner.starts_with("Err("),
                (None, Some(error)) => exit_code(error).is_none(),
                (None, None) => false,
            }
    }

    /// The contents that a call moved that has succeeded.
    pub(super) fn moved(&self) -> Moved {
        let mut moved = Moved::default();
        let count = inside(&self.result, "Ok(").map(|inner| inside(inner, "Ok(").unwrap_or(inner));
        let count = count.and_then(|count| count.parse().ok()).unwrap_or(0);
        for (name, value) in &self.noted {
            match *name {
                RESULT => moved.read = moved.read.saturating_add(contents(value, u64::MAX)),
                _ => moved.written = moved.written.saturating_add(contents(value, count)),
            }
        }
        moved
    }

    fn outcome(&self) -> CallResult {
        if !self.has_result {
            return match self.returned {
                true => CallResult::Unknown,
                false => CallResult::Unfinished,
            };
        }
        let ok = |value| {
            CallResult::Ok(vec![Arg {
                name: Cow::Borrowed(""),
                value,
                detail: false,
            }])
        };
        if let Some(noted) = self.noted(ERROR) {
            return CallResult::Err(noted.clone());
        }
        if let Some(noted) = self.noted(RESULT) {
            return ok(noted.clone());
        }
        let (text, cut) = (self.result.as_str(), self.result_cut);
        match (inside(text, "Ok("), inside(text, "Err(")) {
            (Some("()"), _) => CallResult::Ok(Vec::new()),
            (Some(inner), _) => match inside(inner, "Err(") {
                Some(error) => CallResult::Err(value(error, cut)),
                None => ok(value(inside(inner, "Ok(").unwrap_or(inner), cut)),
            },
            (None, Some(error)) => match exit_code(error) {
                Some(code) => CallResult::Exit { code },
                None => CallResult::Err(value(error, cut)),
            },
            // A result with a list in it, which Wasmtime leaves out.
            (None, None) => ok(value(text, cut)),
        }
    }
}

/// The numbers of a monotonic clock are times.
fn in_nanoseconds(call: &mut HostCall) {
    let results = match &mut call.result {
        CallResult::Ok(results) => results.as_mut_slice(),
        _ => &mut [],
    };
    for arg in call.args.iter_mut().chain(results) {
        if let Value::Unsigned(ns) = arg.value {
            arg.value = Value::Nanoseconds(ns);
        }
    }
}

/// The interface's name: namespace and package are only in the path of the bindings,
/// `…::bindings::…::wasi::io::streams` for `wasi:io/streams`.
pub(super) fn interface(path: &str, name: &str) -> String {
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
pub(super) struct NameVisitor<'a> {
    pub(super) name: &'a mut FunctionName,
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
pub(super) struct ArgumentVisitor<'a> {
    pub(super) slot: &'a mut Slot,
    pub(super) limit: usize,
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
pub(super) struct ResultVisitor<'a> {
    pub(super) slot: &'a mut Slot,
    pub(super) limit: usize,
}

impl Visit for ResultVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == RESULT {
            self.slot.result_cut = !write_bounded(&mut self.slot.result, self.limit, value);
            self.slot.has_result = true;
        }
    }
}
