//! The last host calls, those that a filter lets through, and what all of them cost.

use crate::cursor::Cursor;
use std::collections::VecDeque;
use wasmscope_tracer::filter::{Filter, Names};
use wasmscope_tracer::summary::{By, Order, Summary};
use wasmscope_tracer::trace::{Site, TracedCall};

/// Calls that are kept.
pub(crate) const MAX_CALLS: usize = 10_000;

/// The host calls.
pub(crate) struct Calls {
    /// The calls, oldest first.
    kept: VecDeque<TracedCall>,
    /// Calls that were dropped: the place of the oldest that is kept.
    dropped: u64,
    /// Calls that came, in all.
    pub total: u64,
    /// Calls that the session did not tell of: gaps in their numbers.
    pub untold: u64,
    next: u64,
    filter: Option<(String, Filter)>,
    /// Places of the calls that the filter lets through.
    shown: VecDeque<u64>,
    summary: Summary,
    /// Whether sums are shown instead of calls.
    pub sums: bool,
    /// The selected row.
    pub cursor: Cursor,
    /// Whether the newest call is to be seen.
    pub follow: bool,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls")
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            kept: VecDeque::new(),
            dropped: 0,
            total: 0,
            untold: 0,
            next: 0,
            filter: None,
            shown: VecDeque::new(),
            summary: Summary::new(By::Function),
            sums: false,
            cursor: Cursor::default(),
            follow: true,
        }
    }
}

impl Calls {
    /// A call has returned.
    pub fn push(&mut self, call: TracedCall) {
        self.total = self.total.saturating_add(1);
        self.untold = self
            .untold
            .saturating_add(call.call.seq.saturating_sub(self.next));
        self.next = call.call.seq.saturating_add(1);
        self.summary.add(&call);
        let place = self
            .dropped
            .saturating_add(u64::try_from(self.kept.len()).unwrap_or(u64::MAX));
        if self.accepts(&call) {
            self.shown.push_back(place);
        }
        self.kept.push_back(call);
        if self.kept.len() > MAX_CALLS {
            self.kept.pop_front();
            self.dropped = self.dropped.saturating_add(1);
            if self
                .shown
                .front()
                .is_some_and(|place| *place < self.dropped)
            {
                self.shown.pop_front();
                if !self.follow {
                    self.cursor.at = self.cursor.at.saturating_sub(1);
                    self.cursor.top = self.cursor.top.saturating_sub(1);
                }
            }
        }
        if self.follow {
            self.cursor.at = self.shown.len().saturating_sub(1);
        }
    }

    /// Forgets the calls of a run that is over, and keeps the filter.
    pub fn restart(&mut self) {
        let filter = self.filter.take();
        let sums = self.sums;
        *self = Calls {
            filter,
            sums,
            ..Calls::default()
        };
    }

    fn accepts(&self, call: &TracedCall) -> bool {
        self.filter.as_ref().is_none_or(|(_, filter)| {
            filter.wants_named(&call.call.module, &call.call.function)
                && filter.accepts(&call.call)
                && filter.accepts_site(call.site.as_ref())
        })
    }

    /// Shows only the calls of a set, in the words of `trace -e`: function sets, and after a space
    /// `status=…`, `fd=…`, `path=…`, `at=…`. An empty text shows all.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn set_filter(&mut self, text: &str) -> Result<(), String> {
        let text = text.trim();
        self.filter = match text {
            "" => None,
            _ => Some((text.to_owned(), parse(text)?)),
        };
        let mut shown = VecDeque::new();
        for (place, call) in (self.dropped..).zip(&self.kept) {
            if self.accepts(call) {
                shown.push_back(place);
            }
        }
        self.shown = shown;
        self.cursor = Cursor {
            at: self.shown.len().saturating_sub(1),
            top: 0,
        };
        Ok(())
    }

    /// The filter, as it was written.
    pub fn filter(&self) -> Option<&str> {
        self.filter.as_ref().map(|(text, _)| text.as_str())
    }

    /// How many calls are shown.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// A call that is shown.
    pub fn get(&self, row: usize) -> Option<&TracedCall> {
        let place = self.shown.get(row)?.checked_sub(self.dropped)?;
        self.kept.get(usize::try_from(place).ok()?)
    }

    /// Calls that can no longer be looked at.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What the calls cost, by function.
    pub fn table(&self) -> String {
        self.summary.table(Order::Time)
    }
}

fn parse(text: &str) -> Result<Filter, String> {
    let mut filter = Filter::default();
    for word in text.split_whitespace() {
        let result = match word.split_once('=') {
            Some(("status", list)) => filter.status(list),
            Some(("at", place)) => filter.at(place),
            Some(("path", path)) => {
                filter.path(path);
                Ok(())
            }
            Some(("fd", number)) => {
                let fd = number.parse();
                filter.fd(fd.map_err(|_| format!("`{number}` is no descriptor's number"))?);
                Ok(())
            }
            Some(("trace", set)) => filter.functions(set, Names::Any),
            Some((word, _)) if word.bytes().all(|b| b.is_ascii_lowercase()) => {
                return Err(format!(
                    "there is no `{word}=`: there are status=, fd=, path=, at= and sets of functions"
                ));
            }
            _ => filter.functions(word, Names::Any),
        };
        result.map_err(|error| error.to_string())?;
    }
    Ok(filter)
}

/// A source line of a call as `file:line`.
pub(crate) fn site_text(site: &Site) -> String {
    match (&site.file, site.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        _ => site.function.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmscope_tracer::{CallResult, HostCall};

    fn call(seq: u64, function: &'static str) -> TracedCall {
        TracedCall {
            call: HostCall {
                seq,
                module: "wasi_snapshot_preview1".into(),
                function: function.into(),
                class: None,
                args: Vec::new(),
                result: CallResult::Ok(Vec::new()),
                start: None,
                duration: None,
                tampering: None,
                hint: None,
            },
            site: None,
            stack: Vec::new(),
            locals: Vec::new(),
        }
    }

    #[test]
    fn a_filter_chooses_among_old_and_new_calls() {
        let mut calls = Calls::default();
        for seq in 0..10 {
            calls.push(call(seq, if seq % 2 == 0 { "fd_write" } else { "fd_read" }));
        }
        calls.set_filter("fd_read").unwrap();
        assert_eq!(calls.len(), 5);
        calls.push(call(10, "fd_read"));
        calls.push(call(11, "fd_write"));
        assert_eq!(calls.len(), 6);
        assert_eq!(calls.get(5).unwrap().call.seq, 10);
        assert!(calls.set_filter("%nonsense").is_err());
        assert!(calls.set_filter("colour=red").is_err());
        assert_eq!(calls.filter(), Some("fd_read"));
        calls.set_filter("").unwrap();
        assert_eq!(calls.len(), 12);
    }

    #[test]
    fn a_million_calls_are_bounded_and_counted() {
        let mut calls = Calls::default();
        calls.set_filter("fd_read").unwrap();
        for seq in 0..100_000 {
            calls.push(call(
                seq * 2,
                if seq % 10 == 0 { "fd_read" } else { "fd_write" },
            ));
        }
        assert_eq!((calls.total, calls.kept.len()), (100_000, MAX_CALLS));
        assert_eq!(calls.untold, 99_999);
        assert_eq!(calls.len(), 1_000);
        assert_eq!(calls.get(0).unwrap().call.function, "fd_read");
        assert_eq!(calls.dropped(), 90_000);
        assert!(calls.table().contains("fd_write"));
    }
}
