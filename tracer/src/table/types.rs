//! The types of values that cross the boundary, with their layout in guest memory (the C layout that
//! WASI preview 1 prescribes: little endian, naturally aligned).

use super::names::{self, Names};

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// An unsigned number of this many bytes: a size, an offset, an identifier.
    Unsigned(u8),
    /// A signed number of this many bytes.
    Signed(u8),
    /// A file descriptor.
    Fd,
    /// A length of time in nanoseconds.
    Duration,
    /// An instant in nanoseconds of the clock that the call's `id` parameter names; without one, of
    /// the wall clock.
    Timestamp,
    /// A process exit code.
    ExitCode,
    /// An error number.
    Errno,
    /// A port, its most significant byte first.
    NetworkPort,
    /// A set of flags, in this many bytes.
    Flags(u8, &'static Names),
    /// One of a set of names, in this many bytes.
    Enum(u8, &'static Names),
    /// A structure.
    Record(&'static Layout),
    /// A structure whose meaning depends on a tag in front of it.
    Union(&'static UnionLayout),
}

/// The layout of a structure.
#[derive(Debug)]
pub struct Layout {
    /// The name in the specification.
    pub name: &'static str,
    /// Bytes in memory, padding included.
    pub size: u32,
    /// The fields by offset.
    pub fields: &'static [Field],
}

/// A field of a structure.
#[derive(Debug)]
pub struct Field {
    /// The name in the specification, without the structure's prefix.
    pub name: &'static str,
    /// Bytes from the start of the structure.
    pub offset: u32,
    /// What it is.
    pub ty: &'static Type,
    /// Left out of the one-line form.
    pub detail: bool,
}

/// The layout of a tagged union.
#[derive(Debug)]
pub struct UnionLayout {
    /// Bytes in memory, tag and padding included.
    pub size: u32,
    /// What the tag's numbers are called. The tag is the first byte.
    pub tag: &'static Names,
    /// Bytes from the start of the union to the alternative's fields.
    pub offset: u32,
    /// The fields of each alternative, in the order of the tag's numbers.
    pub cases: &'static [&'static [Field]],
}

impl Type {
    /// Bytes in memory.
    pub const fn size(&self) -> u32 {
        match self {
            Type::Unsigned(bytes)
            | Type::Signed(bytes)
            | Type::Flags(bytes, _)
            | Type::Enum(bytes, _) => *bytes as u32,
            Type::Fd | Type::ExitCode => 4,
            Type::Errno | Type::NetworkPort => 2,
            Type::Duration | Type::Timestamp => 8,
            Type::Record(layout) => layout.size,
            Type::Union(layout) => layout.size,
        }
    }
}

const fn field(name: &'static str, offset: u32, ty: &'static Type) -> Field {
    Field {
        name,
        offset,
        ty,
        detail: false,
    }
}

const fn detail(name: &'static str, offset: u32, ty: &'static Type) -> Field {
    Field {
        name,
        offset,
        ty,
        detail: true,
    }
}

/// `size`: a number of bytes in memory.
pub static SIZE: Type = Type::Unsigned(4);
/// `filesize`, and other plain 64-bit numbers.
pub static U64: Type = Type::Unsigned(8);
/// `filedelta`: a distance in a file.
pub static FILE_DELTA: Type = Type::Signed(8);
/// `fd`
pub static FD: Type = Type::Fd;
/// A `timestamp` that is a length of time.
pub static DURATION: Type = Type::Duration;
/// `timestamp`
pub static TIMESTAMP: Type = Type::Timestamp;
/// `exitcode`
pub static EXIT_CODE: Type = Type::ExitCode;
/// `errno` as a field.
pub static ERRNO: Type = Type::Errno;
/// `clockid`
pub static CLOCK_ID: Type = Type::Enum(4, &names::CLOCK_ID);
/// `whence`
pub static WHENCE: Type = Type::Enum(1, &names::WHENCE);
/// `advice`
pub static ADVICE: Type = Type::Enum(1, &names::ADVICE);
/// `filetype`
pub static FILE_TYPE: Type = Type::Enum(1, &names::FILE_TYPE);
/// `eventtype`
pub static EVENT_TYPE: Type = Type::Enum(1, &names::EVENT_TYPE);
/// `signal`
pub static SIGNAL: Type = Type::Enum(1, &names::SIGNAL);
/// `rights`
pub static RIGHTS: Type = Type::Flags(8, &names::RIGHTS);
/// `fdflags`
pub static FD_FLAGS: Type = Type::Flags(2, &names::FD_FLAGS);
/// `fstflags`
pub static FST_FLAGS: Type = Type::Flags(2, &names::FST_FLAGS);
/// `lookupflags`
pub static LOOKUP_FLAGS: Type = Type::Flags(4, &names::LOOKUP_FLAGS);
/// `oflags`
pub static O_FLAGS: Type = Type::Flags(2, &names::O_FLAGS);
/// `eventrwflags`
pub static EVENT_RW_FLAGS: Type = Type::Flags(2, &names::EVENT_RW_FLAGS);
/// `subclockflags`
pub static SUB_CLOCK_FLAGS: Type = Type::Flags(2, &names::SUB_CLOCK_FLAGS);
/// `riflags`
pub static RI_FLAGS: Type = Type::Flags(2, &names::RI_FLAGS);
/// `roflags`
pub static RO_FLAGS: Type = Type::Flags(2, &names::RO_FLAGS);
/// `siflags`: none are defined.
pub static SI_FLAGS: Type = Type::Flags(2, &names::SI_FLAGS);
/// The family of a socket.
pub static ADDRESS_FAMILY: Type = Type::Enum(4, &names::ADDRESS_FAMILY);
/// The type of a socket.
pub static SOCKET_TYPE: Type = Type::Enum(4, &names::SOCKET_TYPE);
/// A port in a word.
pub static PORT: Type = Type::Unsigned(4);
/// A port in two bytes, the most significant one first.
pub static NETWORK_PORT: Type = Type::NetworkPort;
/// 4 or 6.
pub static IP_VERSION: Type = Type::Unsigned(4);
/// What a socket's option belongs to.
pub static SOCKET_LEVEL: Type = Type::Enum(4, &names::SOCKET_LEVEL);
/// A socket's option.
pub static SOCKET_OPTION: Type = Type::Enum(4, &names::SOCKET_OPTION);

/// What is wanted of a name's addresses: the front of an `addrinfo`.
pub static ADDRINFO_HINTS: Type = Type::Record(&Layout {
    name: "addrinfo",
    size: 28,
    fields: &[
        field("flags", 0, &AI_FLAGS),
        field("family", 2, &FAMILY_BYTE),
        field("socktype", 3, &SOCKET_TYPE_BYTE),
        field("protocol", 4, &PROTOCOL_BYTE),
    ],
});

static AI_FLAGS: Type = Type::Flags(2, &names::AI_FLAGS);
static FAMILY_BYTE: Type = Type::Enum(1, &names::ADDRESS_FAMILY);
static SOCKET_TYPE_BYTE: Type = Type::Enum(1, &names::SOCKET_TYPE);
static PROTOCOL_BYTE: Type = Type::Enum(1, &names::PROTOCOL);

/// `sdflags`
pub static SD_FLAGS: Type = Type::Flags(1, &names::SD_FLAGS);

/// `fdstat`
pub static FDSTAT: Type = Type::Record(&Layout {
    name: "fdstat",
    size: 24,
    fields: &[
        field("filetype", 0, &FILE_TYPE),
        field("flags", 2, &FD_FLAGS),
        detail("rights_base", 8, &RIGHTS),
        detail("rights_inheriting", 16, &RIGHTS),
    ],
});

/// `filestat`
pub static FILESTAT: Type = Type::Record(&Layout {
    name: "filestat",
    size: 64,
    fields: &[
        detail("dev", 0, &U64),
        detail("ino", 8, &U64),
        field("filetype", 16, &FILE_TYPE),
        detail("nlink", 24, &U64),
        field("size", 32, &U64),
        detail("atim", 40, &TIMESTAMP),
        field("mtim", 48, &TIMESTAMP),
        detail("ctim", 56, &TIMESTAMP),
    ],
});

/// `prestat`
pub static PRESTAT: Type = Type::Union(&UnionLayout {
    size: 8,
    tag: &names::PREOPEN_TYPE,
    offset: 4,
    cases: &[&[field("name_len", 0, &SIZE)]],
});

/// `dirent`: the head of an entry in the buffer of `fd_readdir`; the name follows it.
pub static DIRENT: Type = Type::Record(&Layout {
    name: "dirent",
    size: 24,
    fields: &[
        detail("next", 0, &U64),
        detail("ino", 8, &U64),
        detail("namlen", 16, &SIZE),
        field("type", 20, &FILE_TYPE),
    ],
});

/// `event`
pub static EVENT: Type = Type::Record(&Layout {
    name: "event",
    size: 32,
    fields: &[
        detail("userdata", 0, &U64),
        field("error", 8, &ERRNO),
        field("type", 10, &EVENT_TYPE),
        detail("nbytes", 16, &U64),
        detail("flags", 24, &EVENT_RW_FLAGS),
    ],
});

/// The union inside of a `subscription`.
static SUBSCRIPTION_U: Type = Type::Union(&UnionLayout {
    size: 40,
    tag: &names::EVENT_TYPE,
    offset: 8,
    cases: &[
        &[
            field("id", 0, &CLOCK_ID),
            field("timeout", 8, &DURATION),
            detail("precision", 16, &DURATION),
            field("flags", 24, &SUB_CLOCK_FLAGS),
        ],
        &[field("fd", 0, &FD)],
        &[field("fd", 0, &FD)],
    ],
});

/// `subscription`
pub static SUBSCRIPTION: Type = Type::Record(&Layout {
    name: "subscription",
    size: 48,
    fields: &[detail("userdata", 0, &U64), field("u", 8, &SUBSCRIPTION_U)],
});
