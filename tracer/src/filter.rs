//! Which host calls are wanted: by function, path, descriptor, outcome and source line.
//!
//! The language of function sets is strace's: names, `/regex/`, `%class`, `all`, `none`, with `!` to
//! take away. What names and classes there are, the table says. Conditions of different kinds must
//! all hold; of several of one kind, one.

mod functions;
mod places;

pub use functions::{ImportedFunction, Names};

use crate::call::{CallResult, HostCall, Value};
use crate::table::{self, Errno, Function, components};
use crate::trace::Site;
pub(crate) use functions::FunctionSet;
pub(crate) use places::paths;
use places::{SourcePlace, is_below, normal};

/// Chooses host calls. The default one wants all.
#[derive(Debug, Default)]
pub struct Filter {
    functions: FunctionSet,
    paths: Vec<String>,
    fds: Vec<u32>,
    status: Vec<Status>,
    places: Vec<SourcePlace>,
}

/// A filter that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A name that no host function has.
    #[error("no host function is called `{name}`{}", hint(.near))]
    Function {
        /// The name.
        name: String,
        /// Names like it.
        near: Vec<String>,
    },
    /// A name of nothing that the component imports, and so can call.
    #[error("the component imports no function and no interface called `{name}`{}", hint(.near))]
    NotImported {
        /// The name.
        name: String,
        /// Names like it.
        near: Vec<String>,
    },
    /// A class that there is not.
    #[error(
        "there is no class `%{name}`; classes are %file, %fd, %clock, %random, %proc, %sock and %env"
    )]
    Class {
        /// Its name, without the `%`.
        name: String,
    },
    /// A regular expression with a mistake in it.
    #[error("`/{pattern}/` is no regular expression: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An outcome that there is not.
    #[error("no call ends as `{word}`; there are successful, failed, unfinished and error names such as ENOENT{}", hint(.near))]
    Status {
        /// The word.
        word: String,
        /// Words like it.
        near: Vec<String>,
    },
    /// A part of a list that is empty.
    #[error("`{list}` has an empty part: give words with commas between them")]
    Empty {
        /// The list.
        list: String,
    },
    /// A source line that is none.
    #[error("`{text}` is no place in a source: expected FILE or FILE:LINE, lines counted from 1")]
    Place {
        /// What was given.
        text: String,
    },
}

fn hint(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; did you mean `{}`?", near.join("`, `")),
    }
}

/// The words of `all` that are most like `word`.
pub(crate) fn near<'a>(word: &str, all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let limit = (word.len() / 3).clamp(1, 4);
    // Longer words than any name are like none.
    if word.len() > 64 {
        return Vec::new();
    }
    let mut found: Vec<(usize, &str)> = all
        .map(|name| (strsim::osa_distance(word, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    found.sort_unstable();
    found.truncate(3);
    found.into_iter().map(|(_, name)| name.to_owned()).collect()
}

/// An outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Successful,
    Failed,
    Unfinished,
    Errno(u32),
}

impl Status {
    fn parse(word: &str) -> Result<Self, FilterError> {
        match word {
            "successful" => Ok(Status::Successful),
            "failed" => Ok(Status::Failed),
            "unfinished" => Ok(Status::Unfinished),
            word => match Errno::number(word) {
                // The number 0 is named too, and is no error.
                Some(0) => Ok(Status::Successful),
                Some(number) => Ok(Status::Errno(number)),
                None if let Some(errno) = components::errno(word) => {
                    Ok(Errno::number(errno).map_or(Status::Failed, Status::Errno))
                }
                None => {
                    let errnos = (1..).map_while(Errno::from_number).map(|errno| errno.name);
                    let words = ["successful", "failed", "unfinished"].into_iter();
                    Err(FilterError::Status {
                        word: word.to_owned(),
                        near: near(word, words.chain(errnos)),
                    })
                }
            },
        }
    }

    fn is(self, result: &CallResult) -> bool {
        match self {
            Status::Failed => result.is_failure(),
            Status::Unfinished => matches!(result, CallResult::Unfinished),
            Status::Successful => !result.is_failure() && !matches!(result, CallResult::Unfinished),
            Status::Errno(wanted) => {
                let name = |error: &Value| match error {
                    Value::Text { text, .. } => components::errno(text),
                    _ => None,
                };
                match result {
                    CallResult::Errno { number, .. } => *number == wanted,
                    // A component's errors have names of their own for the same.
                    CallResult::Err(error) => name(error).and_then(Errno::number) == Some(wanted),
                    _ => false,
                }
            }
        }
    }
}

impl Filter {
    /// Adds a set of functions, `fd_write,%file` or `!%clock`. Several sets are read as one that goes
    /// on.
    ///
    /// # Errors
    /// When the set has a word in it that means nothing.
    pub fn functions(&mut self, set: &str, names: Names<'_>) -> Result<(), FilterError> {
        self.functions.extend(set, names)
    }

    /// Adds outcomes, `failed` or `ENOENT,EIO`.
    ///
    /// # Errors
    /// When a word means nothing.
    pub fn status(&mut self, list: &str) -> Result<(), FilterError> {
        for word in list.split(',') {
            if word.is_empty() {
                return Err(FilterError::Empty {
                    list: list.to_owned(),
                });
            }
            self.status.push(Status::parse(word)?);
        }
        Ok(())
    }

    /// Adds a path of the guest's: calls that name it or a descriptor of it, or anything below it.
    pub fn path(&mut self, path: &str) {
        self.paths.push(normal(path));
    }

    /// Adds a descriptor; of a component, a resource by its number.
    pub fn fd(&mut self, fd: u32) {
        self.fds.push(fd);
    }

    /// Adds a place in the guest's source: `FILE` or `FILE:LINE`, the file by the end of its path.
    ///
    /// # Errors
    /// When it is none.
    pub fn at(&mut self, place: &str) -> Result<(), FilterError> {
        self.places.push(SourcePlace::parse(place)?);
        Ok(())
    }

    /// Whether calls of a function may be wanted.
    pub fn wants(&self, row: &Function) -> bool {
        self.functions.has(row.module, row.name, row.classes)
    }

    /// Whether calls of a function may be wanted, by the names that it is imported with.
    pub fn wants_named(&self, module: &str, function: &str) -> bool {
        match table::find(module, function) {
            Some(row) => self.wants(row),
            None => self
                .functions
                .has(module, function, components::classes(module)),
        }
    }

    /// Whether [`Self::accepts_site`] looks at the site.
    pub fn needs_site(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether all calls are wanted of the functions that are.
    pub fn is_by_function(&self) -> bool {
        self.paths.is_empty()
            && self.fds.is_empty()
            && self.status.is_empty()
            && self.places.is_empty()
    }

    /// Whether a call of a function that is wanted is so too, as far as that can be told without its
    /// source line.
    pub fn accepts(&self, call: &HostCall) -> bool {
        self.accepts_result(&call.result) && self.accepts_fd(call) && self.accepts_path(call)
    }

    fn accepts_result(&self, result: &CallResult) -> bool {
        self.status.is_empty() || self.status.iter().any(|status| status.is(result))
    }

    fn accepts_fd(&self, call: &HostCall) -> bool {
        let is_wanted = |value: &Value| match value {
            Value::Fd { fd, .. } => self.fds.contains(fd),
            Value::Resource { id, .. } => self.fds.contains(id),
            _ => false,
        };
        self.fds.is_empty()
            || call.args.iter().any(|arg| is_wanted(&arg.value))
            || matches!(&call.result, CallResult::Ok(values) if values.iter().any(|arg| is_wanted(&arg.value)))
    }

    fn accepts_path(&self, call: &HostCall) -> bool {
        self.paths.is_empty()
            || paths(call)
                .iter()
                .any(|path| self.paths.iter().any(|wanted| is_below(path, wanted)))
    }

    /// Whether calls from a place are wanted. A place that is not known is not.
    pub fn accepts_site(&self, site: Option<&Site>) -> bool {
        self.places.is_empty()
            || site.is_some_and(|site| self.places.iter().any(|place| place.is(site)))
    }
}
