//! Where to stop, and under which conditions.

use crate::explain::Place;
use serde::{Deserialize, Serialize};

/// Number of a breakpoint or watchpoint, from 1; never used twice in a session.
pub type BreakpointId = u32;

/// What stops the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum BreakpointPlace {
    /// A line of a source file.
    Line {
        /// The file: a path, or the end of one in whole parts.
        file: String,
        /// The line, from 1. When it has no code, the nearest following one that has is used.
        line: u32,
        /// Only code of this column, from 1.
        column: Option<u32>,
    },
    /// A function, past its prologue.
    Function {
        /// Its name, whole or the last parts of it; generic arguments may be left out.
        name: String,
    },
    /// All functions whose names match.
    FunctionRegex {
        /// The regular expression.
        pattern: String,
    },
    /// One opcode.
    Pc {
        /// Offset in the core module's binary.
        pc: u64,
        /// The core module; `None` where there is only one with code.
        module: Option<usize>,
    },
    /// A Rust panic, in the user's frame that panicked.
    Panic,
    /// Calls to the host, before they are carried out.
    HostCall {
        /// Which: the set language of `trace -e` (`fd_write`, `%file`, `/regex/`, several with
        /// commas).
        filter: String,
    },
    /// The value of an expression changes.
    Watch {
        /// The expression, in the frame that [`BreakpointSpec::frame`] names.
        expression: String,
    },
}

/// When a hit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HitCondition {
    /// Less than so many hits, this one included.
    Less(u64),
    /// So many hits or less.
    LessOrEqual(u64),
    /// This hit only.
    Equal(u64),
    /// From this hit on.
    GreaterOrEqual(u64),
    /// After so many hits.
    Greater(u64),
    /// Every so many hits.
    Multiple(u64),
}

/// All that is to be said about a new breakpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakpointSpec {
    /// Where.
    pub place: BreakpointPlace,
    /// Only when this expression is true there.
    pub condition: Option<String>,
    /// Only at these hits. Hits where the condition is false do not count.
    pub hits: Option<HitCondition>,
    /// Hits to pass over first.
    pub ignore: u64,
    /// Instead of stopping: tell this text, with the values of `{expression}` in it.
    pub log: Option<String>,
    /// Whether it goes away when it has stopped the guest once.
    pub temporary: bool,
    /// Whether it is in force.
    pub enabled: bool,
    /// The frame in which a watched expression is meant (see [`crate::protocol::FrameId`]).
    pub frame: usize,
}

impl BreakpointSpec {
    /// A plain breakpoint.
    pub fn new(place: BreakpointPlace) -> Self {
        BreakpointSpec {
            place,
            condition: None,
            hits: None,
            ignore: 0,
            log: None,
            temporary: false,
            enabled: true,
            frame: 0,
        }
    }
}

/// A change to a breakpoint; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakpointChange {
    /// The condition; `Some(None)` takes it away.
    pub condition: Option<Option<String>>,
    /// The hits that count; `Some(None)` takes it away.
    pub hits: Option<Option<HitCondition>>,
    /// Hits to pass over from now on.
    pub ignore: Option<u64>,
    /// The log message; `Some(None)` makes it stop again.
    pub log: Option<Option<String>>,
    /// Whether it is in force.
    pub enabled: Option<bool>,
}

/// A breakpoint as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breakpoint {
    /// Its number.
    pub id: BreakpointId,
    /// What was asked for.
    pub spec: BreakpointSpec,
    /// Where it really is; empty for panics and host calls, and when nothing matches yet.
    pub locations: Vec<BreakpointLocation>,
    /// Whether there are more locations than could be kept.
    pub truncated: bool,
    /// How often it was hit with its condition true.
    pub hits: u64,
    /// What to know about it: that it matches nothing yet, that the line was moved, that it
    /// single-steps.
    pub notes: Vec<String>,
    /// When nothing matches: names or files like the one asked for.
    pub suggestions: Vec<String>,
}

/// One place where a breakpoint stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakpointLocation {
    /// The core module.
    pub module: usize,
    /// Offset of the opcode in the core module's binary.
    pub pc: u64,
    /// The function, readable.
    pub function: Option<String>,
    /// Where in the source.
    pub place: Option<Place>,
    /// Whether it is in an inlined call.
    pub inlined: bool,
}
