//! What a stopped guest and its program look like: the bodies of replies.

use super::{Breakpoint, BreakpointLocation, Exit, FrameId, Stop};
use crate::explain::{Disassembly, FrameKind, Place, Report, Variable};
use crate::values::Value;
use serde::{Deserialize, Serialize};
use wasmscope_tracer::HostCall;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "there is one for each request")]
pub enum ReplyBody {
    /// It was done, and there is nothing to tell.
    Done,
    /// A breakpoint.
    Breakpoint(Breakpoint),
    /// Breakpoints.
    Breakpoints {
        /// In the order in which they were set.
        breakpoints: Vec<Breakpoint>,
    },
    /// Places in code.
    Locations {
        /// The places.
        locations: Vec<BreakpointLocation>,
        /// When there is none: names or files like the one asked for.
        suggestions: Vec<String>,
    },
    /// Frames of the stack.
    Stack {
        /// The frames.
        frames: Vec<FrameInfo>,
        /// How many frames the stack has, if that is known without walking it all.
        total: Option<usize>,
    },
    /// Variables of a frame.
    Variables {
        /// Arguments, then locals.
        variables: Vec<Variable>,
        /// Why there are none, when that is not because the function has none.
        unavailable: Option<String>,
    },
    /// A value.
    Value(Value),
    /// A type.
    Type(TypeInfo),
    /// Statics.
    Statics {
        /// Their values, named by their paths.
        statics: Vec<Value>,
        /// How many more there are.
        more: usize,
    },
    /// The Wasm view of a frame.
    WasmFrame(WasmFrameInfo),
    /// Bytes of memory.
    Memory {
        /// The address of the first.
        address: u64,
        /// The bytes; fewer than asked for where memory ends.
        bytes: Vec<u8>,
        /// Size of the memory.
        memory_size: u64,
    },
    /// Whose bytes of memory are, as far as is known.
    MemoryOwners {
        /// The address that was asked for.
        address: u64,
        /// By address, larger ones before smaller ones that they begin with: a field comes after what it
        /// is a field of.
        owners: Vec<MemoryOwner>,
    },
    /// Opcodes.
    Disassembly(Disassembly),
    /// Lines of a source file.
    Source(SourceLines),
    /// Source files.
    Files {
        /// Their paths as places name them.
        files: Vec<String>,
    },
    /// Functions.
    Functions {
        /// Each with its locations.
        functions: Vec<FunctionInfo>,
        /// Whether there are more.
        truncated: bool,
    },
    /// Core modules.
    Modules {
        /// In the program's order.
        modules: Vec<ModuleInfo>,
    },
    /// How a word could go on.
    Completions {
        /// Whole words.
        words: Vec<String>,
    },
    /// Host calls.
    HostCalls {
        /// Oldest first.
        calls: Vec<HostCall>,
    },
    /// How the guest stands.
    Status(Status),
    /// The report on a failure.
    Report(Box<Report>),
}

/// Something that lies in memory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MemoryOwner {
    /// The address of its first byte.
    pub address: u64,
    /// Its size in bytes.
    pub length: u64,
    /// What it is.
    pub kind: MemoryOwnerKind,
    /// What it is called: an expression for a part of a variable or a static, a function's name for its
    /// part of the stack, the linker's name for data; empty for what has none.
    pub name: String,
    /// The frame that the variable or the part of the stack is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameId>,
}

impl MemoryOwner {
    /// What it is, in a few words: `variable of frame 2`.
    pub fn what(&self) -> String {
        let of_frame = |what: &str| match self.frame {
            Some(frame) => format!("{what} of frame {frame}"),
            None => what.to_owned(),
        };
        match self.kind {
            MemoryOwnerKind::Variable => of_frame("variable"),
            MemoryOwnerKind::Static => "static".to_owned(),
            MemoryOwnerKind::Frame => of_frame("stack"),
            MemoryOwnerKind::FreeStack => "stack that no frame uses".to_owned(),
            MemoryOwnerKind::Data => "data of the module".to_owned(),
            MemoryOwnerKind::Heap => "memory for the allocator".to_owned(),
        }
    }

    /// Whether it has the byte at an address.
    pub fn has(&self, address: u64) -> bool {
        address
            .checked_sub(self.address)
            .is_some_and(|offset| offset < self.length)
    }
}

/// What lies in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryOwnerKind {
    /// A variable, a part of it, or what it owns or points to.
    Variable,
    /// A static, or a part of it.
    Static,
    /// A function's part of the stack.
    Frame,
    /// The stack below the innermost frame, which nobody uses.
    FreeStack,
    /// Data that the module came with.
    Data,
    /// Memory for the program's allocator.
    Heap,
}

/// How the guest stands.
#[expect(clippy::large_enum_variant, reason = "there is one for each question")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Status {
    /// It is being compiled.
    Preparing,
    /// It could not be prepared.
    Failed {
        /// Why.
        message: String,
    },
    /// It has not been started.
    Ready,
    /// It runs.
    Running {
        /// The host call it is in, if it is in one.
        host_call: Option<String>,
    },
    /// It is paused.
    Stopped(Stop),
    /// It has ended.
    Exited(Exit),
}

/// A source-level frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameInfo {
    /// Its place among all frames.
    pub id: FrameId,
    /// The function's name, readable.
    pub function: Option<String>,
    /// Where in the source.
    pub place: Option<Place>,
    /// Whether the compiler put this call into its caller's code.
    pub inlined: bool,
    /// Whose code it is.
    pub kind: FrameKind,
    /// The core module.
    pub module: usize,
    /// Index of the Wasm function.
    pub wasm_function: u32,
    /// Place on the Wasm stack; several frames may share one.
    pub wasm_frame: usize,
    /// Offset of the opcode in the core module's binary.
    pub pc: u64,
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeInfo {
    /// Its whole name.
    pub name: String,
    /// What kind of type: `struct`, `enum`, `union`, `pointer`, …
    pub kind: String,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// Fields, or variants with theirs.
    pub members: Vec<MemberInfo>,
}

/// A field or a variant of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberInfo {
    /// Its name.
    pub name: String,
    /// Its type; `None` for a variant without data.
    pub type_name: Option<String>,
    /// Where in the value, in bytes.
    pub offset: Option<u64>,
    /// A variant's fields.
    pub members: Vec<MemberInfo>,
}

/// The Wasm view of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmFrameInfo {
    /// The module's name or number.
    pub module: String,
    /// The function's name or number.
    pub function: String,
    /// Index of the function.
    pub func_index: u32,
    /// Offset of the opcode in the core module's binary.
    pub pc: u64,
    /// Locals, parameters first.
    pub locals: Vec<WasmItem>,
    /// The operand stack, its top last.
    pub operands: Vec<WasmItem>,
    /// Globals of the module.
    pub globals: Vec<WasmItem>,
    /// Size of the module's memory, in bytes.
    pub memory_size: Option<u64>,
    /// Why locals and operands are missing, if they are.
    pub unavailable: Option<String>,
}

/// A Wasm local, operand or global.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmItem {
    /// Its index.
    pub index: u32,
    /// Its name, when the name section has one.
    pub name: Option<String>,
    /// Its value type: `i32`, `f64`, `funcref`.
    pub value_type: String,
    /// Its value in decimal; `None` when it cannot be read.
    pub value: Option<String>,
    /// The bits in hexadecimal, for numbers.
    pub bits: Option<String>,
}

/// Lines of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLines {
    /// The file, as [`Place::file`].
    pub file: String,
    /// The file on this machine.
    pub path: String,
    /// Number of the first of `lines`.
    pub first_line: u32,
    /// The lines, without their ends.
    pub lines: Vec<String>,
    /// How many lines the file has.
    pub total: u32,
    /// The line the frame is at, if it is in this file.
    pub current: Option<u32>,
    /// Those of the lines that have code.
    pub with_code: Vec<u32>,
    /// Whether the file was changed after the program was built.
    pub changed: bool,
}

/// A function of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub declared: Option<Place>,
    /// How many copies of it there are (generic instances, inlined calls).
    pub copies: usize,
}

/// A core module of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleInfo {
    /// Its place.
    pub index: usize,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Size of its code, in bytes.
    pub code_size: u64,
    /// Number of functions it defines.
    pub functions: u32,
    /// Where its debug info came from; `None` without any.
    pub debug_info: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}
