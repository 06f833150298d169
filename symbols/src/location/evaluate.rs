//! Running a DWARF expression: gimli computes, and asks here for what the guest holds.
//!
//! DWARF's generic type is as wide as an address, 32 bits on wasm32, while LLVM also computes with
//! 64-bit Wasm locals in it. An expression that reads one is therefore run with a generic type of
//! 64 bits; where the two widths meet in one expression there is no answer rather than a wrong one.

use super::{FrameState, Unavailable, WasmValue};
use crate::dwarf::Slice;
use gimli::{
    Encoding, Evaluation, EvaluationResult, Expression, Operation, Piece, UnitRef, Value, ValueType,
};

/// Most operations executed for one expression.
const MAX_OPERATIONS: u32 = 10_000;

/// What an expression came to.
pub(super) struct Evaluated<'a> {
    /// Where the parts are.
    pub pieces: Vec<Piece<Slice<'a>>>,
    /// How many bytes of a value of generic type are right.
    pub generic_bytes: u8,
}

/// Why a run ended early.
enum Stop {
    /// The expression computes with 64 bits.
    Wide,
    Unavailable(Unavailable),
}

impl From<Unavailable> for Stop {
    fn from(reason: Unavailable) -> Self {
        Stop::Unavailable(reason)
    }
}

impl From<gimli::Error> for Stop {
    fn from(error: gimli::Error) -> Self {
        Stop::Unavailable(Unavailable::malformed(format!(
            "its location cannot be evaluated ({error})"
        )))
    }
}

/// Runs `expression`.
pub(super) fn evaluate<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    expression: Expression<Slice<'a>>,
    frame_base: &dyn Fn() -> Result<u64, Unavailable>,
    state: &dyn FrameState,
) -> Result<Evaluated<'a>, Unavailable> {
    if expression.0.is_empty() {
        return Err(Unavailable::OptimisedOut);
    }
    let encoding = unit.encoding();
    let traits = Traits::of(expression, encoding);
    let run = Run {
        unit,
        expression,
        frame_base,
        state,
        starts_with_offset: traits.starts_with_offset,
    };
    let pieces = match run.run(encoding) {
        Err(Stop::Wide) if traits.width_matters => {
            return Err(Unavailable::malformed(
                "its location mixes addresses with 64-bit numbers",
            ));
        }
        Err(Stop::Wide) => {
            let wide = Encoding {
                address_size: 8,
                ..encoding
            };
            match run.run(wide) {
                Ok(pieces) => {
                    return Ok(Evaluated {
                        pieces,
                        generic_bytes: 8,
                    });
                }
                result => result,
            }
        }
        result => result,
    };
    match pieces {
        Ok(pieces) => Ok(Evaluated {
            pieces,
            // Constants that nothing was done to are kept in full.
            generic_bytes: if traits.constant {
                8
            } else {
                encoding.address_size
            },
        }),
        Err(Stop::Unavailable(reason)) => Err(reason),
        Err(Stop::Wide) => Err(Unavailable::malformed("its location mixes widths")),
    }
}

/// What can be told of an expression by looking at it.
struct Traits {
    /// It begins with `DW_OP_plus_uconst`, which has nothing to add to: LLVM loses the frame base
    /// in front of it, so that is what is meant.
    starts_with_offset: bool,
    /// It names constants and does nothing with them.
    constant: bool,
    /// It has operations that are as wide as an address by definition.
    width_matters: bool,
}

impl Traits {
    fn of(expression: Expression<Slice<'_>>, encoding: Encoding) -> Self {
        let mut traits = Traits {
            starts_with_offset: false,
            constant: true,
            width_matters: false,
        };
        let mut operations = expression.operations(encoding);
        let mut first = true;
        while let Ok(Some(operation)) = operations.next() {
            match operation {
                Operation::UnsignedConstant { .. }
                | Operation::SignedConstant { .. }
                | Operation::ImplicitValue { .. }
                | Operation::StackValue
                | Operation::Piece { .. } => {}
                Operation::PlusConstant { .. } if first => {
                    traits.starts_with_offset = true;
                    traits.constant = false;
                }
                Operation::Address { .. } | Operation::Deref { .. } => {
                    traits.width_matters = true;
                    traits.constant = false;
                }
                _ => traits.constant = false,
            }
            first = false;
        }
        traits
    }
}

struct Run<'r, 'u, 'a> {
    unit: UnitRef<'u, Slice<'a>>,
    expression: Expression<Slice<'a>>,
    frame_base: &'r dyn Fn() -> Result<u64, Unavailable>,
    state: &'r dyn FrameState,
    starts_with_offset: bool,
}

impl<'a> Run<'_, '_, 'a> {
    fn run(&self, encoding: Encoding) -> Result<Vec<Piece<Slice<'a>>>, Stop> {
        let mut evaluation = Evaluation::new(self.expression.0, encoding);
        evaluation.set_max_iterations(MAX_OPERATIONS);
        if self.starts_with_offset {
            evaluation.set_initial_value((self.frame_base)()?);
        }
        let mut asked = evaluation.evaluate()?;
        loop {
            asked = match asked {
                EvaluationResult::Complete => return Ok(evaluation.result()),
                EvaluationResult::RequiresFrameBase => {
                    evaluation.resume_with_frame_base((self.frame_base)()?)?
                }
                EvaluationResult::RequiresWasmLocal { index } => {
                    let value = generic(self.state.wasm_local(index)?, encoding)?;
                    evaluation.resume_with_wasm_value(value)?
                }
                EvaluationResult::RequiresWasmGlobal { index } => {
                    let value = generic(self.state.wasm_global(index)?, encoding)?;
                    evaluation.resume_with_wasm_value(value)?
                }
                EvaluationResult::RequiresWasmStack { index } => {
                    let value = generic(self.state.operand(index)?, encoding)?;
                    evaluation.resume_with_wasm_value(value)?
                }
                EvaluationResult::RequiresEntryValue(of) => {
                    let index = argument_of(of, encoding).ok_or(Unavailable::EntryValue)?;
                    let value = generic(self.state.argument(index)?, encoding)?;
                    evaluation.resume_with_entry_value(value)?
                }
                EvaluationResult::RequiresMemory {
                    address,
                    size,
                    space: None,
                    base_type,
                } => {
                    let value = self.read(address, size, base_type)?;
                    evaluation.resume_with_memory(value)?
                }
                EvaluationResult::RequiresRelocatedAddress(address) => {
                    evaluation.resume_with_relocated_address(address)?
                }
                EvaluationResult::RequiresIndexedAddress { index, .. } => {
                    evaluation.resume_with_indexed_address(self.unit.address(index)?)?
                }
                EvaluationResult::RequiresBaseType(offset) => {
                    evaluation.resume_with_base_type(self.base_type(offset)?)?
                }
                other => return Err(cannot_answer(&other).into()),
            };
        }
    }

    /// The value of `size` bytes at `address`.
    fn read(&self, address: u64, size: u8, base_type: gimli::UnitOffset) -> Result<Value, Stop> {
        let mut bytes = [0; 8];
        let Some(wanted) = bytes.get_mut(..usize::from(size)) else {
            return Err(Unavailable::malformed("its location reads more than a word").into());
        };
        self.state.read(address, wanted)?;
        let bits = u64::from_le_bytes(bytes);
        let value_type = self.base_type(base_type)?;
        Ok(
            Value::from_u64(ValueType::Generic, bits).and_then(|generic| match value_type {
                ValueType::Generic => Ok(generic),
                // The bits of a float, not its value.
                ValueType::F32 => Ok(Value::F32(f32::from_bits(bits as u32))),
                ValueType::F64 => Ok(Value::F64(f64::from_bits(bits))),
                other => Value::from_u64(other, bits),
            })?,
        )
    }

    fn base_type(&self, offset: gimli::UnitOffset) -> Result<ValueType, Stop> {
        if offset.0 == 0 {
            return Ok(ValueType::Generic);
        }
        let entry = self.unit.entry(offset)?;
        ValueType::from_entry(&entry)?.ok_or_else(|| {
            Unavailable::malformed("its location computes with an unknown type").into()
        })
    }
}

/// The Wasm local that an expression is, if it is nothing else.
fn argument_of(expression: Expression<Slice<'_>>, encoding: Encoding) -> Option<u32> {
    let mut operations = expression.operations(encoding);
    let Operation::WasmLocal { index } = operations.next().ok()?? else {
        return None;
    };
    operations.next().ok()?.is_none().then_some(index)
}

/// A Wasm value as an expression computes with it.
fn generic(value: WasmValue, encoding: Encoding) -> Result<Value, Stop> {
    Ok(match (value, encoding.address_size) {
        (WasmValue::I32(value), 8) => Value::U32(value),
        (WasmValue::I32(value), _) => Value::Generic(u64::from(value)),
        (WasmValue::I64(value), 8) => Value::Generic(value),
        (WasmValue::I64(_), _) => return Err(Stop::Wide),
        (WasmValue::F32(bits), _) => Value::F32(f32::from_bits(bits)),
        (WasmValue::F64(bits), _) => Value::F64(f64::from_bits(bits)),
        (WasmValue::V128(_), _) => {
            return Err(
                Unavailable::Other("in a 128-bit vector, which is not read yet".into()).into(),
            );
        }
    })
}

/// Why what an expression asks for is not to be had in Wasm.
fn cannot_answer(asked: &EvaluationResult<Slice<'_>>) -> Unavailable {
    match asked {
        EvaluationResult::RequiresParameterRef(_) => Unavailable::EntryValue,
        EvaluationResult::RequiresTls(_) => {
            Unavailable::Other("thread-local, and where is not known".into())
        }
        EvaluationResult::RequiresRegister { .. } => Unavailable::malformed(
            "it is said to be in a machine register, which Wasm does not have",
        ),
        EvaluationResult::RequiresCallFrameCfa => Unavailable::malformed(
            "it is said to be relative to a call frame, which Wasm does not have",
        ),
        _ => Unavailable::malformed("its location uses an operation that is not known here"),
    }
}
