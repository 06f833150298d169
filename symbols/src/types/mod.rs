//! Types: what DWARF says a value is made of, in Rust's words.
//!
//! A [`Type`] describes one type and names the types it is made of by [`TypeId`]; nothing is
//! described before somebody asks for it, so cycles and depth cost nothing. What the bytes of a
//! value mean is decided elsewhere: here is only what the debug info says. The debug info is a
//! stranger's: what it cannot mean is [`TypeKind::Unknown`], with the reason.

mod arrays;
mod cache;
mod describe;
pub(crate) mod die;
mod find;
mod members;
mod names;
mod scopes;
mod variants;

pub(crate) use cache::Types;
pub(crate) use describe::{is_signed, size_of};
pub use names::shorten;
pub use variants::{Discriminant, DiscriminantRange, Variant, Variants};

use crate::dwarf::DieId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a type: the DIE that declares it. Good for one [`crate::Symbols`] only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TypeId(pub DieId);

/// What debug info says about a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Type {
    /// Which type it is.
    pub id: TypeId,
    /// The name to show: paths cut to their last part, defaulted parameters left out
    /// (`Vec<String>`).
    pub name: Arc<str>,
    /// The name with everything in it
    /// (`alloc::vec::Vec<alloc::string::String, alloc::alloc::Global>`).
    pub full_name: Arc<str>,
    /// Size in bytes; `None` when the type has none (`str`, a function) or DWARF does not say.
    pub size: Option<u64>,
    /// Alignment in bytes, where DWARF says it.
    pub align: Option<u64>,
    /// Whether the unit that declares it was written in Rust.
    pub rust: bool,
    /// What it is made of.
    pub kind: TypeKind,
}

/// What a type is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypeKind {
    /// A number, a `bool`, a `char`, `()` or `!`.
    Base(Encoding),
    /// A thin pointer of any kind. Fat ones (`&str`, `&[T]`, `&dyn T`) are structs of two fields.
    Pointer(Pointer),
    /// A struct, tuple, class or closure.
    Struct(Fields),
    /// A union: all fields at once.
    Union(Fields),
    /// An enum whose variants carry data (also `Option` and `Result`).
    Variants(Variants),
    /// An enum without data.
    Enum(Enumeration),
    /// An array. The elements of one of several dimensions (C) are arrays.
    Array(Array),
    /// A function, as pointers point to.
    Function,
    /// Another name of a type, or one with a qualifier: `typedef`, `const`, `volatile`.
    Alias(Option<TypeId>),
    /// Nothing is known of what is in it: why.
    Unknown(Arc<str>),
}

/// How the bytes of a base type are read (DWARF 5, 5.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Two's complement.
    Signed,
    /// Unsigned.
    Unsigned,
    /// IEEE 754.
    Float,
    /// 0 is false, 1 is true.
    Bool,
    /// A Unicode scalar value or code unit: Rust's `char`, C++'s `char32_t`.
    Char,
    /// C's `char`: a small integer that mostly is a character; whether it is signed.
    CChar {
        /// Whether it is `signed char`.
        signed: bool,
    },
    /// No bytes at all: `()`.
    Unit,
    /// No value at all: `!`.
    Never,
    /// Something else, by the number of its `DW_ATE`.
    Other(u8),
}

/// Which kind of pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointerKind {
    /// `&T`.
    Reference,
    /// `&mut T`.
    MutReference,
    /// `*const T`.
    Const,
    /// `*mut T`.
    Mut,
    /// `Box<T>`.
    Box,
    /// `fn(A) -> B`: an index in the table of functions.
    Function,
    /// A pointer of another language, or of unknown kind.
    Plain,
    /// A reference of C++, which cannot be null.
    Alias,
}

/// A thin pointer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pointer {
    /// Which kind.
    pub kind: PointerKind,
    /// What it points to; `None` is C's `void`.
    pub target: Option<TypeId>,
}

/// The fields of a struct or union, and its type parameters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fields {
    /// The fields, in the order of declaration (not of offsets: Rust reorders).
    pub fields: Vec<Field>,
    /// The type parameters: `T` and its type.
    pub parameters: Vec<(Arc<str>, TypeId)>,
    /// How the fields are told apart.
    pub style: Style,
    /// Whether there were more fields than are kept.
    pub truncated: bool,
}

impl Fields {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }

    /// The type parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<TypeId> {
        let (_, id) = self.parameters.iter().find(|(known, _)| &**known == name)?;
        Some(*id)
    }
}

/// How the fields of a struct are written in Rust.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `Point { x, y }`.
    #[default]
    Named,
    /// `Metres(f32)`.
    TupleStruct,
    /// `(u8, f32)`.
    Tuple,
}

/// A field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name; `0`, `1`, … in tuples; empty for an anonymous C member.
    pub name: Arc<str>,
    /// Its type.
    pub type_id: TypeId,
    /// Offset in bytes from the start of the value it is a field of.
    pub offset: u64,
    /// Set for a bit-field: where its bits are.
    pub bits: Option<Bits>,
}

/// Where the bits of a bit-field are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bits {
    /// The lowest bit, counted from bit 0 of the byte at [`Field::offset`].
    pub offset: u64,
    /// Number of bits.
    pub size: u64,
}

/// An array.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Array {
    /// The type of its elements.
    pub element: TypeId,
    /// How many there are; `None` when only the program knows.
    pub count: Option<u64>,
    /// Bytes from one element to the next; `None` when DWARF does not say.
    pub stride: Option<u64>,
}

/// An enum without data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enumeration {
    /// The integer that holds it, where DWARF says it.
    pub representation: Option<TypeId>,
    /// Whether that integer is signed.
    pub signed: bool,
    /// Names and values, as bits: sign-extended to 128 if `signed`.
    pub enumerators: Vec<(Arc<str>, u128)>,
    /// Whether there were more enumerators than are kept.
    pub truncated: bool,
}

impl Enumeration {
    /// The name of the enumerator with this value (bits as in
    /// [`enumerators`](Self::enumerators)).
    pub fn name_of(&self, bits: u128) -> Option<&Arc<str>> {
        let (name, _) = self.enumerators.iter().find(|(_, value)| *value == bits)?;
        Some(name)
    }
}
