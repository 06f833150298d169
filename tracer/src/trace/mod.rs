//! What a trace consists of: host calls with the source lines that made them, written one after the
//! other in some format.
//!
//! Lines come from whoever knows the guest's debug info; here they are text. Each format is an
//! [`Exporter`]: [`text`] for reading.

pub mod text;

use crate::call::HostCall;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Write};
use std::time::SystemTime;

/// A host call and where it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TracedCall {
    /// The call.
    pub call: HostCall,
    /// The innermost source line of the program's own that made it, where that is known.
    pub site: Option<Site>,
    /// The guest's stack, innermost frame first; empty when it was not asked for.
    pub stack: Vec<Site>,
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
