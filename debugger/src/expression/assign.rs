//! Assigning: what has to be written so that a place holds a value. Nothing is written here.
//!
//! Only what is sure to leave values of their types is offered. What lives in a Wasm local cannot
//! be written: Wasmtime has no way to.

use super::encode::{NewValue, other_length};
use super::error::{ErrorKind, ExpressionError};
use super::evaluate::Evaluator;
use super::names::{Named, Names};
use super::number::Scalar;
use super::operand::Operand;
use super::syntax::{Machine, Node, NodeKind};
use super::{Expression, Scope};
use crate::values::{Gone, Slot, Typed, View};
use wasmscope_symbols::{TypeKind, WasmValue};

/// What has to be written for an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Bytes of the memory that the frame's module addresses.
    Memory {
        /// The address of the first.
        address: u64,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A global of the frame's module.
    Global {
        /// Its index.
        index: u32,
        /// Its value, of the type it has.
        value: WasmValue,
    },
}

/// What has to be written so that `target` holds `value`.
///
/// # Errors
/// When one of the two cannot be evaluated, when the types do not fit, or when the target is
/// nowhere that can be written to. Positions count in `target = value`.
pub fn assign(target: &str, value: &str, scope: &Scope<'_>) -> Result<Write, ExpressionError> {
    let expression = Expression::parse(target)?;
    let names = Names::look_up(scope.context, &expression.parsed.names);
    let place = Evaluator::new(&expression.parsed, &names, scope.state, scope.memory);

    let behind = target.len().saturating_add(" = ".len());
    let new = Expression::parse(value).map_err(|error| error.moved(behind))?;
    let new_names = Names::look_up(scope.context, &new.parsed.names);
    let gone = Gone::default();
    let new = Evaluator::new(&new.parsed, &new_names, scope.state, scope.memory).heeding(&gone);
    // What is wrong with the place is told first.
    let target = place.target()?;
    new.write(&target).map_err(|error| error.moved(behind))
}

/// Where is to be written.
enum Target {
    Value {
        address: u64,
        typed: Typed,
    },
    Text {
        address: u64,
        length: u64,
        is_text: bool,
    },
    Global {
        index: u32,
        now: WasmValue,
    },
}

impl<'n> Evaluator<'n> {
    /// The whole expression as a place.
    fn target(&self) -> Result<Target, ExpressionError> {
        let root = &self.parsed.root;
        let span = &root.span;
        let refuse = |message: String| ExpressionError::new(ErrorKind::NotWritable, span, message);
        match root.kind {
            NodeKind::Machine(Machine::Global(index)) => {
                let now = self.state.wasm_global(index);
                let now = now.map_err(|reason| ExpressionError::unavailable(span, &reason))?;
                return Ok(Target::Global { index, now });
            }
            NodeKind::Machine(Machine::Local(_) | Machine::Operand(_)) => {
                return Err(refuse(
                    "Wasm locals and operands cannot be written: Wasmtime has no way to".into(),
                ));
            }
            _ => {}
        }
        let operand = self.root()?;
        let unavailable = |reason| ExpressionError::unavailable(span, &reason);
        match operand {
            Operand::Place(typed) => {
                let typed = self.reader.resolve(&typed).map_err(unavailable)?;
                // The text that a `String` or a reference stands for, and not what refers to it.
                if !matches!(typed.ty.kind, TypeKind::Array(_))
                    && let Ok(view @ (View::Text { .. } | View::Sequence { .. })) =
                        self.reader.view(&typed)
                {
                    return self.text_target(&view);
                }
                match typed.slot {
                    Slot::Memory(address) => Ok(Target::Value { address, typed }),
                    Slot::Bytes { .. } => Err(refuse(self.why_not(root))),
                }
            }
            Operand::Part { view, .. } => self.text_target(&view),
            Operand::Unknown(name) => Err(self.unknown(name)),
            _ => Err(refuse("it is computed, and no place of its own".into())),
        }
    }

    /// Text or bytes in memory.
    fn text_target(&self, view: &View) -> Result<Target, ExpressionError> {
        let (first, length, is_text) = match view {
            View::Text { first, len } => (first, *len, true),
            View::Sequence {
                element,
                first,
                stride: 1,
                count,
                ..
            } if self.is_byte(*element) => (first, *count, false),
            _ => {
                let message = "elements are assigned to one by one (`x[0]`)";
                let span = &self.parsed.root.span;
                return Err(ExpressionError::new(ErrorKind::Unsupported, span, message));
            }
        };
        match first {
            Slot::Memory(address) => Ok(Target::Text {
                address: *address,
                length,
                is_text,
            }),
            Slot::Bytes { .. } => Err(ExpressionError::new(
                ErrorKind::NotWritable,
                &self.parsed.root.span,
                self.why_not(&self.parsed.root),
            )),
        }
    }

    /// Why a value that is not in memory cannot be written.
    fn why_not(&self, node: &Node) -> String {
        let mut at = node;
        loop {
            match &at.kind {
                NodeKind::Field { of, .. } | NodeKind::Index { of, .. } | NodeKind::Raw(of) => {
                    at = of;
                }
                NodeKind::Name(name) => {
                    let Named::Value(value) = self.names.get(*name) else {
                        break;
                    };
                    let Ok(location) = &value.location else {
                        break;
                    };
                    let name = self.path(*name).map_or(String::new(), |path| path.text());
                    if let Some(local) = location.wasm_local() {
                        return format!(
                            "`{name}` lives in Wasm local {local}, and Wasmtime cannot write Wasm \
                             locals"
                        );
                    }
                    if location.is_constant() {
                        return format!("the compiler made a constant of `{name}` here");
                    }
                    return format!(
                        "`{name}` is not in memory here: it was put together out of Wasm locals and \
                         constants, which Wasmtime cannot write"
                    );
                }
                _ => break,
            }
        }
        "the value is not in memory as a whole".to_owned()
    }

    /// The whole expression as the new value of a place.
    fn write(&self, target: &Target) -> Result<Write, ExpressionError> {
        let span = &self.parsed.root.span;
        let operand = self.root()?;
        let new = NewValue {
            operand: &operand,
            span,
        };
        match target {
            Target::Value { address, typed } => Ok(Write::Memory {
                address: *address,
                bytes: self.encode(typed, new)?,
            }),
            Target::Text {
                address,
                length,
                is_text,
            } => {
                let Operand::Text {
                    bytes,
                    is_text: new_text,
                } = operand
                else {
                    let message = format!(
                        "text is due here (`\"…\"`), and this is {}",
                        self.called(&operand)
                    );
                    return Err(ExpressionError::new(ErrorKind::Mismatch, span, message));
                };
                if *is_text && !new_text && std::str::from_utf8(bytes).is_err() {
                    let message = "these bytes are no UTF-8, which a `str` always is";
                    return Err(ExpressionError::new(ErrorKind::Mismatch, span, message));
                }
                if *length != bytes.len() as u64 {
                    return Err(other_length(*length, bytes.len(), span));
                }
                Ok(Write::Memory {
                    address: *address,
                    bytes: bytes.to_vec(),
                })
            }
            Target::Global { index, now } => {
                let scalar = self.needed_scalar(&operand, span, "a number")?;
                let value = wasm_value(*now, scalar).ok_or_else(|| {
                    let message = format!("{} does not fit into the global", scalar.word());
                    ExpressionError::new(ErrorKind::Mismatch, span, message)
                })?;
                Ok(Write::Global {
                    index: *index,
                    value,
                })
            }
        }
    }
}

/// A scalar as a Wasm value of the same type as another one.
fn wasm_value(like: WasmValue, scalar: Scalar) -> Option<WasmValue> {
    match (like, scalar) {
        (WasmValue::I32(_), Scalar::Integer { value, .. }) => {
            let bits = value.bits();
            let narrow = bits as u32;
            let same = bits == u128::from(narrow) || bits as i128 == i128::from(narrow as i32);
            same.then_some(WasmValue::I32(narrow))
        }
        (WasmValue::I64(_), Scalar::Integer { value, .. }) => {
            let bits = value.bits();
            let narrow = bits as u64;
            let same = bits == u128::from(narrow) || bits as i128 == i128::from(narrow as i64);
            same.then_some(WasmValue::I64(narrow))
        }
        (WasmValue::I32(_), Scalar::Address(address)) => {
            u32::try_from(address).ok().map(WasmValue::I32)
        }
        (WasmValue::I64(_), Scalar::Address(address)) => Some(WasmValue::I64(address)),
        (WasmValue::F32(_), Scalar::Float { value, .. }) => {
            Some(WasmValue::F32((value as f32).to_bits()))
        }
        (WasmValue::F64(_), Scalar::Float { value, .. }) => Some(WasmValue::F64(value.to_bits())),
        _ => None,
    }
}
