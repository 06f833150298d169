//! The table of host functions: names, parameters with their kinds, results, classes, and what each
//! function writes into guest memory.
//!
//! Data only. The rows of WASI preview 1 are in [`wasi_p1`](self::wasi_p1), those of WasmEdge's socket
//! extension in [`wasmedge`], the names of flags,
//! enumerations and error numbers in [`names`](self::names), the structures in
//! [`types`](self::types). Reading guest memory by these descriptions is `decode`'s business.

use plan::Plan;
use serde::{Deserialize, Serialize};
use std::fmt;

pub mod components;
pub mod names;
pub(crate) mod plan;
pub mod types;
pub mod wasi_p1;
pub mod wasmedge;

pub use names::{Errno, Names};
pub use types::{Field, Layout, Type};

/// What a host function is about: the `%…` classes of filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Takes a path.
    File,
    /// Takes a file descriptor.
    Fd,
    /// Reads or waits for a clock.
    Clock,
    /// Random numbers.
    Random,
    /// The process itself: exit, signals, scheduling.
    Proc,
    /// Sockets.
    Sock,
    /// Arguments and environment variables.
    Env,
}

impl Class {
    /// Every class, in the order of the documentation.
    pub const ALL: [Class; 7] = [
        Class::File,
        Class::Fd,
        Class::Clock,
        Class::Random,
        Class::Proc,
        Class::Sock,
        Class::Env,
    ];

    /// The word used in filters, without the `%`.
    pub fn name(self) -> &'static str {
        match self {
            Class::File => "file",
            Class::Fd => "fd",
            Class::Clock => "clock",
            Class::Random => "random",
            Class::Proc => "proc",
            Class::Sock => "sock",
            Class::Env => "env",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One row: a host function.
#[derive(Debug)]
pub struct Function {
    /// The module that guests import it from.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The classes it belongs to, the main one first.
    pub classes: &'static [Class],
    /// Its parameters in order, the addresses of its results included, last.
    pub params: &'static [Param],
    /// What it returns to the guest.
    pub returns: Returns,
    /// What a successful call does to the table of descriptors.
    pub fds: FdEffect,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What of this matters at a call, worked out beforehand.
    pub(crate) plan: Plan,
}

/// A parameter of a host function. One parameter may take two Wasm values (address and length).
#[derive(Debug)]
pub struct Param {
    /// The name in the specification.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Left out of the one-line form.
    pub detail: bool,
}

/// What a host function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// An error number (an `i32`), 0 for success.
    Errno,
    /// Nothing: it does not return.
    Never,
}

/// What a successful call does to the guest's table of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FdEffect {
    /// Nothing.
    None,
    /// Its first result is a new descriptor, for its path parameter below its first descriptor.
    Opens,
    /// Its first result is a new descriptor, for a connection of its first descriptor.
    Accepts,
    /// Its first descriptor is closed.
    Closes,
    /// Its first descriptor takes the number of its second one, which is closed.
    Renumbers,
}

/// What a parameter means.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A value passed as it is.
    Value(&'static Type),
    /// In: a path, address and length. Two Wasm values.
    Path,
    /// In: an array of (address, length) of buffers that the host reads. Two Wasm values.
    BuffersIn,
    /// Out: an array of (address, length) of buffers that the host fills, in order, with as many
    /// bytes as its first result says. Two Wasm values.
    BuffersOut,
    /// Out: a buffer, address and length. Two Wasm values.
    BufferOut(Filled),
    /// Out: a buffer of directory entries, each a `dirent` and a name, filled with as many bytes as
    /// the call's first result says. Two Wasm values.
    EntriesOut,
    /// In: the address of an array whose number of elements is in the parameter at this index of
    /// the row.
    ArrayIn(&'static Type, u8),
    /// Out: the address of an array; the host fills as many elements as its first result says.
    ArrayOut(&'static Type),
    /// Out: the addresses of a table of strings and of the buffer that holds them, each ended by a
    /// NUL. Two Wasm values; how many strings there are the guest has asked before.
    StringsOut(Strings),
    /// Out: the address where a result goes.
    Result(&'static Type),
    /// In: the address of an IP address (its bytes and their number), whose port is the parameter at
    /// this index of the row.
    AddressIn(u8),
    /// Out: the address of the room for an IP address, the same way.
    AddressOut(AddressForm),
    /// Out: where a part of an [`Kind::AddressOut`] goes.
    PartOut(&'static Type),
    /// In: the value of a socket's option, address and length. Two Wasm values; which option it is,
    /// the parameter before says.
    OptionIn,
    /// Out: the value of a socket's option, its address and that of its length. Two Wasm values.
    OptionOut,
    /// In: text that is no path, address and length. Two Wasm values.
    TextIn,
    /// In: the address of a structure, which may be 0.
    RecordIn(&'static Type),
    /// Out: the address of the address of a chain of `addrinfo`, which the host fills as far as its
    /// first result says.
    AddressesOut,
}

/// How an address is told apart that the host has written, by parameters of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressForm {
    /// 4 or 16 bytes; how many, the parameter at this index says in the end (4 or 6), and the one
    /// after that its port.
    Typed(u8),
    /// 4 or 16 bytes, as many as there is room for, and no port.
    Bare,
    /// Its family in front where there is room for any; the parameter at this index is its port.
    Storage(u8),
}

/// How much of an output buffer a successful call fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// All of it.
    Whole,
    /// As many bytes as the call's first result says.
    ByResult,
    /// What is there to say, at most all of it, and the result does not say how much
    /// (`fd_prestat_dir_name`).
    UpTo,
}

/// Which list of strings a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strings {
    /// The command line.
    Arguments,
    /// The environment, as `NAME=value`.
    Environment,
}

/// A Wasm value type, as far as host functions use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmType {
    /// `i32`
    I32,
    /// `i64`
    I64,
}

impl Kind {
    /// How many Wasm values make up this parameter: 1 or 2.
    #[inline]
    pub const fn words(&self) -> usize {
        match self {
            Kind::Path
            | Kind::BuffersIn
            | Kind::BuffersOut
            | Kind::BufferOut(_)
            | Kind::EntriesOut
            | Kind::OptionIn
            | Kind::OptionOut
            | Kind::TextIn
            | Kind::StringsOut(_) => 2,
            Kind::Value(_)
            | Kind::ArrayIn(..)
            | Kind::ArrayOut(_)
            | Kind::AddressIn(_)
            | Kind::AddressOut(_)
            | Kind::PartOut(_)
            | Kind::RecordIn(_)
            | Kind::AddressesOut
            | Kind::Result(_) => 1,
        }
    }

    /// The Wasm values that make up this parameter.
    pub fn wasm_types(&self) -> &'static [WasmType] {
        use WasmType::{I32, I64};
        match self {
            Kind::Value(ty) if ty.size() > 4 => &[I64],
            kind if kind.words() == 2 => &[I32, I32],
            _ => &[I32],
        }
    }
}

/// The most Wasm values that any row takes (`path_open`, `path_filestat_set_times`).
pub const MAX_WASM_ARGS: usize = 9;

impl Function {
    /// What the function is mainly about.
    pub fn class(&self) -> Option<Class> {
        self.classes.first().copied()
    }

    /// Whether the function belongs to a class.
    pub fn is(&self, class: Class) -> bool {
        self.classes.contains(&class)
    }

    /// Whether a call with these raw arguments may wait for something outside: input, a time, a peer.
    /// Files do not count.
    pub fn may_wait(&self, args: &[u64]) -> bool {
        let first = args.first().copied().unwrap_or_default();
        let is_socket = || self.is(Class::Sock) || first >= u64::from(wasmscope_sockets::FIRST);
        self.fds == FdEffect::Accepts
            || self.params.iter().any(|param| match param.kind {
                Kind::ArrayOut(_) | Kind::AddressIn(_) | Kind::AddressesOut => true,
                Kind::BuffersOut => first == 0 || is_socket(),
                Kind::BuffersIn => is_socket(),
                _ => false,
            })
    }

    /// Whether a call with these raw arguments writes to standard output or standard error.
    pub fn may_show(&self, args: &[u64]) -> bool {
        let is_stream = matches!(args.first(), Some(1 | 2));
        let mut params = self.params.iter();
        is_stream && params.any(|param| matches!(param.kind, Kind::BuffersIn))
    }

    /// Whether the guest gives contents to the host, rather than getting them.
    pub fn gives(&self) -> bool {
        self.params
            .iter()
            .any(|param| matches!(param.kind, Kind::BuffersIn))
    }

    /// Whether the host fills a buffer with contents: random numbers, and not a path.
    pub(crate) fn fills(&self) -> bool {
        self.params
            .iter()
            .any(|param| matches!(param.kind, Kind::BufferOut(Filled::Whole)))
    }

    /// The Wasm parameters of the function.
    pub fn wasm_params(&self) -> impl Iterator<Item = WasmType> + '_ {
        self.params
            .iter()
            .flat_map(|param| param.kind.wasm_types().iter().copied())
    }

    /// The Wasm results of the function.
    pub fn wasm_results(&self) -> &'static [WasmType] {
        match self.returns {
            Returns::Errno => &[WasmType::I32],
            Returns::Never => &[],
        }
    }
}

/// Every host function that has a row.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    let extension = wasmedge::ROWS.iter().map(|row| &row.function);
    wasi_p1::FUNCTIONS.iter().chain(extension)
}

/// A row by what it is called for: one of WASI preview 1, or of WasmEdge's extension.
#[derive(Clone, Copy)]
pub(crate) enum RowId {
    P1(wasi_p1::Row),
    Extension(&'static wasmedge::Row),
}

impl RowId {
    /// The row itself.
    #[inline]
    pub(crate) fn function(self) -> &'static Function {
        match self {
            RowId::P1(row) => row.function(),
            RowId::Extension(row) => &row.function,
        }
    }

    /// Its position among [`functions`].
    #[inline]
    pub(crate) fn index(self) -> usize {
        match self {
            RowId::P1(row) => row as usize,
            RowId::Extension(row) => wasi_p1::FUNCTIONS.len() + row.index,
        }
    }
}

/// The row of a function, by the names that a guest imports it with.
pub fn find(module: &str, name: &str) -> Option<&'static Function> {
    // Names differ sooner than modules.
    functions().find(|row| row.name == name && row.module == module)
}
