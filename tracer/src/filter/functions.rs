//! Sets of functions: `fd_write,/^path_/,%clock`, `!%random`.

use super::{FilterError, near};
use crate::table::{self, Class, components};
use regex::Regex;

/// Which names a set may have in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names<'a> {
    /// Those of the table only: a core module can call no others.
    Table,
    /// Those of the interfaces that a component imports, and of the functions in them.
    Imported(&'a [ImportedFunction]),
    /// Any: what can be called is not known.
    Any,
}

/// A function that a component may call of its host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedFunction {
    /// Its interface without the version, `wasi:filesystem/types`.
    pub interface: String,
    /// Its name, `[method]descriptor.read`.
    pub function: String,
    /// The names of the errors that its result may be: the cases of an enum or a variant.
    pub errors: Vec<String>,
    /// Whether what it returns, if it succeeds, is a whole number or nothing at all.
    pub returns_number: bool,
}

/// The error of streams behind which there is that of what was streamed.
const LAST_OPERATION_FAILED: &str = "last-operation-failed";

impl ImportedFunction {
    /// Whether its result may be the error of that name.
    pub(crate) fn has_error(&self, name: &str) -> bool {
        let mut errors = self.errors.iter();
        errors.any(|own| own == LAST_OPERATION_FAILED || components::is_error(own, name))
    }
}

impl<'a> Names<'a> {
    /// Every name that means something, whole or without what it is (`[method]`).
    fn all(self) -> Vec<&'a str> {
        match self {
            Names::Table => table::functions().map(|row| row.name).collect(),
            Names::Any => Vec::new(),
            Names::Imported(imports) => {
                let names = imports.iter().flat_map(|import| {
                    let function = import.function.as_str();
                    [import.interface.as_str(), function, plain(function)]
                });
                let mut names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
                names.sort_unstable();
                names.dedup();
                names
            }
        }
    }

    /// The error for a name that none of these is.
    fn unknown(self, name: &str) -> FilterError {
        let near = near(name, self.all().into_iter());
        let name = name.to_owned();
        match self {
            Names::Table | Names::Any => FilterError::Function { name, near },
            Names::Imported(_) => FilterError::NotImported { name, near },
        }
    }
}

/// `[method]descriptor.read` without what it is.
fn plain(name: &str) -> &str {
    name.split_once(']').map_or(name, |(_, plain)| plain)
}

/// A set, as the steps that build it up.
#[derive(Clone, Debug, Default)]
pub(crate) struct FunctionSet {
    /// Whether everything is in the set at first.
    all: Option<bool>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    adds: bool,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    All,
    Class(Class),
    Name(String),
    Matching(Regex),
}

impl FunctionSet {
    pub(crate) fn extend(&mut self, set: &str, names: Names<'_>) -> Result<(), FilterError> {
        let (negated, mut rest) = match set.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, set),
        };
        self.all.get_or_insert(negated);
        loop {
            let (taken, item) = match rest.strip_prefix('!') {
                Some(item) => (true, item),
                None => (negated, rest),
            };
            let end = item_end(item);
            let (item, after) = item.split_at_checked(end).unwrap_or((item, ""));
            match What::parse(item, names)? {
                Some(what) => self.steps.push(Step { adds: !taken, what }),
                None if item == "none" => self.steps.push(Step {
                    adds: taken,
                    what: What::All,
                }),
                None => {
                    return Err(FilterError::Empty {
                        list: set.to_owned(),
                    });
                }
            }
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None => return Ok(()),
            }
        }
    }

    /// Whether a function is in the set.
    pub(crate) fn has(&self, module: &str, name: &str, classes: &[Class]) -> bool {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| step.what.is(module, name, classes));
        match (last, self.all) {
            (Some(step), _) => step.adds,
            (None, at_first) => at_first.unwrap_or(true),
        }
    }
}

/// Where an item of a set ends: at a comma, but for those in a `/regex/`.
fn item_end(item: &str) -> usize {
    let plain = item.find(',').unwrap_or(item.len());
    let Some(pattern) = item.strip_prefix('/') else {
        return plain;
    };
    let closing = pattern.match_indices('/').find(|(at, _)| {
        let after = pattern.get(at + 1..).unwrap_or_default();
        after.is_empty() || after.starts_with(',')
    });
    match closing {
        Some((at, _)) => at + 2,
        None => plain,
    }
}

impl What {
    /// An item; `None` for one that is empty, or `none`.
    fn parse(item: &str, names: Names<'_>) -> Result<Option<Self>, FilterError> {
        if let Some(pattern) = item.strip_prefix('/') {
            let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
            return match Regex::new(pattern) {
                Ok(regex) => Ok(Some(What::Matching(regex))),
                Err(error) => Err(FilterError::Regex {
                    pattern: pattern.to_owned(),
                    // The last line of several says what is wrong.
                    reason: error
                        .to_string()
                        .lines()
                        .last()
                        .unwrap_or_default()
                        .to_owned(),
                }),
            };
        }
        if let Some(name) = item.strip_prefix('%') {
            return match class(name) {
                Some(class) => Ok(Some(What::Class(class))),
                None => Err(FilterError::Class {
                    name: name.to_owned(),
                }),
            };
        }
        match item {
            "" | "none" => return Ok(None),
            "all" => return Ok(Some(What::All)),
            _ => {}
        }
        let (lenient, name) = match item.strip_prefix('?') {
            Some(name) => (true, name),
            None => (names == Names::Any, item),
        };
        // Interfaces go without their version here.
        let name = match name.split_once('@') {
            Some((interface, _)) if interface.contains('/') => interface,
            _ => name,
        };
        if !lenient && !names.all().contains(&name) {
            return Err(names.unknown(name));
        }
        Ok(Some(What::Name(name.to_owned())))
    }

    fn is(&self, module: &str, name: &str, classes: &[Class]) -> bool {
        match self {
            What::All => true,
            What::Class(class) => classes.contains(class),
            What::Matching(regex) => regex.is_match(name),
            What::Name(wanted) => {
                // `[method]descriptor.read` may be named without what it is.
                wanted == name || wanted == plain(name) || wanted == module
            }
        }
    }
}

/// A class by its name, or by strace's for the same.
fn class(name: &str) -> Option<Class> {
    let name = match name {
        "desc" => "fd",
        "net" | "network" => "sock",
        "process" => "proc",
        name => name,
    };
    Class::ALL.into_iter().find(|class| class.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows that some sets, read one after the other, have in them.
    fn rows(sets: &[&str]) -> Vec<&'static str> {
        let mut all = FunctionSet::default();
        for set in sets {
            all.extend(set, Names::Table).expect(set);
        }
        let rows = table::functions().filter(|row| all.has(row.module, row.name, row.classes));
        let mut names: Vec<_> = rows.map(|row| row.name).collect();
        // Some have two versions.
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    #[test]
    fn sets_are_built_up_from_left_to_right() {
        let everything = rows(&[]).len();
        assert!(everything >= 45);
        let cases: [(&[&str], &[&str]); 9] = [
            (&["fd_write"], &["fd_write"]),
            (&["fd_write,fd_read"], &["fd_read", "fd_write"]),
            (&["%random"], &["random_get"]),
            (&["/^clock_.*_get$/"], &["clock_res_get", "clock_time_get"]),
            (
                &["/_(accept|shutdown){1,2}/"],
                &["sock_accept", "sock_shutdown"],
            ),
            (&["/clock_res,fd_tell"], &["clock_res_get", "fd_tell"]),
            (&["%env,!args_get,!/environ/"], &["args_sizes_get"]),
            (&["none", "fd_sync"], &["fd_sync"]),
            (&["?no_such,fd_sync"], &["fd_sync"]),
        ];
        for (sets, expected) in cases {
            assert_eq!(rows(sets), expected, "{sets:?}");
        }
        assert_eq!(rows(&["!fd_write"]).len(), everything - 1);
        assert_eq!(rows(&["!fd_write,fd_read"]).len(), everything - 2);
        assert_eq!(rows(&["!fd_write", "!fd_read"]).len(), everything - 2);
        assert_eq!(rows(&["all"]).len(), everything);
        assert_eq!(rows(&["!all"]), [""; 0]);
        assert_eq!(rows(&["!none"]).len(), everything);
    }

    #[test]
    fn mistakes_are_named() {
        let said = |set| {
            let error = FunctionSet::default().extend(set, Names::Table);
            error.expect_err(set).to_string()
        };
        assert_eq!(
            said("fd_read,fd_wirte"),
            "no host function is called `fd_wirte`; did you mean `fd_write`, `fd_pwrite`?"
        );
        assert_eq!(said("quux"), "no host function is called `quux`");
        assert!(said("%files").starts_with("there is no class `%files`; classes are %file, "));
        assert!(said("/a(/").starts_with("`/a(/` is no regular expression: "));
        assert!(said("fd_read,").contains("empty part"));
        assert!(said("").contains("empty part"));
    }

    #[test]
    fn components_have_names_of_their_own() {
        let imports = [
            ("wasi:filesystem/types", "[method]descriptor.read"),
            ("wasi:filesystem/types", "[resource-drop]descriptor"),
            ("wasi:io/poll", "poll"),
        ]
        .map(|(interface, function)| ImportedFunction {
            interface: interface.to_owned(),
            function: function.to_owned(),
            ..ImportedFunction::default()
        });
        let names = Names::Imported(&imports);
        let mut set = FunctionSet::default();
        set.extend("descriptor.read,wasi:io/poll@0.2.6,?later", names)
            .expect("names that are imported");
        assert!(set.has("wasi:filesystem/types", "[method]descriptor.read", &[]));
        assert!(set.has("wasi:io/poll", "poll", &[]));
        assert!(!set.has("wasi:io/streams", "[method]input-stream.read", &[]));
        let said = |set: &str| {
            let error = FunctionSet::default().extend(set, names);
            error.expect_err(set).to_string()
        };
        let unknown = "the component imports no function and no interface called";
        assert_eq!(
            said("poll,descriptor.raed"),
            format!("{unknown} `descriptor.raed`; did you mean `descriptor.read`?")
        );
        assert!(said("wasi:io/pol").contains("did you mean `wasi:io/poll`?"));
        assert!(said("quux").starts_with(unknown));
        assert!(set.has("x", "later", &[]));
    }
}
