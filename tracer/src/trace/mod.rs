//! What a trace consists of: host calls with the source lines that made them, written one after the
//! other in some format.
//!
//! Lines come from whoever knows the guest's debug info; here they are text. Each format is an
//! [`Exporter`]: [`text`] for reading, [`json`] for programs, [`chrome`] and [`otlp`] for other
//! people's viewers. All write as the run goes on and keep nothing of the calls that are written.

pub mod chrome;
pub mod json;
pub mod otlp;
pub mod text;
mod view;

use crate::call::HostCall;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

/// A host call and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedCall {
    /// The call.
    pub call: HostCall,
    /// The innermost source line of the program's own that made it, where that is known.
    pub site: Option<Site>,
    /// The guest's stack, innermost frame first; empty when it was not asked for.
    pub stack: Vec<Site>,
    /// The variables of the frame at `site`; empty when they were not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locals: Vec<Local>,
}

/// A variable of the guest's at the time of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// Its name.
    pub name: String,
    /// Its type, in the language of the source, when it is known.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Its value in one line; `None` when it cannot be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Why there is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// The program that is traced, as formats that say it once have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The file that it was loaded from.
    pub program: String,
    /// The arguments that it was given, without its own name.
    pub args: Vec<String>,
}

/// A place in the guest's source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// The file, as the user knows it.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in bytes, from 1.
    pub column: Option<u32>,
    /// The function, readable.
    pub function: Option<String>,
}

impl fmt::Display for Site {
    /// `at src/main.rs:12 in orders::report`, without what is not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str("at ")?;
            crate::render::text(file, f)?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
        }
        if let Some(function) = &self.function {
            f.write_str(if self.file.is_some() { " in " } else { "in " })?;
            crate::render::text(function, f)?;
        }
        Ok(())
    }
}

/// How a traced run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum End {
    /// The guest exited.
    Exited {
        /// With this code.
        code: i32,
    },
    /// The guest was ended by a failure of its own or of the host's.
    Failed,
    /// The user ended it.
    Interrupted,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Exited { code } => write!(f, "exited with {code}"),
            End::Failed => f.write_str("failed"),
            End::Interrupted => f.write_str("interrupted"),
        }
    }
}

/// Nanoseconds from 1970 to an instant; 0 for one before.
fn unix_ns(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A format that a trace is written in.
pub trait Exporter: Send {
    /// The run starts; `at` is the instant that calls count their time from.
    ///
    /// # Errors
    /// Those of `out`.
    fn start(&mut self, at: SystemTime, out: &mut dyn Write) -> io::Result<()>;

    /// A call has returned, or will never do so.
    ///
    /// # Errors
    /// Those of `out`.
    fn call(&mut self, call: &TracedCall, out: &mut dyn Write) -> io::Result<()>;

    /// The run has ended.
    ///
    /// # Errors
    /// Those of `out`.
    fn end(&mut self, end: &End, out: &mut dyn Write) -> io::Result<()>;
}
