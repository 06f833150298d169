//! What an expression is made of, as the parser leaves it.

use std::ops::Range;

/// A parsed expression, with the names in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    pub root: Node,
    /// The names that have to be looked up; nodes refer to them by their place.
    pub names: Vec<Path>,
}

/// A name that has to be looked up: `count`, `crate::LIMIT`, `Color::Red`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path {
    pub segments: Vec<String>,
    pub span: Range<usize>,
}

impl Path {
    /// The path in one word.
    pub fn text(&self) -> String {
        self.segments.join("::")
    }

    /// Its last part.
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", |segment| segment)
    }
}

/// A part of an expression, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub span: Range<usize>,
    /// How many levels of nodes are below: nothing here is deep enough to exhaust a stack.
    pub depth: usize,
}

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NodeKind {
    /// A whole number; its type, if the literal says it.
    Integer {
        value: u128,
        of: Option<Primitive>,
    },
    /// A number with a fraction.
    Float {
        value: f64,
        of: Option<Primitive>,
    },
    Bool(bool),
    Char(char),
    /// A text literal, or one of bytes.
    Text {
        bytes: Vec<u8>,
        is_text: bool,
    },
    /// A name, by its place in [`Parsed::names`].
    Name(usize),
    /// A part of the machine below.
    Machine(Machine),
    Field {
        of: Box<Node>,
        name: String,
    },
    Index {
        of: Box<Node>,
        index: Box<Node>,
    },
    /// `map[Point { x: 1 }]`: the value of the key that matches.
    Entry {
        of: Box<Node>,
        key: Pattern,
    },
    /// `x[from..to]`.
    Slice {
        of: Box<Node>,
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
        /// Whether `to` itself is in it.
        inclusive: bool,
    },
    Length(Box<Node>),
    /// `map.keys()`, `map.values()`: one half of the entries, in their order.
    Half {
        of: Box<Node>,
        keys: bool,
    },
    /// `x.borrow()`, `x.lock()`: what is in a cell or a lock.
    Inside(Box<Node>),
    /// `x?`, `x.unwrap()`: what `Some` or `Ok` carries.
    Unwrap(Box<Node>),
    Negate(Box<Node>),
    Not(Box<Node>),
    Deref(Box<Node>),
    AddressOf(Box<Node>),
    /// `~x`: by its fields, as it is laid out.
    Raw(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    /// All of them, as far as it takes: `&&`.
    All(Vec<Node>),
    /// Any of them, as far as it takes: `||`.
    Any(Vec<Node>),
    Cast {
        value: Box<Node>,
        to: TypeName,
    },
    Is {
        value: Box<Node>,
        pattern: Pattern,
    },
    /// `Some(5)`: a variant with what it carries; the name by its place in [`Parsed::names`].
    Build {
        name: usize,
        arguments: Vec<Node>,
    },
}

/// What stands under Rust's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// A Wasm local of the frame.
    Local(u32),
    /// A Wasm global of the module.
    Global(u32),
    /// An operand of the frame, from the bottom.
    Operand(u32),
    /// The offset of the frame's opcode in its module.
    Pc,
}

/// Operators with two operands, `&&` and `||` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::And => "&",
            Operator::Or => "|",
            Operator::Xor => "^",
            Operator::ShiftLeft => "<<",
            Operator::ShiftRight => ">>",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
        }
    }

    /// Whether it compares, and so makes a `bool`.
    pub fn compares(self) -> bool {
        use Operator::*;
        matches!(
            self,
            Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual
        )
    }
}

/// The types that are not the program's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Primitive {
    /// A whole number of so many bits; `size` for `usize` and `isize`.
    Integer {
        signed: bool,
        bits: u32,
        pointer_sized: bool,
    },
    F32,
    F64,
    Bool,
    Char,
}

impl Primitive {
    /// The type of this name. Addresses have 32 bits, or 64 in a module that says so (`wide`):
    /// [`Primitive::for_module`] settles it.
    pub fn named(name: &str) -> Option<Primitive> {
        let integer = |signed, bits| Primitive::Integer {
            signed,
            bits,
            pointer_sized: false,
        };
        Some(match name {
            "u8" => integer(false, 8),
            "u16" => integer(false, 16),
            "u32" => integer(false, 32),
            "u64" => integer(false, 64),
            "u128" => integer(false, 128),
            "i8" => integer(true, 8),
            "i16" => integer(true, 16),
            "i32" => integer(true, 32),
            "i64" => integer(true, 64),
            "i128" => integer(true, 128),
            "usize" | "isize" => Primitive::Integer {
                signed: name == "isize",
                bits: 32,
                pointer_sized: true,
            },
            "f32" => Primitive::F32,
            "f64" => Primitive::F64,
            "bool" => Primitive::Bool,
            "char" => Primitive::Char,
            _ => return None,
        })
    }

    /// The type in a module whose addresses have 64 bits, or not.
    pub fn for_module(self, wide: bool) -> Primitive {
        match self {
            Primitive::Integer {
                signed,
                pointer_sized: true,
                ..
            } => Primitive::Integer {
                signed,
                bits: if wide { 64 } else { 32 },
                pointer_sized: true,
            },
            other => other,
        }
    }

    /// Its name.
    pub fn name(self) -> String {
        match self {
            Primitive::Integer {
                signed,
                pointer_sized: true,
                ..
            } => if signed { "isize" } else { "usize" }.to_owned(),
            Primitive::Integer { signed, bits, .. } => {
                format!("{}{bits}", if signed { "i" } else { "u" })
            }
            Primitive::F32 => "f32".to_owned(),
            Primitive::F64 => "f64".to_owned(),
            Primitive::Bool => "bool".to_owned(),
            Primitive::Char => "char".to_owned(),
        }
    }
}

/// A type as an expression names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TypeName {
    pub kind: TypeNameKind,
    pub span: Range<usize>,
}

/// What kind of type is named.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TypeNameKind {
    Primitive(Primitive),
    /// `*const T`, `&mut T`: what stands before `T`, and `T`.
    Pointer {
        sign: &'static str,
        to: Box<TypeName>,
    },
    /// A type of the program, as it is written.
    Named(String),
}

impl std::fmt::Display for TypeName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            TypeNameKind::Primitive(primitive) => f.write_str(&primitive.name()),
            TypeNameKind::Pointer { sign, to } => write!(f, "{sign}{to}"),
            TypeNameKind::Named(name) => f.write_str(name),
        }
    }
}

/// What a value may be tested for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pub kind: PatternKind,
    pub span: Range<usize>,
}

/// What kind of pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PatternKind {
    /// `_`, or a name that would be bound.
    Anything,
    /// A literal, or another constant.
    Equal(Box<Node>),
    /// `a..=b`; `to` itself is in it when `inclusive`.
    Between {
        from: Option<Box<Node>>,
        to: Option<Box<Node>>,
        inclusive: bool,
    },
    /// A variant, or a struct, with patterns for fields.
    Variant {
        path: Path,
        fields: Vec<(String, Pattern)>,
    },
    Alternatives(Vec<Pattern>),
    /// A tuple; more than these fields when it is `open` (ends with `..`).
    Tuple {
        fields: Vec<(String, Pattern)>,
        open: bool,
    },
    /// Elements, from the first on; more than these when it is `open`.
    Elements {
        patterns: Vec<Pattern>,
        open: bool,
    },
}
