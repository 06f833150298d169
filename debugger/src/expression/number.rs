//! Numbers, `bool`s and `char`s that expressions compute with: Rust's rules for operators and
//! casts, checked, on numbers of any width at once.
//!
//! Literals take the type of the other operand, as in Rust. Numbers of different types, which Rust
//! would not let meet, are compared and computed as the numbers they stand for.

use super::syntax::{Operator, Primitive};
use std::cmp::Ordering;

/// A whole number between -2¹²⁸ and 2¹²⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    negative: bool,
    magnitude: u128,
}

/// What expressions compute with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar {
    /// A whole number, and its type unless it is a literal's.
    Integer {
        value: Integer,
        of: Option<Primitive>,
    },
    /// A number with a fraction, and its type unless it is a literal's.
    Float {
        value: f64,
        of: Option<Primitive>,
    },
    Bool(bool),
    Char(char),
    /// What a raw pointer holds.
    Address(u64),
}

/// Why an operation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The operator is not for such operands.
    Mismatch,
    /// The result does not fit into this type.
    Overflow(String),
    DivisionByZero,
    /// A shift by more bits than there are, or by less than none.
    Shift,
}

impl Integer {
    pub const ZERO: Integer = Integer {
        negative: false,
        magnitude: 0,
    };

    pub fn new(negative: bool, magnitude: u128) -> Self {
        Integer {
            negative: negative && magnitude != 0,
            magnitude,
        }
    }

    pub fn unsigned(magnitude: u128) -> Self {
        Integer::new(false, magnitude)
    }

    pub fn signed(value: i128) -> Self {
        Integer::new(value < 0, value.unsigned_abs())
    }

    pub fn negated(self) -> Self {
        Integer::new(!self.negative, self.magnitude)
    }

    /// The number, if it is not negative and fits.
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.magnitude)
            .ok()
            .filter(|_| !self.negative)
    }

    /// Two's complement in 128 bits, cut off where it is longer.
    pub fn bits(self) -> u128 {
        match self.negative {
            true => self.magnitude.wrapping_neg(),
            false => self.magnitude,
        }
    }

    fn to_i128(self) -> Option<i128> {
        match self.negative {
            true => 0i128.checked_sub_unsigned(self.magnitude),
            false => i128::try_from(self.magnitude).ok(),
        }
    }

    fn to_f64(self) -> f64 {
        let magnitude = self.magnitude as f64;
        if self.negative { -magnitude } else { magnitude }
    }

    fn checked_add(self, other: Self) -> Option<Self> {
        if self.negative == other.negative {
            let magnitude = self.magnitude.checked_add(other.magnitude)?;
            return Some(Integer::new(self.negative, magnitude));
        }
        Some(match self.magnitude.checked_sub(other.magnitude) {
            Some(magnitude) => Integer::new(self.negative, magnitude),
            None => Integer::new(other.negative, other.magnitude - self.magnitude),
        })
    }

    fn checked_mul(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude.checked_mul(other.magnitude)?;
        Some(Integer::new(self.negative != other.negative, magnitude))
    }

    /// Whether the type holds it.
    pub fn fits(self, of: Primitive) -> bool {
        let Primitive::Integer { signed, bits, .. } = of else {
            return false;
        };
        match (signed, self.negative) {
            (false, negative) => !negative && significant(self.magnitude) <= bits,
            (true, false) => significant(self.magnitude) < bits,
            // One more than there are positive ones.
            (true, true) => significant(self.magnitude - 1) < bits,
        }
    }

    /// What is left of it in the type's bits.
    pub fn wrapped(self, of: Primitive) -> Self {
        let Primitive::Integer { signed, bits, .. } = of else {
            return self;
        };
        Integer::from_bits(self.bits(), signed, bits)
    }

    /// The number that so many low bits stand for.
    pub fn from_bits(bits: u128, signed: bool, width: u32) -> Self {
        let unused = 128u32.saturating_sub(width);
        let high = bits.checked_shl(unused).unwrap_or(0);
        match signed {
            true => Integer::signed((high as i128) >> unused.min(127)),
            false => Integer::unsigned(high.checked_shr(unused).unwrap_or(0)),
        }
    }
}

/// How many bits a number has from its highest one on.
fn significant(magnitude: u128) -> u32 {
    128 - magnitude.leading_zeros()
}

impl PartialOrd for Integer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Integer {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl std::fmt::Display for Integer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}", self.magnitude)
    }
}

impl Scalar {
    /// A literal without a type of its own.
    pub fn literal(value: Integer) -> Self {
        Scalar::Integer { value, of: None }
    }

    /// The name of its type.
    pub fn type_name(&self) -> String {
        match self {
            Scalar::Integer { of: Some(of), .. } | Scalar::Float { of: Some(of), .. } => of.name(),
            Scalar::Integer { value, of: None } => default_type(*value).name(),
            Scalar::Float { of: None, .. } => "f64".to_owned(),
            Scalar::Bool(_) => "bool".to_owned(),
            Scalar::Char(_) => "char".to_owned(),
            Scalar::Address(_) => "*const ()".to_owned(),
        }
    }

    /// As Rust writes it.
    pub fn word(&self) -> String {
        match self {
            Scalar::Integer { value, .. } => value.to_string(),
            Scalar::Float { value, of } => match of {
                Some(Primitive::F32) => format!("{:?}", *value as f32),
                _ => format!("{value:?}"),
            },
            Scalar::Bool(value) => value.to_string(),
            Scalar::Char(c) => format!("{c:?}"),
            Scalar::Address(address) => format!("{address:#x}"),
        }
    }

    fn integer(self) -> Option<(Integer, Option<Primitive>)> {
        match self {
            Scalar::Integer { value, of } => Some((value, of)),
            _ => None,
        }
    }
}

/// The type of a literal that nothing gives one: the first that holds it.
pub(super) fn default_type(value: Integer) -> Primitive {
    let integer = |signed, bits| Primitive::Integer {
        signed,
        bits,
        pointer_sized: false,
    };
    let narrow = [integer(true, 32), integer(true, 64), integer(true, 128)];
    let fitting = narrow.into_iter().find(|of| value.fits(*of));
    fitting.unwrap_or(integer(false, 128))
}

/// `-x`.
pub(super) fn negate(operand: Scalar) -> Result<Scalar, Fault> {
    match operand {
        Scalar::Integer {
            of: Some(Primitive::Integer { signed: false, .. }),
            ..
        } => Err(Fault::Mismatch),
        Scalar::Integer { value, of } => checked(Some(value.negated()), of),
        Scalar::Float { value, of } => Ok(Scalar::Float { value: -value, of }),
        _ => Err(Fault::Mismatch),
    }
}

/// `!x`.
pub(super) fn not(operand: Scalar) -> Result<Scalar, Fault> {
    match operand {
        Scalar::Bool(value) => Ok(Scalar::Bool(!value)),
        Scalar::Integer { value, of } => {
            // All bits of a number with infinitely many of them: -x - 1.
            let inverted = value.negated().checked_add(Integer::signed(-1));
            let inverted = inverted.ok_or_else(|| Fault::Overflow("128 bits".to_owned()))?;
            let value = of.map_or(inverted, |of| inverted.wrapped(of));
            Ok(Scalar::Integer { value, of })
        }
        _ => Err(Fault::Mismatch),
    }
}

/// Any operator with two operands.
pub(super) fn binary(operator: Operator, left: Scalar, right: Scalar) -> Result<Scalar, Fault> {
    if operator.compares() {
        return compare(left, right)
            .map(|ordering| Scalar::Bool(holds(operator, ordering)))
            .ok_or(Fault::Mismatch);
    }
    match (left, right) {
        (Scalar::Integer { .. }, Scalar::Integer { .. }) => integers(operator, left, right),
        (Scalar::Float { value: left, of }, Scalar::Float { value, of: other }) => {
            let of = float_type(of, other);
            floats(operator, left, value, of)
        }
        // A literal without a fraction serves as one with it.
        (
            Scalar::Float { value, of },
            Scalar::Integer {
                value: right,
                of: None,
            },
        ) => floats(operator, value, right.to_f64(), of),
        (
            Scalar::Integer {
                value: left,
                of: None,
            },
            Scalar::Float { value, of },
        ) => floats(operator, left.to_f64(), value, of),
        (Scalar::Bool(left), Scalar::Bool(right)) => match operator {
            Operator::And => Ok(Scalar::Bool(left & right)),
            Operator::Or => Ok(Scalar::Bool(left | right)),
            Operator::Xor => Ok(Scalar::Bool(left ^ right)),
            _ => Err(Fault::Mismatch),
        },
        _ => Err(Fault::Mismatch),
    }
}

/// Whether a comparison is true of operands in this order; `None`: they have none (NaN).
pub(super) fn holds(operator: Operator, ordering: Option<Ordering>) -> bool {
    match operator {
        Operator::Equal => ordering == Some(Ordering::Equal),
        Operator::NotEqual => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::LessOrEqual => {
            matches!(ordering, Some(Ordering::Less | Ordering::Equal))
        }
        Operator::Greater => ordering == Some(Ordering::Greater),
        Operator::GreaterOrEqual => {
            matches!(ordering, Some(Ordering::Greater | Ordering::Equal))
        }
        _ => false,
    }
}

/// The order of two scalars; `None` when they cannot be compared at all.
pub(super) fn compare(left: Scalar, right: Scalar) -> Option<Option<Ordering>> {
    use Scalar::{Address, Bool, Char, Float, Integer as Whole};
    match (left, right) {
        (Whole { value, .. }, Whole { value: other, .. }) => Some(Some(value.cmp(&other))),
        (Float { value, .. }, Float { value: other, .. }) => Some(value.partial_cmp(&other)),
        (Whole { value, .. }, Float { value: float, .. }) => Some(with_float(value, float)),
        (Float { value: float, .. }, Whole { value, .. }) => {
            Some(with_float(value, float).map(Ordering::reverse))
        }
        (Bool(value), Bool(other)) => Some(Some(value.cmp(&other))),
        (Char(value), Char(other)) => Some(Some(value.cmp(&other))),
        (Address(value), Address(other)) => Some(Some(value.cmp(&other))),
        (Address(value), Whole { value: other, .. }) => {
            Some(Some(Integer::unsigned(u128::from(value)).cmp(&other)))
        }
        (Whole { value, .. }, Address(other)) => {
            Some(Some(value.cmp(&Integer::unsigned(u128::from(other)))))
        }
        _ => None,
    }
}

/// A whole number and one with a fraction, exactly.
fn with_float(value: Integer, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // 2¹²⁸: beyond every whole number there is here.
    const BEYOND: f64 = 340_282_366_920_938_463_463_374_607_431_768_211_456.0;
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float <= -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = Integer::new(float < 0.0, float.trunc().abs() as u128);
    let rest = float.trunc().partial_cmp(&float)?;
    Some(value.cmp(&whole).then(rest))
}

fn integers(operator: Operator, left: Scalar, right: Scalar) -> Result<Scalar, Fault> {
    let (Some((a, a_type)), Some((b, b_type))) = (left.integer(), right.integer()) else {
        return Err(Fault::Mismatch);
    };
    if matches!(operator, Operator::ShiftLeft | Operator::ShiftRight) {
        return shift(operator, a, a_type, b);
    }
    let of = match (a_type, b_type) {
        (Some(a), Some(b)) => Some(a).filter(|_| a == b),
        (a, b) => a.or(b),
    };
    let zero = b == Integer::ZERO;
    let value = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_add(b.negated()),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide | Operator::Remainder if zero => return Err(Fault::DivisionByZero),
        Operator::Divide => a
            .magnitude
            .checked_div(b.magnitude)
            .map(|magnitude| Integer::new(a.negative != b.negative, magnitude)),
        // The remainder has the sign of what was divided.
        Operator::Remainder => a
            .magnitude
            .checked_rem(b.magnitude)
            .map(|magnitude| Integer::new(a.negative, magnitude)),
        Operator::And | Operator::Or | Operator::Xor => bitwise(operator, a, b),
        _ => return Err(Fault::Mismatch),
    };
    checked(value, of)
}

/// Bits of two numbers, in as many as both need.
fn bitwise(operator: Operator, a: Integer, b: Integer) -> Option<Integer> {
    let combine = |a: u128, b: u128| match operator {
        Operator::And => a & b,
        Operator::Or => a | b,
        _ => a ^ b,
    };
    if !a.negative && !b.negative {
        return Some(Integer::unsigned(combine(a.magnitude, b.magnitude)));
    }
    let bits = combine(a.to_i128()? as u128, b.to_i128()? as u128);
    Some(Integer::signed(bits as i128))
}

/// Shifts: of the left operand's type; bits that are shifted out are lost, as in Rust.
fn shift(
    operator: Operator,
    value: Integer,
    of: Option<Primitive>,
    by: Integer,
) -> Result<Scalar, Fault> {
    let width = match of {
        Some(Primitive::Integer { bits, .. }) => bits,
        _ => 128,
    };
    let by = by.to_u64().and_then(|by| u32::try_from(by).ok());
    let by = by.filter(|by| *by < width).ok_or(Fault::Shift)?;
    if operator == Operator::ShiftLeft {
        return match of {
            Some(of) => Ok(Scalar::Integer {
                value: Integer::unsigned(value.bits() << by).wrapped(of),
                of: Some(of),
            }),
            None => {
                let factor = 1u128.checked_shl(by).map(Integer::unsigned);
                checked(factor.and_then(|factor| value.checked_mul(factor)), None)
            }
        };
    }
    let shifted = match value.to_i128() {
        Some(number) if value.negative => Integer::signed(number >> by),
        None if value.negative => return Err(Fault::Overflow("128 bits".to_owned())),
        _ => Integer::unsigned(value.magnitude >> by),
    };
    Ok(Scalar::Integer { value: shifted, of })
}

/// The result of an operation, if its type holds it.
fn checked(value: Option<Integer>, of: Option<Primitive>) -> Result<Scalar, Fault> {
    match (value, of) {
        (Some(value), None) => Ok(Scalar::Integer { value, of }),
        (Some(value), Some(kind)) if value.fits(kind) => Ok(Scalar::Integer { value, of }),
        (_, Some(kind)) => Err(Fault::Overflow(kind.name())),
        (None, None) => Err(Fault::Overflow("128 bits".to_owned())),
    }
}

fn float_type(a: Option<Primitive>, b: Option<Primitive>) -> Option<Primitive> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Some(Primitive::F64),
        (a, b) => a.or(b),
    }
}

fn floats(operator: Operator, a: f64, b: f64, of: Option<Primitive>) -> Result<Scalar, Fault> {
    let value = match operator {
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Remainder => a % b,
        _ => return Err(Fault::Mismatch),
    };
    // Rounding twice gives what rounding once does: f64 has more than twice the digits of f32.
    let value = match of {
        Some(Primitive::F32) => f64::from(value as f32),
        _ => value,
    };
    Ok(Scalar::Float { value, of })
}

/// `x as T`, for numbers, `bool` and `char`.
pub(super) fn cast(operand: Scalar, to: Primitive) -> Result<Scalar, Fault> {
    let whole = match operand {
        Scalar::Integer { value, .. } => Some(value),
        Scalar::Bool(value) => Some(Integer::unsigned(u128::from(value))),
        Scalar::Char(c) => Some(Integer::unsigned(u128::from(u32::from(c)))),
        Scalar::Address(address) => Some(Integer::unsigned(u128::from(address))),
        Scalar::Float { .. } => None,
    };
    match (to, operand) {
        (Primitive::Integer { .. }, Scalar::Float { value, .. }) => Ok(Scalar::Integer {
            value: saturated(value, to),
            of: Some(to),
        }),
        (Primitive::Integer { .. }, _) => {
            let value = whole.ok_or(Fault::Mismatch)?.wrapped(to);
            Ok(Scalar::Integer {
                value,
                of: Some(to),
            })
        }
        (Primitive::F32 | Primitive::F64, Scalar::Float { .. } | Scalar::Integer { .. }) => {
            let value = match (operand, to) {
                (Scalar::Float { value, .. }, Primitive::F32) => f64::from(value as f32),
                (Scalar::Float { value, .. }, _) => value,
                // Rounded once, and not to f64 first.
                (Scalar::Integer { value, .. }, Primitive::F32) => {
                    let rounded = f64::from(value.magnitude as f32);
                    if value.negative { -rounded } else { rounded }
                }
                (Scalar::Integer { value, .. }, _) => value.to_f64(),
                _ => return Err(Fault::Mismatch),
            };
            Ok(Scalar::Float {
                value,
                of: Some(to),
            })
        }
        (Primitive::Char, Scalar::Char(_)) | (Primitive::Bool, Scalar::Bool(_)) => Ok(operand),
        (Primitive::Char, Scalar::Integer { value, .. }) => {
            let c = value.to_u64().and_then(|code| u32::try_from(code).ok());
            let c = c.and_then(char::from_u32);
            c.map(Scalar::Char)
                .ok_or_else(|| Fault::Overflow("char".to_owned()))
        }
        _ => Err(Fault::Mismatch),
    }
}

/// The whole number nearest to zero; at the type's ends, beyond them; 0 for NaN.
fn saturated(value: f64, to: Primitive) -> Integer {
    let whole = Integer::new(value < 0.0, value.abs() as u128);
    if value.is_nan() {
        return Integer::ZERO;
    }
    if whole.fits(to) {
        return whole;
    }
    limit(to, value < 0.0)
}

/// The lowest or the highest number of a type.
pub(super) fn limit(of: Primitive, lowest: bool) -> Integer {
    let Primitive::Integer { signed, bits, .. } = of else {
        return Integer::ZERO;
    };
    let half = 1u128.checked_shl(bits.saturating_sub(1)).unwrap_or(0);
    match (signed, lowest) {
        (false, true) => Integer::ZERO,
        (false, false) => Integer::unsigned(half.wrapping_sub(1).wrapping_add(half)),
        (true, true) => Integer::new(true, half),
        (true, false) => Integer::unsigned(half.wrapping_sub(1)),
    }
}
