//! The functions of WASI 0.2 that wait: for events, for input. While Wasmtime's own wait nobody can
//! look at the guest, whose store is lent to them; these let the supervisor look, and then wait on.
//!
//! They are Wasmtime's in everything else, the record of the call included.

use super::control::HostCallName;
use super::supervision::Supervision;
use super::walk::Innermost;
use super::{Interruption, Resume};
use crate::component::ComponentState;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use tracing::Instrument as _;
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime::{AsContextMut, Error, Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::io::poll::{Host as _, HostPollable as _, Pollable};
use wasmtime_wasi::p2::bindings::io::streams::{
    Host as _, HostInputStream as _, InputStream, StreamError,
};
use wasmtime_wasi::p2::{Pollable as _, StreamResult};

/// As the linker has them.
const POLL: &str = "wasi:io/poll@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";

/// The name that Wasmtime's bindings give to the span of a call, by which its record is kept.
macro_rules! call {
    ($module:literal, $function:literal) => {
        tracing::trace_span!("wit-bindgen import", module = $module, function = $function)
    };
}

type Waiting<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// Puts the functions in a linker that has WASI 0.2 in it, in place of Wasmtime's.
///
/// # Errors
/// Those of the linker.
pub(crate) fn add_to_linker(
    linker: &mut Linker<ComponentState>,
    supervision: &Arc<Supervision>,
) -> Result<()> {
    linker.allow_shadowing(true);
    polls(linker, supervision)?;
    reads(linker, supervision)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn polls(linker: &mut Linker<ComponentState>, supervision: &Arc<Supervision>) -> Result<()> {
    let mut interface = linker.instance(POLL)?;
    let watcher = Arc::clone(supervision);
    interface.func_wrap_async(
        "poll",
        move |mut store: StoreContextMut<'_, ComponentState>,
              (pollables,): (Vec<Resource<Pollable>>,)| {
            let watcher = Arc::clone(&watcher);
            let wait = async move {
                watcher.is_in(&format!("{POLL}#poll"));
                let ready = watcher.until(&mut store, |table| {
                    let pollables = pollables.iter().map(borrowed).collect();
                    Box::pin(table.poll(pollables))
                });
                Ok((ready.await??,))
            };
            Box::new(wait.instrument(call!("poll", "poll")))
        },
    )?;
    let watcher = Arc::clone(supervision);
    interface.func_wrap_async(
        "[method]pollable.block",
        move |mut store: StoreContextMut<'_, ComponentState>,
              (pollable,): (Resource<Pollable>,)| {
            let watcher = Arc::clone(&watcher);
            let wait = async move {
                watcher.is_in(&format!("{POLL}#[method]pollable.block"));
                let ready = watcher.until(&mut store, |table| {
                    Box::pin(table.block(borrowed(&pollable)))
                });
                ready.await?
            };
            Box::new(wait.instrument(call!("poll", "[method]pollable.block")))
        },
    )
}

fn reads(linker: &mut Linker<ComponentState>, supervision: &Arc<Supervision>) -> Result<()> {
    let mut interface = linker.instance(STREAMS)?;
    let watcher = Arc::clone(supervision);
    interface.func_wrap_async(
        "[method]input-stream.blocking-read",
        move |mut store: StoreContextMut<'_, ComponentState>,
              (stream, len): (Resource<InputStream>, u64)| {
            let watcher = Arc::clone(&watcher);
            let wait = async move {
                watcher.is_in(&format!("{STREAMS}#[method]input-stream.blocking-read"));
                watcher.until_readable(&mut store, &stream).await?;
                let table = &mut store.data_mut().table;
                let read = table.blocking_read(borrowed(&stream), len).await;
                Ok((answer(table, read)?,))
            };
            Box::new(wait.instrument(call!("streams", "[method]input-stream.blocking-read")))
        },
    )?;
    let watcher = Arc::clone(supervision);
    interface.func_wrap_async(
        "[method]input-stream.blocking-skip",
        move |mut store: StoreContextMut<'_, ComponentState>,
              (stream, len): (Resource<InputStream>, u64)| {
            let watcher = Arc::clone(&watcher);
            let wait = async move {
                watcher.is_in(&format!("{STREAMS}#[method]input-stream.blocking-skip"));
                watcher.until_readable(&mut store, &stream).await?;
                let table = &mut store.data_mut().table;
                let skipped = table.blocking_skip(borrowed(&stream), len).await;
                Ok((answer(table, skipped)?,))
            };
            Box::new(wait.instrument(call!("streams", "[method]input-stream.blocking-skip")))
        },
    )
}

/// The same resource once more: functions take their arguments away.
fn borrowed<T: 'static>(resource: &Resource<T>) -> Resource<T> {
    Resource::new_borrow(resource.rep())
}

/// A stream's answer as the guest gets it.
fn answer<R>(
    table: &mut ResourceTable,
    result: StreamResult<R>,
) -> Result<std::result::Result<R, StreamError>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(table.convert_stream_error(error)?)),
    }
}

impl Supervision {
    /// Notes which function the guest is in.
    fn is_in(&self, function: &str) {
        self.control
            .set_host_call(Some(HostCallName::Found(function.into())));
    }

    /// Waits until a stream has something to say.
    async fn until_readable(
        &self,
        store: &mut StoreContextMut<'_, ComponentState>,
        stream: &Resource<InputStream>,
    ) -> Result<()> {
        self.until(store, |table| {
            // A closure that is called anew owns nothing of what it lends.
            let stream = borrowed(stream);
            Box::pin(async move {
                table.get_mut(&stream)?.ready().await;
                Ok(())
            })
        })
        .await?
    }

    /// Waits, and whenever the guest is wanted, lets the supervisor look and waits anew. `wait` must
    /// have no effect before it is over.
    ///
    /// # Errors
    /// When the guest is to end.
    async fn until<R>(
        &self,
        store: &mut StoreContextMut<'_, ComponentState>,
        wait: impl for<'t> Fn(&'t mut ResourceTable) -> Waiting<'t, R>,
    ) -> Result<R> {
        loop {
            let waited = {
                let mut wait = pin!(wait(&mut store.data_mut().table));
                poll_fn(|context| match wait.as_mut().poll(context) {
                    Poll::Ready(result) => Poll::Ready(Some(result)),
                    Poll::Pending if self.control.is_wanted() => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                })
                .await
            };
            if let Some(result) = waited {
                return Ok(result);
            }
            let why = Interruption::Interrupted;
            match self.tell(store.as_context_mut(), why, Innermost::Call) {
                Resume::Continue => {}
                Resume::Kill => return Err(Error::msg("the guest was ended by its debugger")),
            }
        }
    }
}
