//! Breakpoints: where they are, and whether a hit of one counts.
//!
//! [`resolve()`] finds the opcodes of a place; [`Breakpoints`] keeps what was set, tells which opcodes
//! have to be armed, and decides at a hit, on the guest's thread, what it means: conditions first,
//! then the hits that count, then those to pass over. Arming, stopping and telling are the session's.

mod hits;
mod resolve;
mod texts;

pub use hits::{Evaluate, Outcome};
pub use resolve::{Location, Resolved, resolve};
pub(crate) use resolve::{regex, similar_files};

use crate::program::ProgramSymbols;
use crate::protocol::{
    Breakpoint, BreakpointChange, BreakpointId, BreakpointPlace, BreakpointSpec, CommandError,
    CommandErrorKind,
};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use texts::Texts;
use wasmscope_runner::debuggee::CodePlace;
use wasmscope_tracer::filter::{Filter, Names};

/// Breakpoints that a session holds at most.
const MAX_BREAKPOINTS: usize = 10_000;

/// All breakpoints of a session.
#[derive(Debug, Default)]
pub struct Breakpoints {
    list: BTreeMap<BreakpointId, Entry>,
    last: BreakpointId,
    /// The enabled ones at each opcode, with the place of the location among theirs.
    at: HashMap<CodePlace, Vec<(BreakpointId, usize)>>,
    /// The opcodes of `at`, rising.
    places: Arc<[CodePlace]>,
    /// Whether any enabled one waits for panics, or for host calls.
    panics: bool,
    host_calls: bool,
}

/// A breakpoint, with what was made of its texts.
#[derive(Debug)]
struct Entry {
    told: Breakpoint,
    locations: Vec<Location>,
    /// For each location; where there is none, one for any place.
    texts: Vec<Texts>,
    filter: Option<Filter>,
    /// Hits that are still to be passed over.
    ignore: u64,
}

impl Entry {
    /// Whether it is about calls of this function of the host.
    fn waits_for(&self, function: &HostFunction<'_>) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|filter| filter.wants_named(function.module, function.name))
    }
}

/// A function of the host, as the guest imports it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostFunction<'f> {
    /// The import module, or the interface.
    pub module: &'f str,
    /// Its name.
    pub name: &'f str,
}

impl<'f> HostFunction<'f> {
    /// The function that the runner calls so: `fd_write` for one of WASI preview 1,
    /// `wasi:io/streams@0.2.6#[method]output-stream.write` for one of an interface.
    pub fn of(function: &'f str) -> Self {
        let (module, name) = function
            .split_once('#')
            .unwrap_or(("wasi_snapshot_preview1", function));
        HostFunction { module, name }
    }
}

/// A breakpoint that is about to be set: resolved, and found to be right.
#[derive(Debug)]
pub struct Prepared {
    spec: BreakpointSpec,
    resolved: Resolved,
    texts: Ready,
    filter: Option<Filter>,
}

impl Prepared {
    /// Adds something to know about it.
    pub fn note(&mut self, note: impl Into<String>) {
        self.resolved.notes.push(note.into());
    }
}

/// The texts of a breakpoint, made ready for each of its locations.
#[derive(Debug, Default)]
pub struct Ready(Vec<Texts>);

impl Prepared {
    /// Makes a breakpoint ready to be set. This may take long in large programs; nothing is locked
    /// meanwhile.
    ///
    /// # Errors
    /// When the place, the condition or the log message is wrong.
    pub fn new(program: &ProgramSymbols, spec: BreakpointSpec) -> Result<Self, CommandError> {
        let resolved = resolve(program, &spec.place)?;
        let filter = match &spec.place {
            BreakpointPlace::HostCall { filter } => Some(host_filter(filter)?),
            _ => None,
        };
        let texts = Ready::new(program, &spec, &resolved.locations)?;
        Ok(Prepared {
            spec,
            resolved,
            texts,
            filter,
        })
    }
}

/// The host calls that a breakpoint is about.
fn host_filter(set: &str) -> Result<Filter, CommandError> {
    let mut filter = Filter::default();
    filter
        .functions(set, Names::Any)
        .map_err(|error| CommandError::new(CommandErrorKind::Invalid, error.to_string()))?;
    Ok(filter)
}

impl Ready {
    /// Makes conditions and log messages ready for each location. Where there are no locations they
    /// are checked for their grammar, and evaluated as they are at each hit.
    ///
    /// # Errors
    /// When a text is wrong.
    pub fn new(
        program: &ProgramSymbols,
        spec: &BreakpointSpec,
        locations: &[Location],
    ) -> Result<Self, CommandError> {
        if spec.condition.is_none() && spec.log.is_none() {
            return Ok(Ready::default());
        }
        if locations.is_empty() {
            Texts::check(spec)?;
            return Ok(Ready::default());
        }
        let texts = Texts::of(program, spec, locations)?;
        Ok(Ready(texts))
    }
}

impl Breakpoints {
    /// No breakpoints.
    pub fn new() -> Self {
        Breakpoints::default()
    }

    /// Sets a breakpoint.
    ///
    /// # Errors
    /// When there are too many.
    pub fn set(&mut self, prepared: Prepared) -> Result<Breakpoint, CommandError> {
        if self.list.len() >= MAX_BREAKPOINTS {
            return Err(CommandError::new(
                CommandErrorKind::Unavailable,
                format!("there are {MAX_BREAKPOINTS} breakpoints already: delete some"),
            ));
        }
        self.last = self.last.saturating_add(1);
        let Prepared {
            spec,
            resolved,
            texts,
            filter,
        } = prepared;
        let told = Breakpoint {
            id: self.last,
            locations: resolved
                .locations
                .iter()
                .map(|location| location.info.clone())
                .collect(),
            truncated: resolved.truncated,
            hits: 0,
            notes: resolved.notes,
            suggestions: resolved.suggestions,
            spec,
        };
        let entry = Entry {
            ignore: told.spec.ignore,
            told: told.clone(),
            locations: resolved.locations,
            texts: texts.0,
            filter,
        };
        self.list.insert(self.last, entry);
        self.index();
        Ok(told)
    }

    /// What a change makes of a breakpoint, to be prepared and then [put](Self::put) in its place; and its
    /// locations, which stay.
    ///
    /// # Errors
    /// When there is no such breakpoint.
    pub fn changed(
        &self,
        id: BreakpointId,
        change: &BreakpointChange,
    ) -> Result<(BreakpointSpec, Vec<Location>), CommandError> {
        let entry = self.entry(id)?;
        let mut spec = entry.told.spec.clone();
        if let Some(condition) = &change.condition {
            spec.condition.clone_from(condition);
        }
        if let Some(hits) = change.hits {
            spec.hits = hits;
        }
        if let Some(log) = &change.log {
            spec.log.clone_from(log);
        }
        if let Some(ignore) = change.ignore {
            spec.ignore = ignore;
        }
        if let Some(enabled) = change.enabled {
            spec.enabled = enabled;
        }
        Ok((spec, entry.locations.clone()))
    }

    /// Puts what [`Breakpoints::changed`] made of a breakpoint into force.
    ///
    /// # Errors
    /// When there is no such breakpoint any more.
    pub fn put(
        &mut self,
        id: BreakpointId,
        spec: BreakpointSpec,
        ready: Ready,
        ignore: Option<u64>,
    ) -> Result<Breakpoint, CommandError> {
        let entry = self.list.get_mut(&id).ok_or_else(|| unknown(id))?;
        entry.texts = ready.0;
        entry.told.spec = spec;
        if let Some(ignore) = ignore {
            entry.ignore = ignore;
        }
        let told = entry.told.clone();
        self.index();
        Ok(told)
    }

    /// Takes a breakpoint away.
    ///
    /// # Errors
    /// When there is no such breakpoint.
    pub fn delete(&mut self, id: BreakpointId) -> Result<Breakpoint, CommandError> {
        let entry = self.list.remove(&id).ok_or_else(|| unknown(id))?;
        self.index();
        Ok(entry.told)
    }

    /// All breakpoints, in the order in which they were set.
    pub fn all(&self) -> Vec<Breakpoint> {
        self.list.values().map(|entry| entry.told.clone()).collect()
    }

    /// One of them.
    pub fn get(&self, id: BreakpointId) -> Option<&Breakpoint> {
        self.list.get(&id).map(|entry| &entry.told)
    }

    /// Begins counting anew, for a program that is started again.
    pub fn restart(&mut self) {
        for entry in self.list.values_mut() {
            entry.told.hits = 0;
            entry.ignore = entry.told.spec.ignore;
        }
    }

    /// The opcodes to arm, rising; the same allocation as long as nothing changes.
    pub fn places(&self) -> &Arc<[CodePlace]> {
        &self.places
    }

    /// Whether any breakpoint that is in force waits for panics.
    pub fn wants_panics(&self) -> bool {
        self.panics
    }

    /// Whether any breakpoint that is in force waits for host calls.
    pub fn wants_host_calls(&self) -> bool {
        self.host_calls
    }

    /// Whether any breakpoint that is in force waits for calls of this function of the host.
    pub fn waits_for(&self, function: &HostFunction<'_>) -> bool {
        self.host_calls
            && self
                .list
                .values()
                .any(|entry| entry.told.spec.enabled && entry.waits_for(function))
    }

    fn entry(&self, id: BreakpointId) -> Result<&Entry, CommandError> {
        self.list.get(&id).ok_or_else(|| unknown(id))
    }

    /// Brings what is derived from the list up to date.
    fn index(&mut self) {
        self.at.clear();
        self.panics = false;
        self.host_calls = false;
        for (id, entry) in &self.list {
            if !entry.told.spec.enabled {
                continue;
            }
            match entry.told.spec.place {
                BreakpointPlace::Panic => self.panics = true,
                BreakpointPlace::HostCall { .. } => self.host_calls = true,
                _ => {}
            }
            for (nth, location) in entry.locations.iter().enumerate() {
                self.at.entry(location.place).or_default().push((*id, nth));
            }
        }
        let mut places: Vec<CodePlace> = self.at.keys().copied().collect();
        places.sort_unstable();
        if *places != *self.places {
            self.places = places.into();
        }
    }
}

fn unknown(id: BreakpointId) -> CommandError {
    CommandError::new(
        CommandErrorKind::NotFound,
        format!("there is no breakpoint {id}"),
    )
}
