//! The `tracing` subscriber that picks host calls out of the stream.

use super::slot::RESULT;
use super::{CURRENT, NONE, Shared, lock};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// The name that Wasmtime's generated bindings give to the span of a call.
const CALL_SPAN: &str = "wit-bindgen import";

/// Part of the path of every module of generated bindings.
const BINDINGS: &str = "::bindings::";

/// Marks the identifiers of spans that the inner subscriber does not know. Registries count their
/// identifiers from below and never get here.
const OWN: u64 = 1 << 63;

/// Marks, besides, the calls whose arguments and results are wanted.
const TEXT: u64 = 1 << 62;

/// Records host calls of components, and passes on what else there is.
pub struct Tap<S> {
    shared: Arc<Shared>,
    arguments: bool,
    inner: S,
    /// The inner subscriber's spans of the calls in progress, by the call's number, when that listens
    /// to the trace level and so gets host calls too.
    forwarded: Option<Mutex<HashMap<u64, Id>>>,
}

impl<S: Subscriber> Tap<S> {
    pub(super) fn new(shared: Arc<Shared>, arguments: bool, inner: S) -> Self {
        let listens = inner
            .max_level_hint()
            .is_none_or(|level| level >= LevelFilter::TRACE);
        Tap {
            shared,
            arguments,
            inner,
            forwarded: listens.then(Mutex::default),
        }
    }

    /// Whether a span or event belongs to a host call and is recorded.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() {
            metadata.name() == CALL_SPAN
        } else {
            self.arguments && is_call_event(metadata)
        }
    }

    /// The inner subscriber's identifier of a span.
    fn inner_id(&self, id: &Id) -> Option<Id> {
        match own(id) {
            None => Some(id.clone()),
            Some(number) => lock(self.forwarded.as_ref()?).get(&number).cloned(),
        }
    }
}

/// The number of the call whose span this is.
fn own(id: &Id) -> Option<u64> {
    let id = id.into_u64();
    (id & OWN != 0).then_some(id & !(OWN | TEXT))
}

/// Whether an event may hold the arguments or the result of a host call.
fn is_call_event(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && *metadata.level() == Level::TRACE && metadata.target().contains(BINDINGS)
}

impl<S: Subscriber> Subscriber for Tap<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let inner = self.inner.register_callsite(metadata);
        if self.wants(metadata) {
            Interest::always()
        } else {
            inner
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.wants(metadata) || self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        if metadata.name() != CALL_SPAN {
            return self.inner.new_span(span);
        }
        let mut ring = lock(&self.shared.ring);
        let (number, text) = ring.enter(
            metadata,
            |names| span.record(names),
            |module, function| self.shared.interest(module, function),
        );
        let begins_unwanted = ring.hears_unwanted(number);
        drop(ring);
        if begins_unwanted {
            self.shared.begins_unwanted();
        }
        self.shared.tamper(number);
        if let Some(forwarded) = &self.forwarded
            && self.inner.enabled(metadata)
        {
            let id = self.inner.new_span(span);
            lock(forwarded).insert(number, id);
        }
        Id::from_u64(OWN | if text { TEXT } else { 0 } | number)
    }

    fn enter(&self, span: &Id) {
        if let Some(number) = own(span) {
            let wanted = span.into_u64() & TEXT != 0;
            CURRENT.set(if wanted { number } else { NONE });
        }
        if let Some(id) = self.inner_id(span) {
            self.inner.enter(&id);
        }
    }

    fn exit(&self, span: &Id) {
        if own(span).is_some() {
            CURRENT.set(NONE);
        }
        if let Some(id) = self.inner_id(span) {
            self.inner.exit(&id);
        }
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        // The level comes first: it is all there is to compare for most events of a fast guest.
        if *metadata.level() == Level::TRACE {
            let current = CURRENT.get();
            if current != NONE && is_call_event(metadata) {
                let returned = metadata.fields().field(RESULT).is_some();
                lock(&self.shared.ring).text(current, returned, |text| event.record(text));
                if !returned && self.shared.is_observed() {
                    self.shared.begins(current);
                }
            }
            if self.forwarded.is_none() {
                return;
            }
        }
        if self.inner.enabled(metadata) && self.inner.event_enabled(event) {
            self.inner.event(event);
        }
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(id) = self.inner_id(span) {
            self.inner.record(&id, values);
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let (Some(id), Some(follows)) = (self.inner_id(span), self.inner_id(follows)) {
            self.inner.record_follows_from(&id, &follows);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        match own(id) {
            // Closing is noted at the first drop; Wasmtime keeps one handle to a call's span.
            Some(_) => id.clone(),
            None => self.inner.clone_span(id),
        }
    }

    fn try_close(&self, id: Id) -> bool {
        let Some(number) = own(&id) else {
            return self.inner.try_close(id);
        };
        self.shared.returns(number);
        if let Some(forwarded) = &self.forwarded {
            let inner = lock(forwarded).remove(&number);
            inner.map(|id| self.inner.try_close(id));
        }
        true
    }
}
