//! What the calls of a run cost together: counted, timed and added up by function, source line, path
//! or descriptor, in memory that does not grow with the number of calls.

mod histogram;

use crate::call::{HostCall, Moved, Value};
use crate::filter::paths;
use crate::observe::Brief;
use crate::render::{Rounded, text};
use crate::table::Function;
use crate::trace::TracedCall;
use histogram::Histogram;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write as _};

/// Rows beyond these are counted together.
const MAX_ROWS: usize = 10_000;

/// What calls are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The function called.
    #[default]
    Function,
    /// The source line that calls.
    Site,
    /// The path in the guest's world that the call is about.
    Path,
    /// The first descriptor of the call, by its number.
    Fd,
}

/// What rows are in order of, the largest first; names from the first to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Time of all calls.
    #[default]
    Time,
    /// Number of calls.
    Calls,
    /// Number of failed calls.
    Errors,
    /// Bytes read and written.
    Bytes,
    /// The longest call.
    Max,
    /// What calls are put together by.
    Name,
}

/// The sums of a run.
#[derive(Debug)]
pub struct Summary {
    by: By,
    rows: HashMap<String, Row>,
    /// Rows of functions of the table, by which most calls are found.
    functions: Vec<(&'static Function, Row)>,
    others: Row,
}

#[derive(Clone, Debug, Default)]
struct Row {
    calls: u64,
    errors: u64,
    bytes: u64,
    /// Nanoseconds.
    total: u64,
    times: Histogram,
}

impl Row {
    fn add(&mut self, failed: bool, duration: Option<u64>, moved: Moved) {
        self.calls = self.calls.saturating_add(1);
        self.errors = self.errors.saturating_add(failed.into());
        self.bytes = self.bytes.saturating_add(moved.read);
        self.bytes = self.bytes.saturating_add(moved.written);
        if let Some(ns) = duration {
            self.total = self.total.saturating_add(ns);
            self.times.add(ns);
        }
    }

    fn join(&mut self, other: &Row) {
        self.calls = self.calls.saturating_add(other.calls);
        self.errors = self.errors.saturating_add(other.errors);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.total = self.total.saturating_add(other.total);
        self.times.join(&other.times);
    }
}

impl Summary {
    /// Sums of no calls yet.
    pub fn new(by: By) -> Self {
        Summary {
            by,
            rows: HashMap::new(),
            functions: Vec::new(),
            others: Row::default(),
        }
    }

    /// Whether [`Self::add`] looks at the source line of calls.
    pub fn needs_site(&self) -> bool {
        self.by == By::Site
    }

    /// Adds a call.
    pub fn add(&mut self, traced: &TracedCall) {
        let name = match self.by {
            By::Function => None,
            By::Site => Some(site(traced)),
            By::Path => Some(path(&traced.call)),
            By::Fd => Some(fd(&traced.call)),
        };
        let call = &traced.call;
        self.row(name.as_deref().unwrap_or(&call.function)).add(
            call.result.is_failure(),
            call.duration,
            call.moved(),
        );
    }

    /// The row of a name, or the one of those that are too many.
    fn row(&mut self, name: &str) -> &mut Row {
        // As in lines: what a method is of, its name says.
        let name = name.strip_prefix("[method]").unwrap_or(name);
        // Looked for first: names are not to be copied for each call.
        let row = if self.rows.contains_key(name) {
            self.rows.get_mut(name)
        } else if self.rows.len() < MAX_ROWS {
            Some(self.rows.entry(name.to_owned()).or_default())
        } else {
            None
        };
        row.unwrap_or(&mut self.others)
    }

    /// Whether [`Self::add_brief`] is all that is needed.
    pub fn is_brief(&self) -> bool {
        self.by == By::Function
    }

    /// Adds a call of which no more than this is known: by its function.
    pub fn add_brief(&mut self, brief: &Brief<'_>) {
        let Some(row) = brief.row else {
            self.row(brief.function)
                .add(brief.failed, brief.duration, brief.moved);
            return;
        };
        let found = self
            .functions
            .iter()
            .position(|(function, _)| std::ptr::eq(*function, row));
        let position = found.unwrap_or_else(|| {
            self.functions.push((row, Row::default()));
            self.functions.len() - 1
        });
        if let Some((_, row)) = self.functions.get_mut(position) {
            row.add(brief.failed, brief.duration, brief.moved);
        }
    }

    /// Takes over what another one has added up by the same.
    pub fn join(&mut self, other: &Summary) {
        for (name, row) in other.by_name() {
            if self.rows.len() < MAX_ROWS || self.rows.contains_key(name) {
                self.rows.entry(name.to_owned()).or_default().join(&row);
            } else {
                self.others.join(&row);
            }
        }
        self.others.join(&other.others);
    }

    /// The rows by name.
    fn by_name(&self) -> BTreeMap<&str, Cow<'_, Row>> {
        let rows = self.rows.iter();
        let mut all: BTreeMap<&str, Cow<'_, Row>> = rows
            .map(|(name, row)| (name.as_str(), Cow::Borrowed(row)))
            .collect();
        for (function, row) in &self.functions {
            match all.get_mut(function.name) {
                Some(there) => there.to_mut().join(row),
                None => {
                    all.insert(function.name, Cow::Borrowed(row));
                }
            }
        }
        all
    }

    /// The table, as text with an end of line after each row.
    pub fn table(&self, order: Order) -> String {
        // By name first, so that equal rows stay in an order.
        let by_name = self.by_name();
        let mut rows: Vec<(&str, &Row)> =
            by_name.iter().map(|(name, row)| (*name, &**row)).collect();
        match order {
            Order::Name => {}
            Order::Time => rows.sort_by_key(|(_, row)| Reverse(row.total)),
            Order::Calls => rows.sort_by_key(|(_, row)| Reverse(row.calls)),
            Order::Errors => rows.sort_by_key(|(_, row)| Reverse(row.errors)),
            Order::Bytes => rows.sort_by_key(|(_, row)| Reverse(row.bytes)),
            Order::Max => rows.sort_by_key(|(_, row)| Reverse(row.times.max())),
        }
        if self.others.calls > 0 {
            rows.push(("(others)", &self.others));
        }
        let mut sum = Row::default();
        rows.iter().for_each(|(_, row)| sum.join(row));
        rows.push(("total", &sum));
        let mut table = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&rows, sum.total, &mut table);
        table
    }

    fn write(&self, rows: &[(&str, &Row)], total: u64, out: &mut String) -> fmt::Result {
        let head = match self.by {
            By::Function => "function",
            By::Site => "source line",
            By::Path => "path",
            By::Fd => "fd",
        };
        writeln!(
            out,
            "% time     total     calls    errors       min       p50       p99       max         bytes  {head}"
        )?;
        for (name, row) in rows {
            let share = match total {
                0 => 0.0,
                total => row.total as f64 * 100.0 / total as f64,
            };
            write!(
                out,
                "{share:6.2} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>13}  ",
                Rounded(row.total),
                row.calls,
                row.errors,
                Rounded(row.times.min()),
                Rounded(row.times.quantile(50)),
                Rounded(row.times.quantile(99)),
                Rounded(row.times.max()),
                row.bytes,
            )?;
            text(name, out)?;
            out.write_char('\n')?;
        }
        Ok(())
    }
}

fn site(traced: &TracedCall) -> String {
    let Some(site) = &traced.site else {
        return "(not the program's own)".to_owned();
    };
    let mut name = String::new();
    if let Some(file) = &site.file {
        name.push_str(file);
        if let Some(line) = site.line {
            let _ = write!(name, ":{line}");
        }
    }
    if let Some(function) = &site.function {
        name.push_str(if name.is_empty() { "in " } else { " in " });
        name.push_str(function);
    }
    name
}

fn path(call: &HostCall) -> String {
    // The last one says most: what is opened, after the directory that it is opened in.
    match paths(call).pop() {
        Some(path) if path.is_empty() => ".".to_owned(),
        Some(path) => path,
        None => "(none)".to_owned(),
    }
}

fn fd(call: &HostCall) -> String {
    let fd = call.args.iter().find_map(|arg| match arg.value {
        Value::Fd { fd, .. } => Some(fd.to_string()),
        Value::Resource { ref kind, id, .. } => Some(format!("{kind}#{id}")),
        _ => None,
    });
    fd.unwrap_or_else(|| "(none)".to_owned())
}
