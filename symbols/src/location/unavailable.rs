//! Why a value is not to be had, in sentences for the user.

use std::fmt;
use std::sync::Arc;

/// Why a value is not to be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unavailable {
    /// The compiler kept no location for it.
    OptimisedOut,
    /// It has locations in its function, but none at this place.
    NotHere,
    /// It is in a Wasm local (by index), and those are not kept.
    LocalNotKept(u32),
    /// It is on the Wasm operand stack, which is not kept.
    OperandNotKept,
    /// Only its value at the function's entry would tell, which nobody kept.
    EntryValue,
    /// It points to something that has no place in memory any more.
    ImplicitPointer,
    /// The address of the frame is not known: why.
    FrameBase(Arc<str>),
    /// It cannot be read from memory: why.
    Memory(Arc<str>),
    /// The debug info says something that cannot be, or that is not understood: what.
    Malformed(Arc<str>),
    /// Another reason, as a sentence.
    Other(Arc<str>),
}

impl Unavailable {
    /// The debug info is at fault.
    pub fn malformed(what: impl Into<Arc<str>>) -> Self {
        Unavailable::Malformed(what.into())
    }

    /// Memory from `address` on cannot be read.
    pub fn out_of_bounds(address: u64, len: u64, memory_size: u64) -> Self {
        Unavailable::Memory(
            format!("{len} bytes at {address:#x} are not in the memory of {memory_size:#x} bytes")
                .into(),
        )
    }

    /// Whether running the program in debuggable code would tell the value.
    pub fn debuggable_code_would_tell(&self) -> bool {
        matches!(
            self,
            Unavailable::LocalNotKept(_) | Unavailable::OperandNotKept | Unavailable::FrameBase(_)
        )
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unavailable::OptimisedOut => f.write_str("optimised out"),
            Unavailable::NotHere => f.write_str(
                "optimised out here: it has a value in other parts of the function only",
            ),
            Unavailable::LocalNotKept(index) => {
                write!(f, "in Wasm local {index}, which plain code does not keep")
            }
            Unavailable::OperandNotKept => {
                f.write_str("on the Wasm operand stack, which plain code does not keep")
            }
            Unavailable::EntryValue => {
                f.write_str("derived from an argument whose value at the call was not kept")
            }
            Unavailable::ImplicitPointer => {
                f.write_str("points to a value that was optimised out of memory")
            }
            Unavailable::FrameBase(why) => write!(f, "the frame's base is not known: {why}"),
            Unavailable::Memory(why) => f.write_str(why),
            Unavailable::Malformed(what) => write!(f, "cannot be read from debug info: {what}"),
            Unavailable::Other(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unavailable {}
