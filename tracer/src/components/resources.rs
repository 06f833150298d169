//! What a component's resources stand for, as far as the calls that went by tell it. The numbers are
//! those of the host's one table, which gives a number away again once its resource is dropped.

use crate::call::{Arg, CallResult, HostCall, Value};
use crate::render::{LineStyle, Rounded, plain};
use crate::table::components::{self, Label};
use std::borrow::Cow;
use std::collections::HashMap;

/// More resources than these are not followed.
const MAX_KNOWN: usize = 1 << 16;

/// A longer label is cut.
const MAX_LABEL: usize = 4096;

/// A resource that has not been dropped.
#[derive(Clone, Debug)]
struct Known {
    kind: &'static str,
    label: Option<String>,
}

/// The resources that are known.
#[derive(Debug, Default)]
pub(super) struct Resources {
    known: HashMap<u32, Known>,
}

impl Resources {
    /// Notes what a resource is.
    pub(super) fn name(&mut self, id: u32, kind: &'static str, label: Option<String>) {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(&id) {
            return;
        }
        let label = label.map(|mut label| {
            label.truncate(label.floor_char_boundary(MAX_LABEL));
            label
        });
        self.known.insert(id, Known { kind, label });
    }

    /// A resource has been dropped.
    pub(super) fn forget(&mut self, id: u32) {
        self.known.remove(&id);
    }

    /// Names the resources in a call's arguments.
    pub(super) fn name_arguments(&self, call: &mut HostCall) {
        for arg in &mut call.args {
            let kind = components::kind_of_argument(&call.function, &arg.name);
            self.name_value(&mut arg.value, kind);
        }
    }

    fn name_value(&self, value: &mut Value, expected: &'static str) {
        match value {
            Value::Resource { kind, id, label } => {
                *kind = Cow::Borrowed(expected);
                // One of another kind by the same number is another resource.
                let known = self
                    .known
                    .get(id)
                    .filter(|known| known.kind == expected || expected == "resource");
                if let Some(known) = known {
                    *kind = Cow::Borrowed(known.kind);
                    label.clone_from(&known.label);
                }
            }
            Value::List { items, .. } => {
                for item in items {
                    self.name_value(item, expected);
                }
            }
            _ => {}
        }
    }

    /// Names the resources that a call has made, and keeps their names for the calls to come.
    pub(super) fn name_results(&mut self, call: &mut HostCall) {
        let Some(makes) = components::makes(&call.function) else {
            return;
        };
        let label = self.new_label(call, makes.label);
        let CallResult::Ok(results) = &mut call.result else {
            return;
        };
        let mut made = match results.as_mut_slice() {
            [Arg { value, .. }] => match value {
                Value::List { items, .. } => items.iter_mut().collect(),
                value => vec![value],
            },
            _ => return,
        };
        for (value, made_kind) in made.iter_mut().zip(makes.kinds) {
            if let Value::Resource {
                kind,
                id,
                label: shown,
            } = value
            {
                *kind = Cow::Borrowed(made_kind);
                // A folder that is given comes with its path.
                *shown = shown.take().or_else(|| label.clone());
                self.name(*id, made_kind, shown.clone());
            }
        }
    }

    fn new_label(&self, call: &HostCall, label: Label) -> Option<String> {
        let own = || match call.args.first().map(|arg| &arg.value) {
            Some(Value::Resource { label, .. }) => label.clone(),
            _ => None,
        };
        match label {
            Label::Fixed(label) => Some(label.to_owned()),
            Label::Own => own(),
            Label::Below => {
                // Below a folder that is not known, the path is not known either.
                let mut path = own()?;
                let below = call.args.iter().find_map(|arg| match &arg.value {
                    Value::Path(bytes) => Some(String::from_utf8_lossy(&bytes.kept)),
                    _ => None,
                })?;
                crate::fds::append(&mut path, &below);
                Some(path)
            }
            Label::Argument(name) => {
                let arg = call.args.iter().find(|arg| arg.name == name)?;
                Some(match &arg.value {
                    Value::Nanoseconds(ns) => Rounded(*ns).to_string(),
                    value => plain(value, &LineStyle::default()),
                })
            }
            Label::None => None,
        }
    }
}
