//! What a core module imports and exports, each with its type as text.

use serde::{Deserialize, Serialize};
use wasmparser::{ExternalKind, FuncType, GlobalType, MemoryType, TableType, TypeRef};

/// What kind of thing crosses the module's border.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A linear memory.
    Memory,
    /// A global.
    Global,
    /// An exception tag.
    Tag,
}

/// One import of a core module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Import {
    /// The module it is asked from, such as `wasi_snapshot_preview1`.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
    /// Its type in the text format's words, such as `(func (param i32 i32) (result i32))`.
    pub ty: String,
}

/// One export of a core module.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ExternKind,
    /// Index in the index space of its kind.
    pub index: u32,
}

impl From<ExternalKind> for ExternKind {
    fn from(kind: ExternalKind) -> Self {
        match kind {
            ExternalKind::Func | ExternalKind::FuncExact => ExternKind::Function,
            ExternalKind::Table => ExternKind::Table,
            ExternalKind::Memory => ExternKind::Memory,
            ExternalKind::Global => ExternKind::Global,
            ExternalKind::Tag => ExternKind::Tag,
        }
    }
}

/// The kind of an import and its type as text; `function` finds a function type by its index.
pub(super) fn describe<'t>(
    ty: &TypeRef,
    function: impl Fn(u32) -> Option<&'t FuncType>,
) -> (ExternKind, String) {
    let signature = |index| match function(index) {
        Some(ty) => function_type(ty),
        None => format!("(func (type {index}))"),
    };
    match ty {
        TypeRef::Func(index) | TypeRef::FuncExact(index) => {
            (ExternKind::Function, signature(*index))
        }
        TypeRef::Table(ty) => (ExternKind::Table, table_type(ty)),
        TypeRef::Memory(ty) => (ExternKind::Memory, memory_type(ty)),
        TypeRef::Global(ty) => (ExternKind::Global, global_type(ty)),
        TypeRef::Tag(ty) => (
            ExternKind::Tag,
            signature(ty.func_type_idx).replacen("(func", "(tag", 1),
        ),
    }
}

fn function_type(ty: &FuncType) -> String {
    let mut text = String::from("(func");
    for (word, types) in [("param", ty.params()), ("result", ty.results())] {
        if !types.is_empty() {
            text += &format!(" ({word}");
            for ty in types {
                text += &format!(" {ty}");
            }
            text += ")";
        }
    }
    text + ")"
}

fn limits(initial: u64, maximum: Option<u64>) -> String {
    match maximum {
        Some(maximum) => format!("{initial} {maximum}"),
        None => initial.to_string(),
    }
}

fn table_type(ty: &TableType) -> String {
    let index = if ty.table64 { "i64 " } else { "" };
    let limits = limits(ty.initial, ty.maximum);
    format!("(table {index}{limits} {})", ty.element_type)
}

fn memory_type(ty: &MemoryType) -> String {
    let index = if ty.memory64 { "i64 " } else { "" };
    let shared = if ty.shared { " shared" } else { "" };
    let limits = limits(ty.initial, ty.maximum);
    format!("(memory {index}{limits}{shared})")
}

fn global_type(ty: &GlobalType) -> String {
    match ty.mutable {
        true => format!("(global (mut {}))", ty.content_type),
        false => format!("(global {})", ty.content_type),
    }
}
