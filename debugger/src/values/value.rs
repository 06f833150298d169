//! [`Value`]: what front ends show, and programs get as data.

use serde::{Deserialize, Serialize};
use wasmscope_symbols::Unavailable;

/// A value of the guest.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Value {
    /// The variable's, field's or element's name.
    pub name: String,
    /// Its type as people read it: `Vec<String>`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its type with everything in it.
    pub full_type: String,
    /// The value in one line, close to what `{:?}` prints; `None` when it is unavailable. Fit for
    /// a terminal: control characters in the guest's text are escaped.
    #[serde(rename = "value")]
    pub summary: Option<String>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unavailable: Option<String>,
    /// Why the value may not be one any more, though its bytes look like it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub doubt: Option<Box<str>>,
    /// Fields, elements, or those of what it points to.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub children: Vec<Value>,
    /// How many children there are beyond those.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more_children: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Value {
    pub(crate) fn known(name: &str, type_name: &str, full_type: &str, summary: String) -> Self {
        Value {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            full_type: full_type.to_owned(),
            summary: Some(summary),
            ..Value::default()
        }
    }

    pub(crate) fn unavailable(
        name: &str,
        type_name: &str,
        full_type: &str,
        reason: &Unavailable,
    ) -> Self {
        Value {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            full_type: full_type.to_owned(),
            unavailable: Some(reason.to_string()),
            ..Value::default()
        }
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.summary, &self.unavailable) {
            (Some(summary), _) => match &self.doubt {
                Some(doubt) => write!(f, "{summary} <{doubt}>"),
                None => f.write_str(summary),
            },
            (None, Some(reason)) => write!(f, "<unavailable: {reason}>"),
            (None, None) => f.write_str("<unavailable>"),
        }
    }
}
